/**
 * The entry `jotgate/introspection`: tokens that are no JWTs (RFC 7662), for the option `introspection` of `createGate`.
 *
 * @packageDocumentation
 */
export type { Introspection } from './gate/introspection.js'
export { IntrospectionUnavailable } from './introspection/failure.js'
export { introspection, type IntrospectionOptions } from './introspection/introspection.js'

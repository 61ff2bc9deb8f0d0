/**
 * The entry `jotgate/jose`: jose's verification half over jotgate's core.
 *
 * @packageDocumentation
 */
export * from './jose/jose.js'

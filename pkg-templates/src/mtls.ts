/**
 * The entry `jotgate/mtls`: tokens that are bound to a client certificate (RFC 8705 §3), for the option `proof` of `createGate`.
 *
 * @packageDocumentation
 */
export { mtls, type MtlsOptions } from './proof/mtls.js'
export type { ProofOfPossession } from './gate/proof.js'

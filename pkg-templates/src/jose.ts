/**
 * The entry `jotgate/jose`: the functions of jose that verify, on jotgate's core. Change the import and keep the code. Options, results,
 * error classes, codes and members are jose's. Some tokens and keys that jose accepts are refused: `docs/jose.md` lists each difference.
 *
 * @packageDocumentation
 */
export { decodeJwt, decodeProtectedHeader } from './decode/decode.js'
export * as errors from './jose/errors.js'
export { EmbeddedJWK, importJWK, importSPKI, importX509 } from './jose/import_keys.js'
export {
  createRemoteJWKSet,
  customFetch,
  type ExportedJWKSCache,
  type FetchImplementation,
  jwksCache,
  type JWKSCacheInput,
  type RemoteJWKSet,
  type RemoteJWKSetOptions,
} from './jose/key_sets.js'
export { createLocalJWKSet, type LocalJWKSet } from './jose/local_key_set.js'
export { calculateJwkThumbprint, calculateJwkThumbprintUri } from './jose/thumbprint.js'
export type * from './jose/types.js'
export { compactVerify, jwtVerify } from './jose/verify.js'

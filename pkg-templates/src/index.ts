/**
 * Strict verification of JSON Web Tokens, the same in every JavaScript runtime: the arithmetic and the verdict are one
 * Rust core in WebAssembly.
 *
 * - {@link Verifier} verifies tokens, {@link createGate} guards an API with them.
 * - {@link KeySet} and {@link RemoteKeySet} hold keys.
 * - {@link decodeJwt} and {@link decodeProtectedHeader} read a token without verifying anything.
 * - The error classes bear jose's names and codes; each error also carries `refusal`, the exact reason.
 *
 * @packageDocumentation
 */
export { decodeJwt, decodeProtectedHeader, type UnverifiedHeader } from './decode.js'
export type { CredentialOptions } from './credentials.js'
export type { Duration } from './duration.js'
export type { Keys } from './engine.js'
export {
  type ClaimFailure,
  JOSEAlgNotAllowed,
  JOSEError,
  JOSENotSupported,
  JWKInvalid,
  JWKSInvalid,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWKSTimeout,
  JWKSUnavailable,
  JWSInvalid,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
  JWTInvalid,
} from './errors.js'
export {
  type Authorize,
  createGate,
  type Denied,
  type Gate,
  type GateNeeds,
  type GateOptions,
  type IssuersGateOptions,
  type MaybePromise,
  type Passed,
  type Preflight,
} from './gate.js'
export type { ImportedKey, KeyDescription } from './imported_key.js'
export type { IssuerOptions } from './issuers.js'
export { type DroppedMembers, KeySet, type KeySetMember, type SkippedMember } from './key_set.js'
export type { PolicyOptions } from './options.js'
export { ready, type ReadyOptions } from './ready.js'
export {
  type ExportedKeySet,
  type HeaderFields,
  RemoteKeySet,
  type RemoteKeySetOptions,
  type WaitUntil,
} from './remote_key_set.js'
export type { NodeRequest, RequestLike, StandardRequest } from './request.js'
export type { TokenCacheOptions } from './token_cache.js'
export type { Algorithm, JSONWebKeySet, JWK, JWTPayload, ProtectedHeader } from './types.js'
export { type IssuersVerifierOptions, type Verified, Verifier, type VerifierOptions } from './verifier.js'

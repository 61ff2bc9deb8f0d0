/**
 * Verifies JSON Web Tokens strictly, with the same verdict in every JavaScript runtime: one Rust core in WebAssembly computes it.
 *
 * - {@link Verifier} verifies tokens, {@link createGate} guards an API with them.
 * - {@link KeySet} and {@link RemoteKeySet} hold keys.
 * - {@link decodeJwt} and {@link decodeProtectedHeader} read a token without verifying anything.
 * - The error classes have jose's names and codes. Each error also has `refusal`, the exact reason.
 *
 * @packageDocumentation
 */
export { decodeJwt, decodeProtectedHeader, type UnverifiedHeader } from './decode/decode.js'
export type { CorsOptions, NodeFields } from './gate/cors.js'
export type { CredentialOptions } from './gate/credentials.js'
export type { Introspection } from './gate/introspection.js'
export type { ResourceOptions } from './gate/metadata.js'
export type { ProofOfPossession } from './gate/proof.js'
export type { ClientOptions } from './gate/client.js'
export type { RightsOptions } from './gate/rights.js'
export type { IssuerTemplate } from './gate/tenants.js'
export type { Duration } from './base/duration.js'
export * from './base/errors.js'
export type { RefusalCode } from './base/refusal_codes.js'
export { createGate } from './gate/gate.js'
export type {
  Anonymous,
  AnonymousRule,
  Authorize,
  Decision,
  Denied,
  Gate,
  GateNeeds,
  GateOptions,
  GateSettings,
  IssuersGateOptions,
  MaybePromise,
  OnDecision,
  OptionalNeeds,
  Passed,
  Preflight,
  RuleAnswer,
} from './gate/types.js'
export type { ImportedKey, KeyDescription } from './keys/imported_key.js'
export type { IssuerOptions } from './verify/issuers.js'
export { JWKSMultipleMatchingKeys } from './keys/multiple_matching_keys.js'
export { type DroppedMembers, KeySet, type KeySetMember, type SkippedMember } from './keys/key_set.js'
export { ready, type ReadyOptions } from './wasm/ready.js'
export { type ExportedKeySet, type KeysEvent, RemoteKeySet, type RemoteKeySetOptions, type WaitUntil } from './remote/remote_key_set.js'
export type { NodeRequest, RequestLike, StandardRequest } from './gate/request.js'
export type { Algorithm, JSONWebKeySet, JWK, JWTPayload, ProtectedHeader } from './base/types.js'
export type { Verified } from './verify/base_verifier.js'
export { type IssuersVerifierOptions, Verifier, type VerifierOptions } from './verify/verifier.js'
export type { HeaderFields } from './base/types.js'
export type { Keys } from './verify/keys_option.js'
export type { PolicyOptions, TokenCacheOptions } from './verify/policy.js'
export type { TokenStatus } from './verify/status.js'

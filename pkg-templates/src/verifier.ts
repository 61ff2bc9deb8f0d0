/**
 * The entry `jotgate/verifier`: a verifier for keys that the program already has. Everything else is an optional part, such as
 * `remoteKeys()`. A bundle contains only the parts that the program imports.
 *
 * @packageDocumentation
 */
export * from './base/errors.js'
export type { Duration } from './base/duration.js'
export type { RefusalCode } from './base/refusal_codes.js'
export type { Algorithm, HeaderFields, JSONWebKeySet, JWK, JWTPayload, ProtectedHeader } from './base/types.js'
export type { ImportedKey, KeyDescription } from './keys/imported_key.js'
export { type DroppedMembers, KeySet, type KeySetMember, type SkippedMember } from './keys/key_set.js'
export { type ExportedKeySet, type KeysEvent, RemoteKeySet, type RemoteKeySetOptions, type WaitUntil } from './remote/remote_key_set.js'
export type { Verified } from './verify/base_verifier.js'
export { hostRsa } from './verify/host_questions.js'
export { type IssuerOptions, issuers } from './verify/issuers.js'
export type { Keys } from './verify/keys_option.js'
export type { Part, PartName } from './verify/parts.js'
export type { PolicyOptions, TokenCacheOptions } from './verify/policy.js'
export { remoteKeys } from './verify/remote_verifier.js'
export { tokenCache } from './verify/token_cache.js'
export { Verifier, type VerifierOptions } from './verify/verifier_of_parts.js'
export { ready, type ReadyOptions } from './wasm/ready.js'

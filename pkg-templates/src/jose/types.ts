/** The types that code written for jose uses. */
import type { Duration } from '../base/duration.js'
import type { ImportedKey } from '../keys/imported_key.js'
import type { JWK, JWTPayload } from '../base/types.js'

/** The members of a `CryptoKey` that are read. It must be public or secret, and extractable. */
export interface CryptoKey {
  readonly algorithm: { readonly name: string }
  readonly extractable: boolean
  readonly type: string
  readonly usages: string[]
}

/** The members of a `KeyObject` of `node:crypto` that are read. */
export interface KeyObject {
  readonly type: string
  export(options?: never): unknown
}

/** The forms of a key. */
export type KeyInput = ImportedKey | JWK | Uint8Array | CryptoKey | KeyObject

/** The parameters of a JWS header. */
export interface JWSHeaderParameters {
  /** The algorithm (RFC 7515 §4.1.1). */
  alg?: string
  /** Whether the payload is encoded (RFC 7797 §3); only `true` is accepted. */
  b64?: boolean
  /** Header parameters that must be understood (RFC 7515 §4.1.11). */
  crit?: string[]
  /** The key's identifier (RFC 7515 §4.1.4). */
  kid?: string
  /** The type (RFC 7515 §4.1.9). */
  typ?: string
  /** The payload's type (RFC 7515 §4.1.10). */
  cty?: string
  /** Any other parameter. */
  [parameter: string]: unknown
}

/** The header of a compact JWS. */
export interface CompactJWSHeaderParameters extends JWSHeaderParameters {
  alg: string
}

/** The header of a JWT. */
export interface JWTHeaderParameters extends CompactJWSHeaderParameters {
  b64?: true
}

/** The parts of a token for a `getKey` function. They are not verified. */
export interface FlattenedJWSInput {
  /** The unprotected header; a compact token has none. */
  header?: JWSHeaderParameters
  /** The payload, base64url. */
  payload: string | Uint8Array
  /** The protected header, base64url. */
  protected?: string
  /** The signature, base64url. */
  signature: string
}

/** Finds the key for a token that is not verified yet. Throws if no key fits. */
export type GetKeyFunction<Header, Token, Key extends KeyInput = KeyInput> = (
  protectedHeader: Header,
  token: Token,
) => Promise<Key> | Key

/** Finds the key for {@link jwtVerify}. */
export type JWTVerifyGetKey<Key extends KeyInput = KeyInput> = GetKeyFunction<
  CompactJWSHeaderParameters,
  FlattenedJWSInput,
  Key
>

/** Finds the key for {@link compactVerify}. */
export type CompactVerifyGetKey<Key extends KeyInput = KeyInput> = GetKeyFunction<
  CompactJWSHeaderParameters,
  FlattenedJWSInput,
  Key
>

/** The option `crit`. */
export interface CritOption {
  /** The header parameters that your code understands when `crit` names them, as the keys of an object. */
  crit?: { [parameter: string]: boolean }
}

/** Options of {@link compactVerify}. */
export interface VerifyOptions extends CritOption {
  /** The accepted algorithms. Default: those that the key allows. */
  algorithms?: string[]
  /** The longest accepted token, in bytes. jose has no such option. Default: 16,384. */
  maxTokenLength?: number
}

/** The options for claims. */
export interface JWTClaimVerificationOptions {
  /** `aud` is required and must contain one of these. */
  audience?: string | string[]
  /** The accepted clock difference: seconds, or text such as `5 seconds`, at most a day. */
  clockTolerance?: Duration
  /** `iss` is required and must be one of these. */
  issuer?: string | string[]
  /** The greatest age of the token since its `iat`: seconds, or text such as `2 hours`, at most ten years. */
  maxTokenAge?: Duration
  /** The value that `sub` must have. */
  subject?: string
  /** The value that the header's `typ` must have. */
  typ?: string
  /** The time to compare with, instead of the runtime's clock. A time in 1970 is rejected, except 0. */
  currentDate?: Date
  /** Required claims. */
  requiredClaims?: string[]
}

/** Options of {@link jwtVerify}. */
export interface JWTVerifyOptions extends VerifyOptions, JWTClaimVerificationOptions {}

/** The result of {@link jwtVerify}. */
export interface JWTVerifyResult<Claims = JWTPayload> {
  /** The claims. */
  payload: Claims & JWTPayload
  /** The header. */
  protectedHeader: JWTHeaderParameters
}

/** The result of {@link compactVerify}. */
export interface CompactVerifyResult {
  /** The payload's bytes. */
  payload: Uint8Array
  /** The header. */
  protectedHeader: CompactJWSHeaderParameters
}

/** The additional members of a result if a function found the key. */
export interface ResolvedKey {
  /** The key that verified the token. */
  key: ImportedKey | Uint8Array | CryptoKey
}

/** The opaque key that {@link importJWK} and {@link importSPKI} return. */
export type { ImportedKey } from '../keys/imported_key.js'
export type { JSONWebKeySet, JWK, JWTPayload } from '../base/types.js'

/** The types that code written for jose names; the shapes are jose's, the words are ours. */
import type { Duration } from '../base/duration.js'
import type { ImportedKey } from '../keys/imported_key.js'
import type { JWK, JWTPayload } from '../base/types.js'

/** A `CryptoKey` of Web Cryptography, by what is read of it: it must be public or secret, and extractable. */
export interface CryptoKey {
  readonly algorithm: { readonly name: string }
  readonly extractable: boolean
  readonly type: string
  readonly usages: string[]
}

/** A `KeyObject` of `node:crypto`, by what is read of it. */
export interface KeyObject {
  readonly type: string
  export(options?: never): unknown
}

/** What can be given as a key. */
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

/** The parts of a token as a `getKey` function sees them; nothing of it is verified. */
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

/** Finds the key for a token that is not verified yet; throws if there is none. */
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
  /** The algorithms accepted. Default: those that the key allows. */
  algorithms?: string[]
  /** The longest token accepted, in bytes; jose has no such option. Default: 16,384. */
  maxTokenLength?: number
}

/** What the claims must be. */
export interface JWTClaimVerificationOptions {
  /** One of these must be in `aud`, which must be there. */
  audience?: string | string[]
  /** By how much the clocks may differ: seconds, or text such as `5 seconds`; at most a day. */
  clockTolerance?: Duration
  /** One of these must be `iss`, which must be there. */
  issuer?: string | string[]
  /** How old the token may be by its `iat`: seconds, or text such as `2 hours`. */
  maxTokenAge?: Duration
  /** What `sub` must be. */
  subject?: string
  /** What the header's `typ` must be. */
  typ?: string
  /** The time to compare with instead of the clock's. */
  currentDate?: Date
  /** Claims that must be there. */
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

/** What a result also holds when a function found the key. */
export interface ResolvedKey {
  /** The key that verified the token. */
  key: ImportedKey | Uint8Array | CryptoKey
}

/** What {@link importJWK} and {@link importSPKI} give: an opaque key. */
export type { ImportedKey } from '../keys/imported_key.js'
export type { JSONWebKeySet, JWK, JWTPayload } from '../base/types.js'

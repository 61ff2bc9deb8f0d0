/** The types of claims, headers and keys. */

/** A signature algorithm that jotgate verifies (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

/** The claims of a token (RFC 7519 §4). Times are seconds since 1970-01-01T00:00:00Z. */
export interface JWTPayload {
  /** The issuer of the token (RFC 7519 §4.1.1). */
  iss?: string
  /** The subject of the token (RFC 7519 §4.1.2). */
  sub?: string
  /** The audiences of the token (RFC 7519 §4.1.3). */
  aud?: string | string[]
  /** The token's identifier (RFC 7519 §4.1.7). */
  jti?: string
  /** The time from which the token is valid, in seconds (RFC 7519 §4.1.5). */
  nbf?: number
  /** The time at which the token expires, in seconds (RFC 7519 §4.1.4). */
  exp?: number
  /** The time at which the token was issued, in seconds (RFC 7519 §4.1.6). */
  iat?: number
  /** Any other claim. */
  [claim: string]: unknown
}

/** The header of a token (RFC 7515 §4.1). */
export interface ProtectedHeader {
  /** The algorithm that signed the token (RFC 7515 §4.1.1). */
  alg: Algorithm
  /** The identifier of the key that signed the token (RFC 7515 §4.1.4). */
  kid?: string
  /** The media type of the token (RFC 7515 §4.1.9). */
  typ?: string
  /** The media type of the payload (RFC 7515 §4.1.10). */
  cty?: string
  /** Header parameters that must be understood (RFC 7515 §4.1.11). */
  crit?: string[]
  /** Any other header parameter. */
  [parameter: string]: unknown
}

/** A JSON Web Key (RFC 7517 §4). Only the public members, or `k` of a secret, are read. */
export interface JWK {
  /** The key's type: `RSA`, `EC`, `OKP` or `oct` (RFC 7518 §6.1, RFC 8037 §2). */
  kty?: string
  /** The one algorithm that the key is for (RFC 7517 §4.4). */
  alg?: string
  /** `sig` for keys that verify (RFC 7517 §4.2). */
  use?: string
  /** The operations of the key; must contain `verify` (RFC 7517 §4.3). */
  key_ops?: string[]
  /** The key's identifier (RFC 7517 §4.5). */
  kid?: string
  /** The curve of an `EC` or `OKP` key. */
  crv?: string
  /** The x coordinate of an `EC` key, or the public key of an `OKP` key, base64url. */
  x?: string
  /** The y coordinate of an `EC` key, base64url. */
  y?: string
  /** The modulus of an `RSA` key, base64url. */
  n?: string
  /** The public exponent of an `RSA` key, base64url. */
  e?: string
  /** The secret of an `oct` key, base64url. */
  k?: string
  /** Any other member; it is ignored. */
  [member: string]: unknown
}

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JSONWebKeySet {
  /** The keys. */
  keys: JWK[]
}

/** Header fields, in any form that `new Headers` takes. */
export type HeaderFields = Headers | Record<string, string> | [string, string][]

/** A member of a set that cannot be used. */
export interface SkippedMember {
  /** Its index in `keys`. */
  readonly index: number
  /** Its identifier, if it has a readable one. */
  readonly kid?: string
  /** The stable code of the reason. */
  readonly code: string
  /** The reason, for people. */
  readonly message: string
}

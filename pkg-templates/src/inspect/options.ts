/** The types of the options of `inspect`. */

/** The options of `inspect`. */
export interface InspectOptions {
  /** The keys to verify with: a JWK, a JWKS, PEM, a certificate, base64 of these, or a secret. They are tried in this order. */
  keys?: string | KeyText | readonly (string | KeyText)[]
  /** The rules for the token: the options of `Verifier`. */
  policy?: InspectPolicy
  /** The rights that the request needs: the needs of the gate. */
  needs?: InspectNeeds
  /** The time to evaluate at: a `Date`, or seconds since 1970-01-01T00:00:00Z. Default: the current time. */
  now?: number | Date
  /** The issuer's metadata (RFC 8414, OpenID Connect Discovery) as JSON text, to compare with `iss` and with the URL of the keys. */
  metadata?: string
  /** The request with which a DPoP proof was sent, if the pasted text does not contain it. */
  request?: InspectRequest
}

/** The text of one or more keys, and their source. */
export interface KeyText {
  /** A JWK, a JWKS, PEM, a certificate, base64 of these, or a secret. */
  text: string
  /**
   * `entered` by the user; `fetched` from `url`; `earlier` for a set that the issuer published before. An earlier set explains a refusal
   * and never verifies. Default: `entered`.
   */
  from?: 'entered' | 'fetched' | 'earlier'
  /** The URL of a fetched set. */
  url?: string
}

/** The rules for the token. The names are those of `Verifier`'s options. Durations are seconds. */
export interface InspectPolicy {
  /** The accepted algorithms. Default: those that the key allows. */
  algorithms?: readonly string[]
  /** The accepted issuers. */
  issuer?: string | readonly string[]
  /** The accepted audiences. */
  audience?: string | readonly string[]
  /** The value that `sub` must have. */
  subject?: string
  /** The accepted types. */
  typ?: string | readonly string[]
  /** Whether a token without `typ` passes although `typ` is given. Default: `false`. */
  typOptional?: boolean
  /** The required claims. */
  requiredClaims?: readonly string[]
  /** Whether `exp` is required. Default: `true`. */
  requireExp?: boolean
  /** The accepted clock difference, in seconds. Default: 0. */
  clockTolerance?: number
  /** The greatest age of a token since `iat`, in seconds. */
  maxTokenAge?: number
  /** The header parameters that your code understands when `crit` names them. */
  crit?: readonly string[]
  /** The longest accepted token, in bytes. Default: 16,384. */
  maxTokenLength?: number
  /** The shortest accepted secret, in bytes. Default: the length of the algorithm's hash. */
  minSecretLength?: number
  /** Whether a token with `cnf` is refused, as the gate does without a proof. Default: `false`. */
  refuseBound?: boolean
}

/** The rights that a request needs. The names are those of the gate's needs. */
export interface InspectNeeds {
  /** The required scopes, all of them. */
  scopes?: readonly string[]
  /** Alternative scopes: one of them is required. */
  anyScope?: readonly string[]
  /** The required permissions, all of them. */
  permissions?: readonly string[]
  /** Alternative permissions: one of them is required. */
  anyPermission?: readonly string[]
  /** The required roles, all of them. */
  roles?: readonly string[]
  /** Alternative roles: one of them is required. */
  anyRole?: readonly string[]
}

/** The request that a DPoP proof belongs to. */
export interface InspectRequest {
  /** The HTTP method, such as `POST`. */
  method?: string
  /** The absolute URL. */
  url?: string
  /** The access token that was sent with the proof. */
  token?: string
}

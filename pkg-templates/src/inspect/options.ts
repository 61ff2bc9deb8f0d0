/** What `inspect` takes. Every time is in seconds since 1970-01-01T00:00:00Z. */

/** What `inspect` takes beside the pasted text. */
export interface InspectOptions {
  /** The keys to verify with: a JWK, a JWKS, PEM, a certificate, base64 of these, or a secret. Each is tried in its order. */
  keys?: string | KeyText | readonly (string | KeyText)[]
  /** What a token must be: the options of `Verifier`. */
  policy?: InspectPolicy
  /** What the request needs: the needs of the gate. */
  needs?: InspectNeeds
  /** The time to evaluate at: a `Date`, or seconds since 1970-01-01T00:00:00Z. Default: the clock's. */
  now?: number | Date
  /** The issuer's metadata (RFC 8414, OpenID Connect Discovery) as JSON text, to compare with `iss` and with where the keys come from. */
  metadata?: string
  /** The request that a DPoP proof was sent with, where the pasted text does not contain it. */
  request?: InspectRequest
}

/** The text of one or more keys and where they come from. */
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

/** What a token must be. The names are those of `Verifier`'s options. Durations are seconds. */
export interface InspectPolicy {
  /** The algorithms accepted. Default: those that the key allows. */
  algorithms?: readonly string[]
  /** The issuers accepted. */
  issuer?: string | readonly string[]
  /** The audiences accepted. */
  audience?: string | readonly string[]
  /** What `sub` must be. */
  subject?: string
  /** The types accepted. */
  typ?: string | readonly string[]
  /** Whether a token without `typ` passes although `typ` is given. Default: `false`. */
  typOptional?: boolean
  /** Claims that must be there. */
  requiredClaims?: readonly string[]
  /** Whether `exp` must be there. Default: `true`. */
  requireExp?: boolean
  /** By how many seconds the clocks may differ. Default: 0. */
  clockTolerance?: number
  /** How many seconds old a token may be, counted from `iat`. */
  maxTokenAge?: number
  /** The header parameters that your code understands when `crit` names them. */
  crit?: readonly string[]
  /** The longest token accepted, in bytes. Default: 16,384. */
  maxTokenLength?: number
  /** The shortest secret accepted, in bytes. Default: the length of the algorithm's hash. */
  minSecretLength?: number
  /** Whether a token with `cnf` is refused, as the gate does without a proof. Default: `false`. */
  refuseBound?: boolean
}

/** What a request needs, as the gate takes it. */
export interface InspectNeeds {
  /** Scopes, all of them needed. */
  scopes?: readonly string[]
  /** Scopes, one of them enough. */
  anyScope?: readonly string[]
  /** Permissions, all of them needed. */
  permissions?: readonly string[]
  /** Permissions, one of them enough. */
  anyPermission?: readonly string[]
  /** Roles, all of them needed. */
  roles?: readonly string[]
  /** Roles, one of them enough. */
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

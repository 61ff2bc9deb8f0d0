/** The error class of `jotgate/login`, and the table of its codes. */

/** Each code with its message. The message says what is wrong and what to do. */
export const LOGIN_ERRORS = {
  // The page
  crypto_unavailable: 'this page has no WebCrypto: serve it over https or from localhost',
  storage_unavailable: '`sessionStorage` is not available: allow site data',
  // The issuer's metadata (RFC 8414, OpenID Connect Discovery)
  metadata_unavailable: "the issuer's metadata cannot be loaded: check `issuer` and its CORS headers",
  metadata_issuer_mismatch: 'the metadata contains another issuer: `issuer` must be identical to it',
  metadata_invalid: 'the metadata has no usable endpoints',
  pkce_unsupported: 'the metadata does not list the PKCE method S256: enable it at the issuer',
  // The redirect back (RFC 6749 §4.1.2, RFC 9207)
  state_unknown: 'this tab has no pending login with this `state`: start again',
  iss_missing: 'the redirect has no `iss`, which the issuer announces: start again',
  iss_mismatch: 'the redirect comes from another issuer: start again',
  login_refused: 'the issuer refused the login: see `issuerError`',
  code_missing: 'the redirect has no `code`: start again',
  // The token endpoint (RFC 6749 §5)
  token_unavailable: 'the token endpoint is not available: try again later',
  token_refused: 'the token endpoint refused the request: see `issuerError`',
  token_invalid: 'the response has no bearer token',
  // The ID token (OpenID Connect Core §3.1.3.7, §12.2)
  id_token_missing: 'the response has no ID token',
  id_token_malformed: 'the ID token cannot be decoded',
  id_token_invalid: 'a claim of the ID token is not acceptable: see `claim`',
} as const

/** The stable code of a {@link LoginError}. */
export type LoginErrorCode = keyof typeof LOGIN_ERRORS

/** A login, a renewal or a logout that failed. The message never contains a token, a code or a verifier. */
export class LoginError extends Error {
  override name = 'LoginError'
  /** The stable code: `state_unknown`, `iss_mismatch`, `token_refused`, … */
  readonly code: LoginErrorCode
  /** The issuer's `error`, for example `access_denied` or `invalid_grant` (RFC 6749 §4.1.2.1 and §5.2). */
  declare readonly issuerError?: string
  /** The ID token's claim that failed: `iss`, `aud`, `azp`, `nonce`, `exp` (often this device's clock) or `sub`. */
  declare readonly claim?: string
  /** Starts a new login with the same `returnTo`. Present if a new login can help: bind it to a button. */
  declare start?: () => Promise<void>

  /**
   * @param code - a code of the table above
   * @param facts - `cause`, and the members of this class that are known
   */
  constructor(code: LoginErrorCode, facts: { cause?: unknown; issuerError?: string | undefined; claim?: string } = {}) {
    super(LOGIN_ERRORS[code])
    this.code = code
    Object.assign(this, facts)
  }
}

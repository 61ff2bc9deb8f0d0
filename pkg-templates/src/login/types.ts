/** The public types of `jotgate/login`. */
import type { JWTPayload } from '../base/types.js'

/** The options of {@link createLogin}. */
export interface LoginOptions {
  /**
   * The issuer's address, exactly as in its metadata. `https`, or `http` on a loopback address. Its metadata is
   * read from `/.well-known/openid-configuration`, then from `/.well-known/oauth-authorization-server` (RFC 8414 §3).
   */
  issuer: string
  /** The client identifier of this app at the issuer: a public client, without a secret (RFC 6749 §2.1). */
  clientId: string
  /** The absolute address of this app to which the issuer redirects. It must be registered at the issuer. */
  redirectUri: string
  /**
   * The scopes to request, by default `['openid']`. `openid` asks for an ID token, which names the person. Many issuers
   * give a refresh token only with `offline_access`.
   */
  scopes?: readonly string[]
  /** The APIs that the access token is for, as absolute URIs (RFC 8707). */
  resource?: string | readonly string[]
  /**
   * `'memory'` (the default) keeps all tokens in memory: a reload logs in again through the issuer's session, unless
   * another tab of this app shares its tokens. `'session'` also keeps the access token in `sessionStorage`, which survives
   * a reload. Refresh and ID tokens stay in memory in both cases.
   */
  storage?: 'memory' | 'session'
  /** Called when the tokens change, in this tab or in another one. */
  onChange?: (change: LoginChange) => void
}

/** The argument of {@link LoginOptions.onChange}. */
export interface LoginChange {
  /**
   * `login` and `renewal`: there are new tokens. `logout`: the user logged out, here or in another tab. `expired`: the
   * tokens ended and could not be renewed; call `start()`.
   */
  readonly reason: 'login' | 'renewal' | 'logout' | 'expired'
  /** The new tokens; `undefined` after `logout` and `expired`. */
  readonly tokens: Tokens | undefined
}

/** The tokens of the person who is logged in. */
export interface Tokens {
  /** The access token. Send it as `Authorization: Bearer …`, and only to your API. */
  readonly accessToken: string
  /** The time at which the access token expires, in seconds since 1970. `undefined` if the issuer does not send it. */
  readonly expiresAt: number | undefined
  /** The scopes that the issuer granted. They are for display: the API decides. */
  readonly scopes: readonly string[]
  /** The ID token. `undefined` without the scope `openid`, and after a reload with `storage: 'session'`. */
  readonly idToken: string | undefined
  /** The checked claims of the ID token, which identify the person. `undefined` if `idToken` is `undefined`. */
  readonly claims: IdTokenClaims | undefined
}

/** The tokens of a finished login. */
export interface FinishedLogin extends Tokens {
  /** The absolute, same-origin URL that was passed to `start()`; show that page next. */
  readonly returnTo: string
}

/** The claims of an ID token (OpenID Connect Core §2). */
export interface IdTokenClaims extends JWTPayload {
  /** The issuer. */
  iss: string
  /** The person, unique at this issuer. */
  sub: string
  /** The client identifiers that the token is for. */
  aud: string | string[]
  /** The time at which the ID token expires, in seconds since 1970. */
  exp: number
  /** The time at which it was issued, in seconds since 1970. */
  iat: number
  /** The value that ties the token to one login. */
  nonce?: string
  /** The client that requested the token. */
  azp?: string
}

/** The options of `start()`. */
export interface StartOptions {
  /** The page to show after the login: a URL of the same origin. By default the current page. */
  returnTo?: string
  /**
   * Further parameters of the authorization request, for example `{ prompt: 'consent' }` or `{ login_hint: 'ada' }`
   * (OpenID Connect Core §3.1.2.1). Parameters that this module sets itself are rejected.
   */
  parameters?: Readonly<Record<string, string>>
}

/** The options of `tokens()`. */
export interface TokensOptions {
  /** The access token that the API rejected with 401. It is renewed even if it seems valid, unless there already is a newer one. */
  rejected?: string
}

/** The options of `logout()`. */
export interface LogoutOptions {
  /** Where the issuer redirects afterwards. It must be registered there (OpenID Connect RP-Initiated Logout §3). */
  returnTo?: string
}

/** A login for one issuer and one client. */
export interface Login {
  /**
   * Sends the browser to the issuer. The promise resolves when the navigation has begun.
   *
   * @throws {@link LoginError} `metadata_…`, `pkce_unsupported`, `crypto_unavailable` or `storage_unavailable`
   * @throws `TypeError` if `returnTo` or `redirectUri` is of another origin
   */
  start(options?: StartOptions): Promise<void>
  /**
   * Finishes the login on the page of `redirectUri`. Removes `code` and `state` from the address bar at once. A second call with
   * the same `state` returns the same outcome, so React's StrictMode may run the effect twice.
   *
   * @param url - the address that the issuer redirected to; by default the current one
   * @throws {@link LoginError}; its `start()` begins a new login
   */
  finish(url?: string | URL): Promise<FinishedLogin>
  /**
   * Returns the current tokens. Renews them first if the access token is about to expire. Returns `undefined` if the person is not logged in:
   * then call `start()`. Call this function before each request. It is fast unless it renews.
   *
   * @throws {@link LoginError} `token_…`, `metadata_…` or `id_token_…` if the token has expired and the renewal failed
   */
  tokens(options?: TokensOptions): Promise<Tokens | undefined>
  /**
   * Forgets the tokens in every tab, revokes them (RFC 7009) and sends the browser to the issuer's
   * `end_session_endpoint`, if it has one. Call it from a click.
   */
  logout(options?: LogoutOptions): Promise<void>
}

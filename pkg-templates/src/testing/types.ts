/** The types of `jotgate/testing`. */
import type { Duration } from '../base/duration.js'
import type { Algorithm, JSONWebKeySet } from '../base/types.js'

/** The options of `testIssuer`. */
export interface TestIssuerOptions {
  /** The issuer's identifier, an `http:` or `https:` URL. Default: `https://issuer.test`. */
  issuer?: string
  /** The algorithm that signs. Default: `ES256`. RSA keys take WebCrypto up to a second to make. */
  algorithm?: Algorithm
  /** The default `aud` of tokens. Without it, tokens have no `aud` unless they set one. */
  audience?: string | readonly string[]
  /** The time at which tokens are made. Default: the clock, read for each token, so that fake timers work. */
  currentDate?: Date
}

/** The options of one token. */
export interface TestTokenOptions {
  /** How long the token is valid, in seconds or as text such as `10 minutes`. Default: 5 minutes. */
  expiresIn?: Duration
  /** The claim `scope`: text, or a list that is joined by spaces (RFC 8693 §4.2). Default: no such claim. */
  scope?: string | readonly string[]
  /** The claim `aud`. Default: the `audience` of the issuer's options. */
  audience?: string | readonly string[]
  /** Members to add to the header, or to replace there. A member of `undefined` is left out. */
  header?: Readonly<Record<string, unknown>>
}

/** Claims of any names and types, right or wrong. */
export type TestClaims = Readonly<Record<string, unknown>>

/**
 * Makes a token.
 *
 * @param claims - claims to add, or to replace: the defaults are `iss`, `sub`, `client_id`, `aud`, `iat`, `exp` and `jti`
 *   (RFC 9068 §2.2). A claim of `undefined` is left out.
 * @throws `TypeError` that names the option that is unknown or invalid
 */
export type MakeToken = (claims?: TestClaims, options?: TestTokenOptions) => Promise<string>

/**
 * Makes tokens that must be refused. Each differs from the good token with the same arguments only in the way that its name says.
 */
export interface BadTokens {
  /** A token that expired an hour ago. */
  readonly expired: MakeToken
  /** A token that becomes valid in an hour (`nbf`). */
  readonly notYet: MakeToken
  /** A token for another audience. */
  readonly wrongAudience: MakeToken
  /** A token with another `iss`, signed by this issuer's key. */
  readonly wrongIssuer: MakeToken
  /** A token whose `sub` was changed after it was signed. */
  readonly tampered: MakeToken
  /** A token signed by a key that was never published, under the `kid` of the issuer's key. */
  readonly wrongKey: MakeToken
  /** A token signed by a key that was never published, under a `kid` that was never published. */
  readonly unknownKey: MakeToken
  /** A token without a signature, with `alg: none` (RFC 7519 §6). */
  readonly none: MakeToken
}

/** An issuer inside a test. Its functions need no `this`. */
export interface TestIssuer {
  /** Its identifier, the `iss` of its tokens. */
  readonly issuer: string
  /** The algorithm that signs. */
  readonly algorithm: Algorithm
  /** The current public keys. With an HMAC algorithm the set is empty. */
  readonly jwks: JSONWebKeySet
  /** The URL at which {@link fetch} serves {@link jwks}. */
  readonly jwksUri: string
  /** The secret of an HMAC algorithm, for the option `keys`; `undefined` with other algorithms. */
  readonly secret: Uint8Array | undefined
  /**
   * Serves the issuer's metadata (RFC 8414 and OpenID Connect Discovery) and its key set, without a network. Pass it as the
   * option `fetch`, or replace `globalThis.fetch` with it. Responds with 404 to other paths of the issuer's origin.
   *
   * @throws `TypeError` for a URL of another origin, as `fetch` does without a network
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Makes a good token. */
  readonly token: MakeToken
  /** Makes tokens that must be refused. */
  readonly bad: BadTokens
  /**
   * Returns the claim `status` for an index of the issuer's status list, from 0 to 99,999. {@link fetch} serves the list, which needs
   * `CompressionStream`.
   */
  statusAt(index: number): { readonly status_list: { readonly idx: number; readonly uri: string } }
  /** Sets the status at an index: 0 is VALID, 1 INVALID, 2 SUSPENDED. The `ttl` of the list is a second. */
  setStatus(index: number, status: number): void
  /** Makes a new key, which signs from then on. The old keys stay published, and their tokens stay good. */
  rotate(): Promise<void>
}

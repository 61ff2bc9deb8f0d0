/** Logs people in from a single-page app: authorization code with PKCE (RFC 6749, RFC 7636, RFC 9700). */
import { base64url } from '../base/bytes.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { LoginError } from './errors.js'
import { loadMetadata, type Metadata } from './metadata.js'
import { parseOptions, type Settings } from './options.js'
import { storePending, takePending, type PendingLogin } from './pending.js'
import { isDue, renewShared } from './renewal.js'
import { shareTokens } from './shared_tokens.js'
import { exchangeCode, revoke, type HeldTokens } from './token_endpoint.js'
import type { FinishedLogin, Login, LoginOptions, LogoutOptions, StartOptions, Tokens, TokensOptions } from './types.js'

/** A login that the issuer has answered. */
interface Finished {
  readonly held: HeldTokens
  readonly returnTo: string
}

/** The outcomes of this page's logins, so that a second `finish()` returns the outcome of the first. */
const outcomes = new Map<string, Promise<Finished>>()

/**
 * The parameters of the last redirect that this page finished. They are no longer in the address bar, so a second `finish()` without an
 * address uses these.
 */
let latest: URLSearchParams | undefined

/** The parameters of a redirect back (RFC 6749 §4.1.2, RFC 9207 §2, OpenID Connect Session Management §2). */
const REDIRECT_PARAMETERS = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']

/**
 * Creates a login for one issuer and one client. This function sends nothing and touches no storage, so it may be called at
 * module scope and on a server.
 *
 * @throws `TypeError` that names the invalid option
 *
 * @example
 * ```js
 * const login = createLogin({ issuer: 'https://issuer.example', clientId: 'app', redirectUri: 'https://app.example/callback' })
 * const tokens = await login.tokens()
 * if (tokens === undefined) await login.start()
 * ```
 */
export function createLogin(options: LoginOptions): Login {
  const settings = parseOptions(options)
  const shared = shareTokens(settings)
  let metadata: Promise<Metadata> | undefined
  let renewal: Promise<void> | undefined
  /** The pending or last `finish()`: `tokens()` waits for it. */
  let finishing: Promise<unknown> | undefined

  function issuerMetadata(): Promise<Metadata> {
    metadata ??= loadMetadata(settings.issuer).catch((thrown) => {
      metadata = undefined
      throw thrown
    })
    return metadata
  }

  async function start(options: StartOptions = {}): Promise<void> {
    const { returnTo = defaultReturn(settings), parameters = {} } = record(options)
    const back = ownUrl('returnTo', returnTo)
    ownUrl('redirectUri', settings.redirectUri)
    if (!globalThis.crypto?.subtle) throw new LoginError('crypto_unavailable')
    const [state, nonce, verifier] = [random(), random(), random()]
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    const request = new URL((await issuerMetadata()).authorization_endpoint)
    const own = {
      response_type: 'code',
      client_id: settings.clientId,
      redirect_uri: settings.redirectUri,
      scope: settings.scopes.join(' '),
      state,
      ...(settings.requestsIdToken && { nonce }),
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: 'S256',
    }
    for (const name of Object.keys(parameters)) {
      if (Object.hasOwn(own, name) || name === 'resource') throw optionError('parameters', `must not contain \`${name}\``)
    }
    for (const [name, value] of Object.entries({ ...parameters, ...own })) request.searchParams.set(name, value)
    for (const resource of settings.resources) request.searchParams.append('resource', resource)
    storePending(settings.name, state, { verifier, nonce, returnTo: back, startedAt: Date.now() })
    location.assign(request)
  }

  async function finish(url?: string | URL): Promise<FinishedLogin> {
    const here = new URL(url ?? location.href, location.href).searchParams
    const redirect = url === undefined && !here.has('state') && latest ? latest : (latest = here)
    const state = redirect.get('state') ?? ''
    const key = `${settings.name} ${state}`
    let returnTo: string | undefined
    try {
      cleanAddressBar(state)
      let outcome = outcomes.get(key)
      if (!outcome) {
        // Taken before the first `await`, so that a second call cannot take it again.
        const pending = takePending(settings.name, state)
        if (!pending) throw new LoginError('state_unknown')
        returnTo = pending.returnTo
        outcomes.set(key, (outcome = complete(pending, redirect)))
      }
      finishing = outcome
      const finished = await outcome
      await shared.open()
      shared.take(finished.held)
      return { ...finished.held.tokens, returnTo: finished.returnTo }
    } catch (thrown) {
      if (thrown instanceof LoginError) thrown.start ??= () => start(returnTo ? { returnTo } : undefined)
      throw thrown
    }
  }

  async function complete({ verifier, nonce, returnTo }: PendingLogin, redirect: URLSearchParams): Promise<Finished> {
    const metadata = await issuerMetadata()
    const [iss, error, code] = ['iss', 'error', 'code'].map((name) => redirect.get(name))
    if (iss === null) {
      if (metadata.authorization_response_iss_parameter_supported) throw new LoginError('iss_missing')
    } else if (iss !== settings.issuer) throw new LoginError('iss_mismatch')
    if (error !== null) throw new LoginError('login_refused', { issuerError: error })
    if (!code) throw new LoginError('code_missing')
    return { held: await exchangeCode(settings, metadata, { code, verifier, nonce }), returnTo }
  }

  async function tokens(options: TokensOptions = {}): Promise<Tokens | undefined> {
    const { rejected } = record(options)
    await finishing?.catch(() => {})
    await shared.open()
    const held = shared.held()
    if (held && isDue(held, rejected)) {
      renewal ??= renewShared(settings, shared, issuerMetadata, rejected).finally(() => (renewal = undefined))
      await renewal
    }
    return shared.held()?.tokens
  }

  async function logout(options: LogoutOptions = {}): Promise<void> {
    const { returnTo } = record(options)
    await shared.open()
    const held = shared.held()
    outcomes.clear()
    if (held !== undefined) {
      // Tokens are forgotten in all tabs before the request, because the issuer may be slow.
      shared.end('logout', held.login)
      await revoke(settings, await issuerMetadata(), held.refreshToken ?? held.tokens.accessToken)
    }
    const { end_session_endpoint } = await issuerMetadata()
    if (end_session_endpoint === undefined) return
    const request = new URL(end_session_endpoint)
    request.searchParams.set('client_id', settings.clientId)
    if (held?.tokens.idToken !== undefined) request.searchParams.set('id_token_hint', held.tokens.idToken)
    if (returnTo !== undefined) request.searchParams.set('post_logout_redirect_uri', new URL(returnTo, location.href).href)
    location.assign(request)
  }

  return { start, finish, tokens, logout }
}

/** Returns the current page. On the page of `redirectUri`, which has no content, returns its folder. */
function defaultReturn({ redirectUri }: Settings): string {
  const redirect = new URL(redirectUri)
  return location.pathname === redirect.pathname ? new URL('.', redirect).href : location.href
}

/** Returns the absolute URL. @throws `TypeError` if its origin or scheme differs from the page's: a `blob:` URL has the page's origin, too */
function ownUrl(option: string, text: string): string {
  const { href } = new URL(text, location.href)
  if (!href.startsWith(`${location.origin}/`)) throw optionError(option, 'must have the origin of this page')
  return href
}

/** Removes the issuer's parameters from the address bar and the history, so that no `Referer` contains the code. */
function cleanAddressBar(state: string): void {
  const url = new URL(location.href)
  if (url.searchParams.get('state') !== state) return
  for (const name of REDIRECT_PARAMETERS) url.searchParams.delete(name)
  history.replaceState(history.state, '', url)
}

/** Returns 32 random bytes as base64url: 43 characters, the shortest verifier that RFC 7636 §4.1 allows. */
function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

/** Sends requests to the issuer's token and revocation endpoints (RFC 6749 §4.1.3 and §6, RFC 7009). */
import { record } from '../base/record.js'
import { LoginError } from './errors.js'
import { checkIdToken } from './id_token.js'
import { request, type Metadata } from './metadata.js'
import type { Settings } from './options.js'
import type { Tokens } from './types.js'

/** The tokens of a login, with the members that are not public. */
export interface HeldTokens {
  readonly tokens: Tokens
  /** The login that they belong to; a renewal keeps it. */
  readonly login: string
  /** The time at which that login was finished, in milliseconds since 1970. */
  readonly since: number
  /** The number of renewals since then. */
  readonly renewals: number
  /** When to renew the access token, in milliseconds since 1970; `undefined` if only a rejection is a reason. */
  readonly renewAt: number | undefined
  readonly refreshToken: string | undefined
}

/** Exchanges a code for tokens. @throws {@link LoginError} `token_…` or `id_token_…` */
export async function exchangeCode(
  settings: Settings,
  metadata: Metadata,
  { code, verifier, nonce }: { code: string; verifier: string; nonce: string },
): Promise<HeldTokens> {
  const { redirectUri: redirect_uri } = settings
  const parameters = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier }
  return requestTokens(settings, metadata, parameters, nonce, undefined)
}

/** Renews tokens by their refresh token. @throws {@link LoginError} `token_…` or `id_token_…` */
export async function renew(
  settings: Settings,
  metadata: Metadata,
  refresh_token: string,
  held: HeldTokens,
): Promise<HeldTokens> {
  return requestTokens(settings, metadata, { grant_type: 'refresh_token', refresh_token }, undefined, held)
}

/** Revokes a token. The outcome does not matter: the token is forgotten here in any case. */
export async function revoke({ clientId }: Settings, { revocation_endpoint }: Metadata, token: string): Promise<void> {
  if (revocation_endpoint === undefined) return
  await request(revocation_endpoint, new URLSearchParams({ token, client_id: clientId })).catch(() => {})
}

async function requestTokens(
  settings: Settings,
  { token_endpoint }: Metadata,
  parameters: Record<string, string>,
  nonce: string | undefined,
  previous: HeldTokens | undefined,
): Promise<HeldTokens> {
  const body = new URLSearchParams({ ...parameters, client_id: settings.clientId })
  for (const resource of settings.resources) body.append('resource', resource)
  // The lifetime is counted from before the request, so that it is never overestimated.
  const now = Date.now()
  let response: Response
  let answer: Record<string, unknown>
  try {
    response = await request(token_endpoint, body)
    answer = record((await response.json()) as Record<string, unknown>)
  } catch (cause) {
    throw new LoginError('token_unavailable', { cause })
  }
  const { error, access_token, token_type, expires_in, scope, refresh_token, id_token } = answer
  if (!response.ok) {
    if (typeof error !== 'string') throw new LoginError('token_unavailable')
    throw new LoginError('token_refused', { issuerError: error })
  }
  // Other types, such as DPoP, need a proof in addition to the token.
  const isBearer = /^bearer$/i.test(`${token_type}`)
  if (typeof access_token !== 'string' || access_token === '' || !isBearer) throw new LoginError('token_invalid')
  const hasIdToken = typeof id_token === 'string'
  if (!hasIdToken && previous === undefined && settings.requestsIdToken) {
    throw new LoginError('id_token_missing')
  }
  const life = Number(expires_in) * 1000
  const before = previous?.tokens
  return {
    tokens: {
      accessToken: access_token,
      expiresAt: life > 0 ? Math.floor((now + life) / 1000) : undefined,
      // Without `scope`, the requested scopes apply (RFC 6749 §5.1), and after a renewal those before it (§6).
      scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : (before?.scopes ?? settings.scopes),
      idToken: hasIdToken ? id_token : before?.idToken,
      claims: hasIdToken ? checkIdToken(id_token, settings, nonce, before?.claims) : before?.claims,
    },
    refreshToken: typeof refresh_token === 'string' ? refresh_token : previous?.refreshToken,
    renewAt: life > 0 ? now + life - Math.min(MARGIN, life / 4) : undefined,
    login: previous?.login ?? crypto.randomUUID(),
    since: previous?.since ?? now,
    renewals: previous === undefined ? 0 : previous.renewals + 1,
  }
}

/** The time before its end at which an access token is renewed, in milliseconds. For short lifetimes it is a quarter of them. */
const MARGIN = 60_000

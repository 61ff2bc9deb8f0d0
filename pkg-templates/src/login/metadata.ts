/** Loads the issuer's metadata (RFC 8414, OpenID Connect Discovery 1.0). */
import { record } from '../base/record.js'
import { isTrustworthy } from '../base/url.js'
import { LoginError } from './errors.js'

/** The endpoints and facts that a login uses. */
export interface Metadata {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly end_session_endpoint?: string
  /** Whether redirects carry `iss` (RFC 9207 §3). */
  readonly authorization_response_iss_parameter_supported?: boolean
}

/** Sends a request to the issuer, without cookies and without redirects. */
export function request(url: string, body?: URLSearchParams): Promise<Response> {
  const post = body && { method: 'POST', body }
  const signal = AbortSignal.timeout(10_000)
  // `keepalive`: a revocation continues when the page navigates away.
  return fetch(url, record<RequestInit>({ ...post, credentials: 'omit', redirect: 'error', keepalive: true, signal }))
}

/** Loads and checks the metadata. @throws {@link LoginError} `metadata_…` or `pkce_unsupported` */
export async function loadMetadata(issuer: string): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  let cause: unknown
  // OpenID Connect appends its well-known path, RFC 8414 §3.1 inserts it before the issuer's own.
  for (const location of [`${path}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${path}`]) {
    try {
      const response = await request(origin + location)
      if (response.ok) return checked(record((await response.json()) as Record<string, unknown>), issuer)
      cause = new Error(`status ${response.status}`)
    } catch (thrown) {
      if (thrown instanceof LoginError) throw thrown
      cause = thrown
    }
  }
  throw new LoginError('metadata_unavailable', { cause })
}

function checked(metadata: Record<string, unknown>, issuer: string): Metadata {
  if (metadata.issuer !== issuer) throw new LoginError('metadata_issuer_mismatch')
  const { authorization_endpoint, token_endpoint, revocation_endpoint, end_session_endpoint } = metadata
  const optional = [revocation_endpoint, end_session_endpoint].map((endpoint) => endpoint ?? issuer)
  if (![authorization_endpoint, token_endpoint, ...optional].every(isTrustworthy)) throw new LoginError('metadata_invalid')
  const methods = metadata.code_challenge_methods_supported
  if (!Array.isArray(methods) || !methods.includes('S256')) throw new LoginError('pkce_unsupported')
  return metadata as unknown as Metadata
}

/** Finds the address of an issuer's key set (RFC 8414 §3, OpenID Connect Discovery 1.0 §4). */
import { type About, boundedFetch, invalid, located, type Question, unavailable } from './fetch_text.js'
import type { JOSEError } from '../base/errors.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { webUrl } from '../base/url.js'

const ABOUT: About = ['discovery', "the issuer's metadata"]

/** Checks an issuer's identifier (RFC 8414 §2). The text is not normalized, because it is compared exactly. */
export function issuerIdentifier(name: string, value: unknown): string {
  if (typeof value !== 'string') throw optionError(name, 'must be the text of a URL')
  const url = webUrl(value)
  // Issuers with other names exist, but their keys cannot be discovered.
  const instead = 'give the URL of its key set instead'
  if (url === undefined) throw optionError(name, `is not an absolute http: or https: URL without credentials: ${instead}`)
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(value)) {
    throw optionError(name, `must have neither a query nor a fragment: ${instead}`)
  }
  return value
}

/** The addresses where the metadata may be: OpenID's first, because it is the most common one, then those of RFC 8414. */
export function metadataAddresses(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  const addresses = [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    // RFC 8414 §5: the well-known part comes before the path.
    `${origin}/.well-known/openid-configuration${path}`,
  ]
  return [...new Set(addresses)]
}

/**
 * Finds the address of the issuer's key set. If an address has no metadata of exactly this issuer, the next one is tried. If the issuer
 * cannot be reached, no other address is tried. `named` is the issuer that the metadata must name.
 *
 * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}, the most specific one
 */
export async function discoverKeySet(
  issuer: string,
  ask: Pick<Question, 'headers' | 'fetch' | 'deadline'>,
  named = issuer,
): Promise<string> {
  let refusal: JOSEError | undefined
  for (const url of metadataAddresses(issuer)) {
    try {
      const { text = '' } = await boundedFetch(record({ ...ask, url, about: ABOUT }))
      return keySetAddress(named, text)
    } catch (thrown) {
      const error = located(thrown as JOSEError, url)
      if (error.refusal === 'discovery_timeout' || error.refusal === 'discovery_unreachable') throw error
      // `Retry-After`: the issuer must not be asked again now.
      if (Object.hasOwn(error, 'retryAfter')) throw error
      // Metadata of another issuer is a more specific error than missing metadata.
      if (refusal === undefined || refusal.refusal === 'discovery_status') refusal = error
    }
  }
  throw refusal ?? unavailable('discovery_status', `${ABOUT[1]} can't be found`)
}

/** A hint if only a final slash differs. Some providers write one, for example Auth0. */
function slashHint(issuer: string, named: unknown): string {
  if (named === `${issuer}/`) return ': only the `/` at its end is missing in `issuer`'
  if (issuer === `${String(named)}/`) return ': it has no `/` at its end, `issuer` has one'
  return ''
}

function keySetAddress(issuer: string, text: string): string {
  let metadata: unknown
  try {
    metadata = JSON.parse(text)
  } catch {
    throw invalid('discovery_malformed', `${ABOUT[1]} is not JSON`)
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw invalid('discovery_malformed', `${ABOUT[1]} is not a JSON object`)
  }
  const { issuer: named, jwks_uri: uri } = record(metadata as { issuer?: unknown; jwks_uri?: unknown })
  // RFC 8414 §3.3: identical, or it must not be used. No normalization: `/` at the end makes another issuer.
  if (named !== issuer) {
    const hint = slashHint(issuer, named)
    throw invalid('discovery_issuer_mismatch', `${ABOUT[1]} names another issuer${hint}`, { expected: issuer, found: named })
  }
  const url = typeof uri === 'string' ? webUrl(uri) : undefined
  if (url === undefined || url.hash !== '') throw invalid('discovery_jwks_uri', `${ABOUT[1]} names no key set`)
  if (url.protocol !== 'https:' && new URL(issuer).protocol === 'https:') {
    throw invalid('discovery_jwks_uri', `${ABOUT[1]} names a key set that is not fetched by https:`)
  }
  return url.href
}

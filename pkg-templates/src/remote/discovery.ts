/** Finds addresses by the metadata of an issuer (RFC 8414 §3, OpenID Connect Discovery 1.0 §4). */
import { type About, boundedFetch, invalid, located, type Question, unavailable } from './fetch_text.js'
import type { JOSEError } from '../base/errors.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { webUrl } from '../base/url.js'

const ABOUT: About = ['discovery', "the issuer's metadata"]
/** The time that an address is used before it is looked up again, in seconds. */
const LIFE = 86_400

/** A member of the metadata that contains an address, and its name in messages. */
export type Wanted = readonly [member: 'jwks_uri' | 'introspection_endpoint', name: string]

/** Finds one address of one issuer, and caches it for a day. */
export class Discovery {
  readonly #issuer: string
  readonly #wanted: Wanted
  readonly #named: string
  #found: { readonly url: string; readonly since: number } | undefined

  /** `named` is the issuer that the metadata must name. Default: the issuer itself. */
  constructor(issuer: string, wanted: Wanted, named = issuer) {
    this.#issuer = issuer
    this.#wanted = wanted
    this.#named = named
  }

  /**
   * Finds the address, at the time `now` in seconds.
   *
   * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}, the most specific one
   */
  async address(now: number, ask: Pick<Question, 'headers' | 'fetch' | 'deadline'>): Promise<string> {
    const known = this.#found
    if (known !== undefined && now >= known.since && now - known.since < LIFE) return known.url
    const url = await discover(this.#issuer, this.#wanted, this.#named, ask)
    this.#found = { url, since: now }
    return url
  }
}

/**
 * Checks an issuer's identifier (RFC 8414 §2). The text is not normalized, because it is compared exactly. Issuers without
 * metadata may have other identifiers: `instead` says in the message what to do for them.
 */
export function issuerIdentifier(name: string, value: unknown, instead = 'give the URL of its key set instead'): string {
  if (typeof value !== 'string') throw optionError(name, 'must be the text of a URL')
  const url = webUrl(value)
  if (url === undefined) throw optionError(name, `is not an absolute http: or https: URL without credentials: ${instead}`)
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(value)) {
    throw optionError(name, `must have neither a query nor a fragment: ${instead}`)
  }
  return value
}

/** Returns the addresses where the metadata may be: OpenID's first, because it is the most common one, then those of RFC 8414. */
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
 * Reads the metadata. If an address has no metadata of exactly this issuer, the next one is tried. If the issuer cannot be reached, no
 * other address is tried.
 */
async function discover(
  issuer: string,
  wanted: Wanted,
  named: string,
  ask: Pick<Question, 'headers' | 'fetch' | 'deadline'>,
): Promise<string> {
  let refusal: JOSEError | undefined
  for (const url of metadataAddresses(issuer)) {
    try {
      const { text = '' } = await boundedFetch(record({ ...ask, url, about: ABOUT }))
      return addressIn(text, wanted, named)
    } catch (thrown) {
      const error = located(thrown as JOSEError, url)
      if (error.refusal === 'discovery_timeout' || error.refusal === 'discovery_unreachable') throw error
      // `Retry-After`: no further request to this issuer now.
      if (Object.hasOwn(error, 'retryAfter')) throw error
      // Metadata of another issuer is a more specific error than missing metadata.
      if (refusal === undefined || refusal.refusal === 'discovery_status') refusal = error
    }
  }
  throw refusal ?? unavailable('discovery_status', `${ABOUT[1]} can't be found`)
}

/** Returns a hint if the two issuers differ only in a trailing slash. Some providers, such as Auth0, write one. */
function slashHint(issuer: string, named: unknown): string {
  if (named === `${issuer}/`) return ': add a `/` at the end of `issuer`'
  if (issuer === `${String(named)}/`) return ': remove the `/` at the end of `issuer`'
  return ''
}

function addressIn(text: string, [member, name]: Wanted, issuer: string): string {
  let metadata: unknown
  try {
    metadata = JSON.parse(text)
  } catch {
    throw invalid('discovery_malformed', `${ABOUT[1]} is not JSON`)
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw invalid('discovery_malformed', `${ABOUT[1]} is not a JSON object`)
  }
  const { issuer: named, [member]: uri } = record(metadata as { issuer?: unknown } & { [Member in Wanted[0]]?: unknown })
  // RFC 8414 §3.3: the issuers must be identical. There is no normalization: a trailing `/` makes another issuer.
  if (named !== issuer) {
    const hint = slashHint(issuer, named)
    throw invalid('discovery_issuer_mismatch', `${ABOUT[1]} names another issuer${hint}`, { expected: issuer, found: named })
  }
  const url = typeof uri === 'string' ? webUrl(uri) : undefined
  if (url === undefined || url.hash !== '') throw invalid(`discovery_${member}`, `${ABOUT[1]} names no ${name}`)
  if (url.protocol !== 'https:' && new URL(issuer).protocol === 'https:') {
    throw invalid(`discovery_${member}`, `${ABOUT[1]} names no ${name} with an https: address`)
  }
  return url.href
}

/** Finds the token of a request, or the reason why it has none (RFC 6750 §2, RFC 6265 §4.2). */
import { bearer, type Credentials, malformed } from './bearer.js'
import { type Options, text, texts } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { ReadField, RequestLike } from './request.js'
import { webUrl } from '../base/url.js'

/** Where to look for a token, in addition to `Authorization: Bearer`. */
export interface CredentialOptions {
  /** A header whose value is the bare token, such as `Cf-Access-Jwt-Assertion`. */
  header?: string
  /**
   * The name of an `HttpOnly` cookie that contains the token, or `true` for `__Host-access_token`. The prefix `__Host-` prevents
   * other hosts of your domain from setting it. Requests that change something must then come from your own pages: see `origins`.
   */
  cookie?: string | true
  /**
   * The public origins of your pages, such as `https://app.example`; only with `cookie`. They identify requests of your own pages
   * if a browser sends no `Sec-Fetch-Site`.
   */
  origins?: string | readonly string[]
  /**
   * The name of a query parameter that contains the token, or `true` for `access_token` (RFC 6750 §2.3). URLs end up in logs and
   * histories: use it only if the client cannot set a header, as for WebSockets.
   */
  query?: string | true
}

/** The names of {@link CredentialOptions}. */
export const CREDENTIAL_NAMES = ['header', 'cookie', 'origins', 'query'] as const

/** Reads a request's credentials. `forged`: another site may have made the browser send the cookie. */
export type ReadCredentials = (
  request: RequestLike,
  field: ReadField,
) => Credentials | { readonly kind: 'forged' | 'methodMissing'; readonly scheme?: undefined }

/**
 * Returns the reader for these options. It looks in this order: `Authorization`, the named header, the cookie, the query parameter.
 * A token in a link therefore never replaces the user's own.
 *
 * @param takesDpop - whether the scheme `DPoP` is accepted
 */
export function credentialsFrom(options: Options, takesDpop: boolean): ReadCredentials {
  const header = options.read('header', headerName)
  const cookie = options.read('cookie', cookieName)
  const query = options.read('query', (name, value) => (value === true ? 'access_token' : text(name, value)))
  const origins = options.read('origins', (name, value) =>
    texts(name, value).map((origin) => publicOrigin(name, origin)),
  )
  if (origins !== undefined && cookie === undefined) throw optionError('origins', 'requires `cookie`')

  return (request, field) => {
    const authorized = bearer(field('authorization'), takesDpop)
    const asked = query === undefined ? NONE : parameter(request, query)
    if (authorized.kind !== 'none') {
      // RFC 6750 §3.1: a request with two methods is malformed. A cookie is not counted, because the browser always adds it.
      return asked.kind === 'none' || authorized.kind === 'malformed' ? authorized : TWO_METHODS
    }
    if (header !== undefined) {
      const bare = single(field(header), `the header ${header}`)
      if (bare.kind !== 'none') return bare
    }
    if (cookie !== undefined) {
      const kept = fromCookie(field('cookie'), cookie)
      if (kept.kind === 'token' && !ownPage(request, field, origins ?? [])) {
        return { kind: memberOf(request, 'method') === undefined ? 'methodMissing' : 'forged' }
      }
      if (kept.kind === 'token') return { ...kept, fromCookie: true }
      if (kept.kind === 'malformed') return kept
    }
    return asked
  }
}

const NONE: Credentials = { kind: 'none' }
const TWO_METHODS = /* @__PURE__ */ malformed('credentials_repeated', 'the request contains tokens in more than one place')
const SAFE: readonly (string | undefined)[] = ['GET', 'HEAD', 'OPTIONS']

/**
 * Whether a request with a cookie comes from one of the site's own pages, or cannot change anything. CORS does not cover
 * WebSockets: any page may open one, and the browser sends the cookies of the target site.
 */
function ownPage(request: RequestLike, field: ReadField, origins: readonly string[]): boolean {
  const upgrade = /websocket/i.test(field('upgrade') ?? '') || field('sec-websocket-key') !== null
  if (SAFE.includes(memberOf(request, 'method')) && !upgrade) return true
  const site = field('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  // `null` is the origin of sandboxed pages; it cannot be configured.
  return origins.includes(field('origin') ?? '')
}

function fromCookie(header: string | null, name: string): Credentials {
  const values: string[] = []
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals >= 0 && pair.slice(0, equals).trim() === name) values.push(pair.slice(equals + 1).trim())
  }
  if (values.length > 1) return malformed('credentials_repeated', 'the cookie is repeated')
  // An empty cookie is what remains after logging out: it counts as no credentials.
  return single(values.at(0)?.replace(/^"(.*)"$/, '$1') ?? null, 'the cookie')
}

function parameter(request: RequestLike, name: string): Credentials {
  const url = memberOf(request, 'url')
  if (typeof url !== 'string') throw new TypeError('`request` must have a url, as a Request has')
  const [, search = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  const values = new URLSearchParams(search).getAll(name)
  if (values.length > 1) return malformed('credentials_repeated', 'the query parameter is repeated')
  const value = values.at(0)
  if (value === '') return malformed('credentials_missing', 'the query parameter is empty')
  return single(value ?? null, 'the query parameter')
}

/** Reads a value that must be a single token. Repeated headers arrive joined by commas, which no token contains. */
function single(value: string | null, what: string): Credentials {
  const found = value?.trim() ?? ''
  if (found === '') return NONE
  if (found.includes(',')) return malformed('credentials_repeated', `${what} is repeated`)
  if (/\s/.test(found)) return malformed('credentials_malformed', `${what} is not a single token`)
  return { kind: 'token', token: found }
}

/** Returns the name of the cookie that contains the token. */
export function cookieName(name: string, value: unknown): string {
  return value === true ? '__Host-access_token' : token(name, value)
}

/** Returns the name of a header field, in lower case. */
export function headerName(name: string, value: unknown): string {
  const header = token(name, value).toLowerCase()
  if (header === 'authorization') throw optionError(name, 'is read anyway: leave this option out')
  if (header === 'cookie' || header === 'set-cookie') throw optionError(name, 'is a cookie: use `cookie`')
  return header
}

/** Checks a token in the sense of RFC 9110 §5.6.2: the syntax of the names of header fields and cookies. */
function token(name: string, value: unknown): string {
  const found = text(name, value)
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(found)) throw optionError(name, 'contains a character that RFC 9110 §5.6.2 does not allow in a name')
  return found
}

/** Checks an origin in the form that browsers send (RFC 6454 §6.2). */
export function publicOrigin(name: string, value: string): string {
  // In any other form it would never equal what browsers send.
  if (webUrl(value)?.origin === value) return value
  throw optionError(name, 'must be origins as browsers send them: `https://app.example`')
}

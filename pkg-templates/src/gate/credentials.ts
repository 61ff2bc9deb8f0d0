/** A request enters, the one token that it bears leaves, or why there is none (RFC 6750 §2, RFC 6265 §4.2). */
import { bearer, type Credentials, malformed } from './bearer.js'
import { type Options, text, texts } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { ReadField, RequestLike } from './request.js'
import { webUrl } from '../base/url.js'

/** Where a token may stand besides `Authorization: Bearer`. */
export interface CredentialOptions {
  /** A header whose value is the bare token, such as `Cf-Access-Jwt-Assertion`. */
  header?: string
  /**
   * The name of an `HttpOnly` cookie that holds the token, or `true` for `__Host-access_token`. The prefix `__Host-` keeps
   * other hosts of your domain from planting it. Requests that change something must then come from your own pages: see
   * `origins`.
   */
  cookie?: string | true
  /**
   * The public origins of your pages, such as `https://app.example`, with `cookie` alone: who counts as the site itself
   * where a browser sends no `Sec-Fetch-Site`.
   */
  origins?: string | readonly string[]
  /**
   * The name of a query parameter that holds the token, or `true` for `access_token` (RFC 6750 §2.3). URLs end up in logs
   * and histories: only where a client can set no header, as for WebSockets.
   */
  query?: string | true
}

/** The names of {@link CredentialOptions}. */
export const CREDENTIAL_NAMES = ['header', 'cookie', 'origins', 'query'] as const

/** Reads a request's credentials; `forged`: they are a cookie that another site may have made the browser send. */
export type ReadCredentials = (
  request: RequestLike,
  field: ReadField,
) => Credentials | { readonly kind: 'forged' } | { readonly kind: 'methodMissing' }

/**
 * The reader for those options. A Bearer header wins, then the named header, the cookie, the query parameter: what a
 * page's link can bring never comes before what its user has.
 */
export function credentialsFrom(options: Options): ReadCredentials {
  const header = options.read('header', headerName)
  const cookie = options.read('cookie', cookieName)
  const query = options.read('query', (name, value) => (value === true ? 'access_token' : text(name, value)))
  const origins = options.read('origins', (name, value) =>
    texts(name, value).map((origin) => publicOrigin(name, origin)),
  )
  if (origins !== undefined && cookie === undefined) throw optionError('origins', 'means nothing without `cookie`')

  return (request, field) => {
    const authorized = bearer(field('authorization'))
    const asked = query === undefined ? NONE : parameter(request, query)
    if (authorized.kind !== 'none') {
      // RFC 6750 §3.1: two methods at once are a malformed request. A cookie is none, the browser adds it unasked.
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
const TWO_METHODS = /* @__PURE__ */ malformed('credentials_repeated', 'the token is there in more than one way')
const SAFE: readonly (string | undefined)[] = ['GET', 'HEAD', 'OPTIONS']

/**
 * Whether a request that a cookie speaks for was made by a page of the site itself, or can't change anything. WebSockets
 * are no matter of CORS: any page may open one, with the cookies of the site that it is opened to.
 */
function ownPage(request: RequestLike, field: ReadField, origins: readonly string[]): boolean {
  const upgrade = /websocket/i.test(field('upgrade') ?? '') || field('sec-websocket-key') !== null
  if (SAFE.includes(memberOf(request, 'method')) && !upgrade) return true
  const site = field('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  // `null` is the origin of sandboxed pages; it can't be configured.
  return origins.includes(field('origin') ?? '')
}

function fromCookie(header: string | null, name: string): Credentials {
  const values: string[] = []
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals >= 0 && pair.slice(0, equals).trim() === name) values.push(pair.slice(equals + 1).trim())
  }
  if (values.length > 1) return malformed('credentials_repeated', 'the cookie is there more than once')
  // A cookie that was emptied is how logging out looks: nothing sent.
  return single(values.at(0)?.replace(/^"(.*)"$/, '$1') ?? null, 'the cookie')
}

function parameter(request: RequestLike, name: string): Credentials {
  const url = memberOf(request, 'url')
  if (typeof url !== 'string') throw new TypeError('`request` must have a url, as a Request has')
  const [, search = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  const values = new URLSearchParams(search).getAll(name)
  if (values.length > 1) return malformed('credentials_repeated', 'the query parameter is there more than once')
  const value = values.at(0)
  if (value === '') return malformed('credentials_missing', 'the query parameter is empty')
  return single(value ?? null, 'the query parameter')
}

/** A value that is to be one token; a repeated header arrives joined by commas, and no token holds one. */
function single(value: string | null, what: string): Credentials {
  const found = value?.trim() ?? ''
  if (found === '') return NONE
  if (found.includes(',')) return malformed('credentials_repeated', `${what} is there more than once`)
  if (/\s/.test(found)) return malformed('credentials_malformed', `${what} is not one token`)
  return { kind: 'token', token: found }
}

/** The name of the cookie that holds the token. */
export function cookieName(name: string, value: unknown): string {
  return value === true ? '__Host-access_token' : token(name, value)
}

/** The name of a header field, in lower case. */
export function headerName(name: string, value: unknown): string {
  const header = token(name, value).toLowerCase()
  if (header === 'authorization') throw optionError(name, 'is read anyway: `Authorization: Bearer` needs no option')
  if (header === 'cookie' || header === 'set-cookie') throw optionError(name, 'is a cookie: use `cookie`')
  return header
}

/** A token in the sense of RFC 9110 §5.6.2: what names of headers and cookies are made of. */
function token(name: string, value: unknown): string {
  const found = text(name, value)
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(found)) throw optionError(name, 'holds characters that no such name can have')
  return found
}

/** An origin as browsers send it (RFC 6454 §6.2). */
export function publicOrigin(name: string, value: string): string {
  // Written as browsers send it, or it would never be equal to what they send.
  if (webUrl(value)?.origin === value) return value
  throw optionError(name, 'must be origins as browsers send them: `https://app.example`')
}

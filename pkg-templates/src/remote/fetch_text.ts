/** Fetches a text of bounded size within a time limit, without following redirects. */
import type { RefusalCode } from '../base/refusal_codes.js'
import { type JOSEError, JWKSInvalid, JWKSTimeout, JWKSUnavailable } from '../base/errors.js'
import { isBrowser, takesCacheMode } from '../base/runtime.js'
import { memberOf, record } from '../base/record.js'
import { withRefusal, isWithoutKeys } from '../base/refusal.js'
import { bareUrls } from '../base/url.js'
import { VERSION } from '../base/version.js'
import { type BodyErrors, bodyText, discard, type FetchedResponse } from './body.js'

/** A function that replaces the runtime's `fetch`. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<FetchedResponse>

/** One request. */
export interface Question {
  readonly url: string
  readonly headers: Headers
  readonly fetch: FetchFunction | undefined
  /** Ends the fetch; see {@link deadline}. */
  readonly deadline: Deadline
  /** The entity tag of the current text (RFC 9110 §13.1.2). */
  readonly etag?: string | undefined
  /** Whether to bypass HTTP caches. */
  readonly pastCaches?: boolean
  /** The prefix of refusal codes, and the name in messages. */
  readonly about: About
}

/** The prefix of refusal codes, and the name in messages. */
export type About = readonly [code: 'key_set' | 'discovery' | 'introspection' | 'status_list', name: string]

/** The response. */
export interface FetchedText {
  /** The text; `undefined` for 304: the current text is still valid. */
  readonly text: string | undefined
  /** The `Age` of the response, in seconds (RFC 9111 §5.1). */
  readonly age: number
  readonly cacheControl: string | undefined
  readonly etag: string | undefined
  /** The media type with its parameters, if the response names one. */
  readonly type: string | undefined
  /** 200 or 304. */
  readonly status: number
}

/** A time limit, as a signal and as a promise that rejects at its end. */
export interface Deadline {
  readonly signal: AbortSignal
  readonly late: Promise<never>
  /** Clears the timer, which would keep a process alive. */
  end(): void
}

/** Starts a time limit, in milliseconds. 0 sets no limit and no timer. */
export function deadline(milliseconds: number): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const reason = () => new DOMException('the time limit is over', 'TimeoutError')
  const timer = milliseconds === 0 ? undefined : setTimeout(() => controller.abort(reason()), milliseconds)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), record({ once: true }))
  })
  late.catch(() => {})
  return { signal, late, end: () => clearTimeout(timer) }
}

/**
 * Fetches the text.
 *
 * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}, each with its `refusal`
 */
export async function boundedFetch(question: Question): Promise<FetchedText> {
  const { url, fetch: own, deadline, etag, pastCaches = false, about } = record(question)
  const [code, name] = about
  const headers = new Headers(question.headers)
  if (!isBrowser()) {
    if (etag !== undefined) headers.set('if-none-match', etag)
    if (pastCaches) headers.set('cache-control', 'no-cache')
    // RFC 9110 §10.1.5: issuers can identify the client. In a page the field would cause a CORS preflight.
    if (!headers.has('user-agent')) headers.set('user-agent', `jotgate/${VERSION}`)
  }
  // Members that all objects inherit, such as a polluted `body`, must not become part of the request.
  const init: RequestInit = record({ method: 'GET', headers, redirect: 'manual', signal: deadline.signal } as const)
  if (pastCaches && takesCacheMode()) init.cache = 'no-store'
  const request = own ?? ((url: string, init: RequestInit) => fetch(url, init))
  try {
    return await Promise.race([read(request(url, init), etag !== undefined, deadline.signal, about), deadline.late])
  } catch (thrown) {
    throw located(failed(thrown), url)
  }

  function failed(thrown: unknown): JOSEError {
    if (isWithoutKeys(thrown)) return thrown
    const cause = bareCause(thrown)
    if (!deadline.signal.aborted && !isTimeout(thrown)) return unavailable(`${code}_unreachable`, `${name} could not be fetched${detachedHint(thrown)}`, cause)
    return withRefusal(`${code}_timeout`, new JWKSTimeout(`${name} did not arrive in time`, { cause }))
  }
}

/** Sets the address that the error is about, if it has none. */
export function located<T extends JOSEError>(error: T, url: string): T {
  error.url ??= bareUrls(url)
  return error
}

/** Returns what the runtime threw. If its message contains users or queries of URLs, returns an error without them. */
function bareCause(thrown: unknown): unknown {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const bare = bareUrls(text)
  return bare === text ? thrown : new Error(bare)
}

/** Returns a hint if `fetch` was called without its object. workerd then throws this error. */
function detachedHint(thrown: unknown): string {
  if (!(thrown instanceof TypeError && thrown.message.includes('Illegal invocation'))) return ''
  return ': `fetch` was called without its object; write `fetch: (url, init) => env.AUTH.fetch(url, init)`'
}

/** Whether the fetch ended by a time limit of its own. */
function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'TimeoutError'
}

async function read(
  answer: Promise<FetchedResponse>,
  conditional: boolean,
  signal: AbortSignal,
  about: About,
): Promise<FetchedText> {
  const response = await answer
  const [code, name] = about
  const headers = memberOf(response, 'headers')
  const field = (name: string) => (typeof headers?.get === 'function' ? (headers.get(name) ?? undefined) : undefined)
  const fields = { age: seconds(field('age')), cacheControl: field('cache-control'), etag: field('etag'), type: field('content-type'), status: response.status }
  if (response.status === 200) return { text: await bodyText(response, signal, bodyErrors(about)), ...fields }
  discard(response)
  if (response.status === 304 && conditional) return { text: undefined, ...fields }
  // A redirect is not followed, because only the caller's address may have the keys. Browsers report a redirect as status 0.
  const redirected = memberOf(response, 'type') === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(response.status)
  const error = redirected
    ? unavailable(`${code}_redirected`, `${name} was not fetched: the address redirects, and redirects are not followed`)
    : unavailable(`${code}_status`, `${name} was answered with status ${response.status}`)
  error.status = response.status
  // RFC 9110 §10.2.3, RFC 6585 §4.
  const pause = [429, 503].includes(response.status) ? pauseOf(field('retry-after'), field('date')) : 0
  if (pause > 0) error.retryAfter = pause
  throw error
}

/** Makes the errors for a body that cannot be read. The codes for a key set begin with `jwks`, as in the core. */
function bodyErrors([code, name]: About): BodyErrors {
  const prefix = code === 'key_set' ? 'jwks' : code
  return {
    tooLarge: (bytes) => invalid(`${prefix}_too_large`, `${name} is larger than ${bytes} bytes`),
    notUtf8: () => invalid(`${prefix}_not_utf8`, `${name} is not UTF-8`),
    notJson: () => invalid(`${prefix}_malformed`, `${name} is not JSON`),
  }
}

/** Returns the seconds of a `Retry-After`: a number, or a date (RFC 9110 §5.6.7) relative to the issuer's `Date`, if it sends one. */
function pauseOf(value: string | undefined, date: string | undefined): number {
  if (value === undefined) return 0
  if (/^\d+$/.test(value)) return Number(value)
  const now = date === undefined ? Number.NaN : httpDate(date)
  const pause = (httpDate(value) - (Number.isNaN(now) ? Date.now() : now)) / 1000
  return Number.isNaN(pause) ? 0 : pause
}

/** Parses an HTTP date to milliseconds since 1970. The oldest of the three forms has no time zone and means GMT. */
function httpDate(value: string): number {
  return Date.parse(value.endsWith(' GMT') ? value : `${value} GMT`)
}

/** Parses an `Age` in seconds (RFC 9111 §5.1). Anything but digits counts as 0. */
function seconds(age: string | undefined): number {
  return age !== undefined && /^\d+$/.test(age) ? Math.min(Number(age), 2 ** 31) : 0
}

/** Makes the error for a missing response. */
export function unavailable(refusal: RefusalCode, message: string, cause?: unknown): JWKSUnavailable {
  return withRefusal(refusal, new JWKSUnavailable(message, cause === undefined ? undefined : { cause }))
}

/** Makes the error for a response with the wrong content. */
export function invalid(refusal: RefusalCode, message: string, cause?: unknown): JWKSInvalid {
  return withRefusal(refusal, new JWKSInvalid(message, cause === undefined ? undefined : { cause }))
}

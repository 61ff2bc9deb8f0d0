/** A URL enters, the text behind it leaves: whole, in time, of bounded size, from exactly that address. */
import { JWKSInvalid, JWKSTimeout, JWKSUnavailable } from '../base/errors.js'
import { isBrowser, takesCacheMode } from '../base/runtime.js'
import { record } from '../base/record.js'
import { because, isWithoutKeys } from '../base/refusal.js'
import { TextDecoder } from '../base/text_coding.js'

/** What fetches instead of the host's `fetch`. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>

/** What is asked for, and how. */
export interface Question {
  readonly url: string
  readonly headers: Headers
  readonly fetch: FetchFunction | undefined
  /** Ends the fetch; see {@link deadline}. */
  readonly deadline: Deadline
  /** The entity tag of the text in hand (RFC 9110 §13.1.2). */
  readonly etag?: string | undefined
  /** Whether the answer must come from the origin itself. */
  readonly pastCaches?: boolean
  /** What stands before the codes of refusals, and what the messages call it. */
  readonly about: About
}

/** The word in codes, and the words in messages. */
export type About = readonly [code: string, name: string]

/** What came back. */
export interface Answer {
  /** The text; `undefined` for 304: the text in hand is still the one. */
  readonly text: string | undefined
  /** How old the answer was when it was sent, in seconds, by its `Age` (RFC 9111 §5.1). */
  readonly age: number
  readonly cacheControl: string | undefined
  readonly etag: string | undefined
}

/** A point in time: a signal for those who listen, a rejection for those who wait. */
export interface Deadline {
  readonly signal: AbortSignal
  readonly late: Promise<never>
  /** Nobody waits any more: the timer goes, which would keep a process alive that has nothing else to do. */
  end(): void
}

/** The largest answer that is read, in bytes. */
const MAXIMUM_BYTES = 1 << 20

/** A deadline in so many milliseconds; the only timer. */
export function deadline(milliseconds: number): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const reason = () => new DOMException('the time is over', 'TimeoutError')
  const timer = setTimeout(() => controller.abort(reason()), milliseconds)
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
export async function boundedFetch(question: Question): Promise<Answer> {
  const { url, fetch: own, deadline, etag, pastCaches = false, about } = record(question)
  const [code, name] = about
  const headers = new Headers(question.headers)
  if (!isBrowser()) {
    if (etag !== undefined) headers.set('if-none-match', etag)
    if (pastCaches) headers.set('cache-control', 'no-cache')
  }
  // What all objects inherit, such as a `body` or a `credentials`, is no part of the request.
  const init: RequestInit = record({ method: 'GET', headers, redirect: 'manual', signal: deadline.signal } as const)
  if (pastCaches && takesCacheMode()) init.cache = 'no-store'
  const request = own ?? ((url: string, init: RequestInit) => fetch(url, init))
  try {
    return await Promise.race([read(request(url, init), etag !== undefined, deadline.signal, about), deadline.late])
  } catch (thrown) {
    if (isWithoutKeys(thrown)) throw thrown
    if (!deadline.signal.aborted) throw unavailable(`${code}_unreachable`, `${name} could not be fetched`, thrown)
    throw because(`${code}_timeout`, new JWKSTimeout(`${name} did not arrive in time`, { cause: thrown }))
  }
}

async function read(
  answer: Promise<Response>,
  conditional: boolean,
  signal: AbortSignal,
  [code, name]: About,
): Promise<Answer> {
  const response = await answer
  const field = (name: string) => response.headers.get(name) ?? undefined
  const fields = { age: seconds(field('age')), cacheControl: field('cache-control'), etag: field('etag') }
  if (response.status !== 200) {
    void response.body?.cancel().catch(() => {})
    if (response.status === 304 && conditional) return { text: undefined, ...fields }
    // A redirect is not followed: who answers for the issuer is the caller's decision, not the network's. Browsers
    // show it as an answer without a status.
    const redirected = response.type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(response.status)
    if (redirected) throw unavailable(`${code}_redirected`, `${name} is elsewhere: redirects are not followed`)
    throw unavailable(`${code}_status`, `${name} was answered with status ${response.status}`)
  }
  // It skips a byte order mark.
  const decoder = new TextDecoder('utf-8', record({ fatal: true }))
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, record({ stream: bytes !== undefined }))
    } catch {
      throw invalid(code === 'key_set' ? 'jwks_not_utf8' : `${code}_not_utf8`, `${name} is not UTF-8`)
    }
  }
  if (response.body === null) return { text: '', ...fields }
  const reader = response.body.getReader()
  // A host's `fetch` ends the body with the signal; a caller's own may not.
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), record({ once: true }))
  let text = ''
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return { text: text + decode(), ...fields }
    length += value.length
    if (length > MAXIMUM_BYTES) {
      void reader.cancel().catch(() => {})
      const refusal = code === 'key_set' ? 'jwks_too_large' : `${code}_too_large`
      throw invalid(refusal, `${name} is larger than ${MAXIMUM_BYTES} bytes`)
    }
    text += decode(value)
  }
}

/** RFC 9111 §5.1: digits alone; what is no age says nothing. */
function seconds(age: string | undefined): number {
  return age !== undefined && /^\d+$/.test(age) ? Math.min(Number(age), 2 ** 31) : 0
}

/** There is no answer to work with. */
export function unavailable(refusal: string, message: string, cause?: unknown): JWKSUnavailable {
  return because(refusal, new JWKSUnavailable(message, cause === undefined ? undefined : { cause }))
}

/** The answer is not what it should be. */
export function invalid(refusal: string, message: string): JWKSInvalid {
  return because(refusal, new JWKSInvalid(message))
}

/**
 * A URL enters, the key set that its issuer publishes leaves: fetched at first use and when a token names a key that is
 * not in hand. First form: no caching headers, no background refresh yet.
 */
import { JWKSInvalid, JWKSTimeout, JWKSUnavailable, type JOSEError } from './errors.js'
import { KeySet } from './key_set.js'
import { milliseconds, Options } from './options.js'
import { misuse } from './refusal.js'

/** How a key set is fetched. */
export interface RemoteKeySetOptions {
  /** How long an answer may take, to its last byte, in milliseconds. Default: 5,000. */
  timeoutDuration?: number
  /**
   * How long after a fetch for an unknown key no other is made, in milliseconds. Default: 30,000. Random `kid`s in
   * tokens would otherwise become a flood at the issuer.
   */
  cooldownDuration?: number
  /** Headers of the request. */
  headers?: HeaderFields
  /** What fetches instead of the host's `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** Header fields, in any form that `new Headers` takes. */
export type HeaderFields = Headers | Record<string, string> | [string, string][]

/** Lets a host know of work that must outlive its request: `ctx.waitUntil` of a worker. */
export type WaitUntil = (work: Promise<unknown>) => void

/** The names of {@link RemoteKeySetOptions}. */
export const REMOTE_NAMES = ['timeoutDuration', 'cooldownDuration', 'headers', 'fetch'] as const

/** The largest answer that is read, in bytes. */
const MAXIMUM_BYTES = 1 << 20

/**
 * The key set at a URL. Making one does nothing but check the options: the first token that needs a key fetches it.
 *
 * A set in hand stays until a new one has arrived whole: an issuer that is down, or answers with an error page, a
 * redirect or an empty set, takes nothing away.
 *
 * @example
 * ```js
 * const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
 * const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * ```
 */
export class RemoteKeySet {
  /** Where the set is fetched from. */
  readonly url: string
  readonly #timeout: number
  readonly #cooldown: number
  readonly #headers: Headers
  readonly #fetch: RemoteKeySetOptions['fetch']
  #set: KeySet | undefined
  /** Fetches are numbered, so that a slow answer never replaces a newer one. */
  #started = 0
  #applied = 0
  /** The fetch under way that others may wait for; never set where requests must not share promises. */
  #pending: Promise<KeySet> | undefined
  /** When a fetch for an unknown key was last begun, in milliseconds of the host's clock. */
  #renewedAt = Number.NEGATIVE_INFINITY
  /** What became of that fetch. */
  #renewal: 'done' | 'pending' | (() => JOSEError) = 'done'

  /**
   * @param url - an `http:` or `https:` URL without credentials
   * @throws `TypeError` that names the option which makes no sense
   */
  constructor(url: string | URL, options: RemoteKeySetOptions = {}) {
    this.url = address(url)
    const given = new Options('RemoteKeySet', options, REMOTE_NAMES)
    this.#timeout = given.read('timeoutDuration', positive) ?? 5_000
    this.#cooldown = given.read('cooldownDuration', milliseconds) ?? 30_000
    this.#headers = given.read('headers', requestHeaders) ?? new Headers()
    if (!this.#headers.has('accept')) this.#headers.set('accept', 'application/jwk-set+json, application/json')
    this.#fetch = given.read('fetch', callable)
  }

  /** The set in hand, if one has arrived. */
  get keySet(): KeySet | undefined {
    return this.#set
  }

  /**
   * Fetches the set now, for instance before the first request.
   *
   * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}; a set in hand stays
   */
  async reload(): Promise<KeySet> {
    return this.#load()
  }

  /** @internal The set in hand, or the one that is fetched now. */
  async first(waitUntil?: WaitUntil): Promise<KeySet> {
    return this.#set ?? this.#load(waitUntil)
  }

  /** @internal A newer set for a key that is not in hand; `undefined` where one was asked for just now. */
  async renewed(waitUntil?: WaitUntil): Promise<KeySet | undefined> {
    if (this.#pending !== undefined) return this.#pending
    const elapsed = Date.now() - this.#renewedAt
    // A clock that was set back ends the cool-down: it must not last until the old time comes again.
    if (elapsed >= 0 && elapsed < this.#cooldown) {
      if (typeof this.#renewal === 'function') throw this.#renewal()
      if (this.#renewal === 'done') return undefined
      // The fetch of another request: it can't be waited for, and what it brings may be the key. Its mark ends with
      // its time-out: a request that was cancelled takes its fetch along.
      if (elapsed <= this.#timeout) throw unavailable('key_set_pending', 'the key set is being fetched')
    }
    this.#renewedAt = Date.now()
    this.#renewal = 'pending'
    try {
      const set = await this.#load(waitUntil)
      this.#renewal = 'done'
      return set
    } catch (thrown) {
      const { message, refusal } = thrown as JOSEError
      this.#renewal = () => unavailable(refusal, message)
      throw thrown
    }
  }

  #load(waitUntil?: WaitUntil): Promise<KeySet> {
    if (this.#pending !== undefined) return this.#pending
    const loading = this.#fetchSet()
    waitUntil?.(loading.catch(() => {}))
    if (requestsAreIsolated()) return loading
    const forget = () => {
      if (this.#pending === loading) this.#pending = undefined
    }
    this.#pending = loading
    loading.then(forget, forget)
    return loading
  }

  async #fetchSet(): Promise<KeySet> {
    const number = ++this.#started
    const set = await this.#answer()
    if (number > this.#applied) {
      this.#applied = number
      this.#set = set
    }
    return this.#set ?? set
  }

  async #answer(): Promise<KeySet> {
    // The only timer, and it ends with the fetch.
    const signal = AbortSignal.timeout(this.#timeout)
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    late.catch(() => {})
    const request = this.#fetch ?? ((url: string, init: RequestInit) => fetch(url, init))
    let text: string
    try {
      const answer = request(this.url, { method: 'GET', headers: this.#headers, redirect: 'manual', signal })
      text = await Promise.race([body(answer, signal), late])
    } catch (thrown) {
      if (thrown instanceof JWKSUnavailable || thrown instanceof JWKSInvalid) throw thrown
      if (signal.aborted) throw timedOut(thrown)
      throw unavailable('key_set_unreachable', 'the key set could not be fetched', thrown)
    }
    const set = new KeySet(text)
    if (set.size === 0) throw invalid('key_set_empty', 'the key set holds no usable key')
    return set
  }
}

/** Whether the host forbids that one request waits for the work of another, as Cloudflare and Vercel do. */
function requestsAreIsolated(): boolean {
  const host = globalThis as { WebSocketPair?: unknown; EdgeRuntime?: unknown; navigator?: { userAgent?: string } }
  return (
    typeof host.WebSocketPair !== 'undefined' ||
    typeof host.EdgeRuntime === 'string' ||
    host.navigator?.userAgent === 'Cloudflare-Workers'
  )
}

/** The text of an answer that is whole, of status 200 and of bounded size. */
async function body(answer: Promise<Response>, signal: AbortSignal): Promise<string> {
  const response = await answer
  if (response.status !== 200) {
    void response.body?.cancel().catch(() => {})
    // A redirect is not followed: who answers for the issuer is the caller's decision, not the network's. Browsers
    // show it as an answer without a status.
    const redirected = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
    if (redirected) throw unavailable('key_set_redirected', 'the key set is elsewhere: redirects are not followed')
    throw unavailable('key_set_status', `the key set was answered with status ${response.status}`)
  }
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw invalid('jwks_not_utf8', 'the key set is not UTF-8')
    }
  }
  if (response.body === null) return ''
  const reader = response.body.getReader()
  // A host's `fetch` ends the body with the signal; a caller's own may not.
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true })
  let text = ''
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decode()
    length += value.length
    if (length > MAXIMUM_BYTES) {
      void reader.cancel().catch(() => {})
      throw invalid('jwks_too_large', `the key set is larger than ${MAXIMUM_BYTES} bytes`)
    }
    text += decode(value)
  }
}

function unavailable(refusal: string, message: string, cause?: unknown): JWKSUnavailable {
  return coded(new JWKSUnavailable(message, cause === undefined ? undefined : { cause }), refusal)
}

function invalid(refusal: string, message: string): JWKSInvalid {
  return coded(new JWKSInvalid(message), refusal)
}

function timedOut(cause: unknown): JWKSTimeout {
  return coded(new JWKSTimeout(undefined, { cause }), 'key_set_timeout')
}

function coded<T extends JOSEError>(error: T, refusal: string): T {
  error.refusal = refusal
  return error
}

function address(value: unknown): string {
  if (typeof value !== 'string' && !(value instanceof URL)) throw misuse('url', 'must be a URL or its text')
  let url: URL
  try {
    url = new URL(value)
  } catch {
    throw misuse('url', 'is not an absolute URL')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw misuse('url', 'must be an http: or https: URL')
  if (url.username !== '' || url.password !== '') throw misuse('url', 'must not hold credentials')
  return url.href
}

function positive(name: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw misuse(name, 'must be a whole number of milliseconds, at least 1')
  }
  return value as number
}

function requestHeaders(name: string, value: unknown): Headers {
  if (typeof value !== 'object' || value === null) throw misuse(name, 'must be headers')
  try {
    return new Headers(value as HeaderFields)
  } catch {
    throw misuse(name, 'holds a name or a value that no header can have')
  }
}

function callable(name: string, value: unknown): NonNullable<RemoteKeySetOptions['fetch']> {
  if (typeof value !== 'function') throw misuse(name, 'must be a function')
  return value as NonNullable<RemoteKeySetOptions['fetch']>
}

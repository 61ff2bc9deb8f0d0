/** Sends tokens to the introspection endpoint (RFC 7662 §2.1), with a time limit and a bounded number of concurrent calls. */
import { JOSEError } from '../base/errors.js'
import { memberOf, record } from '../base/record.js'
import { requestsAreIsolated } from '../base/runtime.js'
import { Discovery, type Wanted } from '../remote/discovery.js'
import { boundedFetch, type Deadline, deadline, type FetchFunction } from '../remote/fetch_text.js'
import { type Failure, failureFrom, failureOf, retry } from '../remote/failure.js'
import type { Authenticate } from './client_authentication.js'
import { fetchFailure, IntrospectionUnavailable, unavailable } from './failure.js'

/** The options of an {@link Endpoint}. */
export interface EndpointOptions {
  /** The address, or the issuer whose metadata names it. */
  readonly at: { readonly url: string; readonly issuer?: never } | { readonly issuer: string; readonly url?: never }
  readonly authenticate: Authenticate
  readonly fetch: FetchFunction | undefined
  /** The media type to ask for. */
  readonly accept: string
  /** The time limit of one call, in milliseconds. */
  readonly timeout: number
  /** The most concurrent calls. */
  readonly maxCalls: number
}

/** The longest answer, in UTF-16 code units. */
export const MAX_ANSWER = 65_536

/** The pause between two searches for the address, in milliseconds. Any text that looks like a token can start a search. */
const SEARCH_PAUSE = 10_000

const ABOUT = ['introspection', 'the answer'] as const
const ENDPOINT: Wanted = ['introspection_endpoint', 'introspection endpoint']

/** One introspection endpoint. */
export class Endpoint {
  readonly #options: EndpointOptions
  /** The pending calls, each with its latest end in milliseconds since 1970. */
  readonly #calls = new Set<{ readonly until: number }>()

  #discovery: Discovery | undefined
  /** The pause after the last search, in milliseconds since 1970, and the reason if the search failed. */
  #pause: { readonly since: number; readonly until: number; readonly failure?: Failure } | undefined
  /** The pending search for the address. */
  #locating: Promise<string> | undefined

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  /**
   * Sends a token and returns the text of the response.
   *
   * @throws IntrospectionUnavailable if there is no usable response
   */
  async ask(token: string): Promise<string> {
    const { at, authenticate, fetch: own, accept, timeout } = this.#options
    const call = this.#begin(timeout)
    const limit = deadline(timeout)
    try {
      const url = at.url ?? (await this.#locate(at.issuer, limit))
      const request = own ?? ((url: string, init: RequestInit) => fetch(url, init))
      const { text = '' } = await boundedFetch({
        url,
        headers: new Headers(record({ accept, 'content-type': 'application/x-www-form-urlencoded' })),
        // Called within the time limit, because the credentials may come from a promise.
        fetch: async (url, init) => {
          const form = new URLSearchParams([['token', token], ['token_type_hint', 'access_token']])
          await authenticate(init.headers as Headers, form)
          return request(url, record({ ...init, method: 'POST', body: form.toString() }))
        },
        deadline: limit,
        about: ABOUT,
      })
      if (text.length > MAX_ANSWER) throw unavailable('introspection_too_large', `the answer is longer than ${MAX_ANSWER} characters`)
      return text
    } catch (thrown) {
      // The endpoint may have moved, so the next call searches for its address again.
      if (!this.#isPaused()) this.#discovery = undefined
      throw thrown instanceof JOSEError && !(thrown instanceof IntrospectionUnavailable) ? fetchFailure(thrown) : thrown
    } finally {
      limit.end()
      this.#calls.delete(call)
    }
  }

  /** Finds the address by the metadata. That request does not contain the credentials of the API. */
  async #locate(issuer: string, limit: Deadline): Promise<string> {
    // In Workers, one request must not await a promise of another.
    if (requestsAreIsolated()) return this.#search(issuer, limit)
    return (this.#locating ??= this.#search(issuer, limit).finally(() => (this.#locating = undefined)))
  }

  async #search(issuer: string, limit: Deadline): Promise<string> {
    const now = Date.now()
    const { failure, until = 0 } = this.#pause ?? {}
    if (failure !== undefined && this.#isPaused()) throw retry(failureFrom(failure), (until - now) / 1_000)
    if (this.#discovery === undefined) this.#pause = record({ since: now, until: now + SEARCH_PAUSE })
    const discovery = (this.#discovery ??= new Discovery(issuer, ENDPOINT))
    const { fetch } = this.#options
    const headers = new Headers(record({ accept: 'application/json' }))
    try {
      return await discovery.address(now / 1_000, { headers, fetch, deadline: limit })
    } catch (thrown) {
      const error = thrown as JOSEError
      const pause = Math.max(SEARCH_PAUSE, 1_000 * ((memberOf(error, 'retryAfter') as number | undefined) ?? 0))
      this.#pause = record({ since: now, until: now + pause, failure: failureOf(error) })
      this.#discovery = undefined
      throw error
    }
  }

  #isPaused(): boolean {
    const now = Date.now()
    return this.#pause !== undefined && this.#pause.since <= now && now < this.#pause.until
  }

  /** Counts a call. Throws if too many are pending. */
  #begin(timeout: number): { readonly until: number } {
    const now = Date.now()
    const { maxCalls } = this.#options
    // Workers end the calls of a request without an event if the client disconnects.
    if (this.#calls.size >= maxCalls) for (const call of this.#calls) if (call.until < now) this.#calls.delete(call)
    if (this.#calls.size >= maxCalls) throw retry(unavailable('introspection_busy', `${maxCalls} calls of the introspection endpoint are pending: raise \`maxCalls\``), 1)
    const call = { until: now + timeout }
    this.#calls.add(call)
    return call
  }
}

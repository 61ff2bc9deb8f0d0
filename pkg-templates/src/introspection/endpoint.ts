/** Asks the introspection endpoint about a token (RFC 7662 §2.1): within a time limit, and with a bounded number of calls at once. */
import { JOSEError } from '../base/errors.js'
import { record } from '../base/record.js'
import { requestsAreIsolated } from '../base/runtime.js'
import { Discovery, type Wanted } from '../remote/discovery.js'
import { boundedFetch, type Deadline, deadline, type FetchFunction } from '../remote/fetch_text.js'
import { retry } from '../remote/failure.js'
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
  /** In milliseconds. */
  readonly timeout: number
  readonly maxCalls: number
}

/** The longest answer, in UTF-16 code units. */
export const MAX_ANSWER = 65_536

const ABOUT = ['introspection', 'the answer'] as const
const ENDPOINT: Wanted = ['introspection_endpoint', 'introspection endpoint']

/** One introspection endpoint. */
export class Endpoint {
  readonly #options: EndpointOptions
  /** When each call under way is over at the latest, in milliseconds since 1970. */
  readonly #calls = new Set<{ readonly until: number }>()

  #discovery: Discovery | undefined
  /** The search for the address that is under way. */
  #locating: Promise<string> | undefined

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  /**
   * Returns the text of the answer.
   *
   * @throws IntrospectionUnavailable if there is no answer
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
        // Within the time limit, because the credentials may come from a promise.
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
      // The endpoint may have moved: it is located again.
      this.#discovery = undefined
      throw thrown instanceof JOSEError && !(thrown instanceof IntrospectionUnavailable) ? fetchFailure(thrown) : thrown
    } finally {
      limit.end()
      this.#calls.delete(call)
    }
  }

  /** Finds the address by the metadata, which is asked for without the credentials of the API. */
  async #locate(issuer: string, limit: Deadline): Promise<string> {
    const { fetch } = this.#options
    const headers = new Headers(record({ accept: 'application/json' }))
    const locate = () => (this.#discovery ??= new Discovery(issuer, ENDPOINT)).address(Date.now() / 1000, { headers, fetch, deadline: limit })
    // In Workers, one request must not await a promise of another.
    if (requestsAreIsolated()) return locate()
    return (this.#locating ??= locate().finally(() => (this.#locating = undefined)))
  }

  #begin(timeout: number): { readonly until: number } {
    const now = Date.now()
    const { maxCalls } = this.#options
    // Workers end the calls of a request whose client is gone, without a word.
    if (this.#calls.size >= maxCalls) for (const call of this.#calls) if (call.until < now) this.#calls.delete(call)
    if (this.#calls.size >= maxCalls) throw retry(unavailable('introspection_busy', `${maxCalls} tokens are being introspected`), 1)
    const call = { until: now + timeout }
    this.#calls.add(call)
    return call
  }
}

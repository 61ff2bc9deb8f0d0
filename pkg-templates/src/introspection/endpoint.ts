/** Asks the introspection endpoint about a token (RFC 7662 §2.1): within a time limit, and with a bounded number of calls at once. */
import { JOSEError } from '../base/errors.js'
import { record } from '../base/record.js'
import { boundedFetch, deadline, type FetchFunction } from '../remote/fetch_text.js'
import { retry } from '../remote/failure.js'
import type { Authenticate } from './client_authentication.js'
import { fetchFailure, IntrospectionUnavailable, unavailable } from './failure.js'

/** The options of an {@link Endpoint}. */
export interface EndpointOptions {
  readonly url: string
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

/** One introspection endpoint. */
export class Endpoint {
  readonly #options: EndpointOptions
  /** When each call under way is over at the latest, in milliseconds since 1970. */
  readonly #calls = new Set<{ readonly until: number }>()

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  /**
   * Returns the text of the answer.
   *
   * @throws IntrospectionUnavailable if there is no answer
   */
  async ask(token: string): Promise<string> {
    const { url, authenticate, fetch: own, accept, timeout } = this.#options
    const call = this.#begin(timeout)
    const limit = deadline(timeout)
    try {
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
      throw thrown instanceof JOSEError && !(thrown instanceof IntrospectionUnavailable) ? fetchFailure(thrown) : thrown
    } finally {
      limit.end()
      this.#calls.delete(call)
    }
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

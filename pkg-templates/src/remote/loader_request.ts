/** Requests a set: finds its address, adds the header fields, and repeats the request if a cache returned an old response. */
import { type FetchedText, boundedFetch, type Deadline, unavailable } from './fetch_text.js'
import { Discovery, type Wanted } from './discovery.js'
import { isBrowser } from '../base/runtime.js'
import { isWithoutKeys } from '../base/refusal.js'
import type { KeyCache } from '../wasm/key_cache.js'
import type { Held, Kind, LoaderOptions } from './source_options.js'

const KEY_SET: Wanted = ['jwks_uri', 'key set']

/** A response, the time of its request in seconds, and the set that the response contains or confirms. */
interface Answered<T> {
  readonly answer: FetchedText
  readonly asked: number
  readonly set: T
}

/** Sends the requests for one set. */
export class LoaderRequest<T> {
  readonly #options: LoaderOptions
  readonly #kind: Kind<T>
  readonly #cache: KeyCache
  readonly #now: () => number
  #discovery: Discovery | undefined

  /** `now` is the clock in seconds. */
  constructor(options: LoaderOptions, kind: Kind<T>, cache: KeyCache, now: () => number) {
    this.#options = options
    this.#kind = kind
    this.#cache = cache
    this.#now = now
  }

  /** Sends the request. Without a current set, an old response of a cache causes a second request that bypasses caches. */
  async send(base: Held<T> | undefined, limit: Deadline, pastCaches: boolean): Promise<Answered<T>> {
    const { at, fetch } = this.#options
    const own = this.#options.headers
    const headers = typeof own === 'function' ? await this.#headersOf(own, limit) : own
    const url =
      at.url ?? (await (this.#discovery ??= new Discovery(at.issuer, KEY_SET, at.named)).address(this.#now(), { headers, fetch, deadline: limit }))
    const etag = base === undefined ? undefined : this.#cache.etag()
    const ask = async (pastCaches: boolean): Promise<Answered<T>> => {
      const asked = this.#now()
      const answer = await boundedFetch({ url, headers, fetch, deadline: limit, etag, pastCaches, about: this.#kind.about })
      return { asked, set: await this.#kind.read(answer, base), answer }
    }
    const first = await ask(pastCaches)
    const { age, cacheControl, text } = first.answer
    const said = cacheControl ?? (text === undefined ? undefined : '')
    // In a page this would cause a CORS preflight, which issuers reject.
    if (pastCaches || isBrowser() || !this.#cache.asksPastCaches(this.#now(), age, said)) return first
    const second = await ask(true).catch(unlessWithoutKeys)
    return second !== undefined && second.answer.age <= age ? second : first
  }

  /** Finds the address of an issuer's set again with the next request. */
  forgetAddress(): void {
    this.#discovery = undefined
  }

  /** Calls the caller's function for the header fields. */
  async #headersOf(headers: () => Promise<Headers>, limit: Deadline): Promise<Headers> {
    try {
      return await Promise.race([headers(), limit.late])
    } catch (thrown) {
      throw unavailable('key_set_unreachable', 'the function `headers` threw, or returned no header fields', thrown)
    }
  }
}

/** Ignores the error of a failed fetch, so that the current set stays in use. Throws any other error. */
export function unlessWithoutKeys(thrown: unknown): undefined {
  if (!isWithoutKeys(thrown)) throw thrown
}

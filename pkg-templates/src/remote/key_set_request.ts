/** Requests a key set: finds its address, adds the header fields, and repeats the request if a cache returned an old response. */
import { type About, type FetchedText, boundedFetch, type Deadline, unavailable } from './fetch_text.js'
import { Discovery, type Wanted } from './discovery.js'
import { isBrowser } from '../base/runtime.js'
import { isWithoutKeys } from '../base/refusal.js'
import type { KeySet } from '../keys/key_set.js'
import type { KeyCache } from '../wasm/key_cache.js'
import type { KeySetLoaderOptions } from './source_options.js'

const ABOUT: About = ['key_set', 'the key set']
const KEY_SET: Wanted = ['jwks_uri', 'key set']

/** A response, the time of its request in seconds, and the set that the response contains or confirms. */
interface Answered {
  readonly answer: FetchedText
  readonly asked: number
  readonly set: KeySet | undefined
}

/** Sends the requests for one key set. */
export class KeySetRequest {
  readonly #options: KeySetLoaderOptions
  readonly #cache: KeyCache
  readonly #now: () => number
  readonly #read: (text: string) => KeySet
  #discovery: Discovery | undefined

  /** `now` is the clock in seconds; `read` parses the text of a set. */
  constructor(options: KeySetLoaderOptions, cache: KeyCache, now: () => number, read: (text: string) => KeySet) {
    this.#options = options
    this.#cache = cache
    this.#now = now
    this.#read = read
  }

  /** Sends the request. Without a current set, an old response of a cache causes a second request that bypasses caches. */
  async send(base: KeySet | undefined, limit: Deadline, pastCaches: boolean): Promise<Answered> {
    const { at, fetch } = this.#options
    const own = this.#options.headers
    const headers = typeof own === 'function' ? await this.#headersOf(own, limit) : own
    const url =
      at.url ?? (await (this.#discovery ??= new Discovery(at.issuer, KEY_SET, at.named)).address(this.#now(), { headers, fetch, deadline: limit }))
    const etag = base === undefined ? undefined : this.#cache.etag()
    const ask = async (pastCaches: boolean): Promise<Answered> => {
      const asked = this.#now()
      const answer = await boundedFetch({ url, headers, fetch, deadline: limit, etag, pastCaches, about: ABOUT })
      return { answer, asked, set: answer.text === undefined ? base : this.#read(answer.text) }
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

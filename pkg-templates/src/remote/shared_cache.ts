/**
 * A key set enters the cache that a data centre's isolates share (`caches.default` of Cloudflare), and leaves it as old as
 * it is: what the cache itself says of its age is not asked.
 */

import { jsonOf, memberOf, record } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'

/** A key set as it is kept. Times are seconds since 1970-01-01T00:00:00Z. */
export interface StoredKeySet {
  readonly text: string
  /** When the origin sent it. */
  readonly sent: number
  /** When it arrived at whoever fetched it. */
  readonly arrived: number
  /** The origin's `Cache-Control`. */
  readonly cacheControl: string
  readonly etag: string | undefined
}

/** The part of the Cache API that is used. */
interface SharedCache {
  match(key: string): Promise<Response | undefined>
  put(key: string, response: Response): Promise<void>
}

const MAXIMUM_CHARACTERS = 1 << 20

/** The host's cache, where it has one that needs no opening. */
function sharedCache(): SharedCache | undefined {
  const caches = hostGlobal<{ default?: Partial<SharedCache> }>('caches')
  const cache = caches && memberOf(caches, 'default')
  return typeof cache?.match === 'function' && typeof cache.put === 'function' ? (cache as SharedCache) : undefined
}

/**
 * The key of a set: an address that no `fetch` can ever fill, since `.invalid` never resolves (RFC 6761 §6.4), and that
 * differs with everything that the request is made of. Header fields may hold secrets, so only their hash goes there.
 */
async function cacheKey(source: string, headers: Headers): Promise<string> {
  const parts = new TextEncoder().encode(jsonOf([source, [...headers]]))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', parts))
  return `https://jotgate.invalid/key-set/1/${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** The copy of one set in that cache. */
export class SharedCopy {
  readonly #source: string
  readonly #headers: Headers | undefined
  #key: string | undefined

  /**
   * @param source - where the set comes from; with the header fields it makes the key
   * @param headers - `undefined` for a set that must not be shared
   */
  constructor(source: string, headers: Headers | undefined) {
    this.#source = source
    this.#headers = headers
  }

  /** The cache of this runtime, if it has one and the set may be shared. */
  get cache(): SharedCache | undefined {
    return this.#headers && sharedCache()
  }

  /** The set that is kept, if there is one that can be read. */
  async recall(): Promise<StoredKeySet | undefined> {
    const { cache } = this
    return cache && recalled(cache, await this.#cacheKey())
  }

  /** Keeps a set for so many seconds. */
  async keep(stored: StoredKeySet, seconds: number): Promise<void> {
    const { cache } = this
    if (cache !== undefined) await kept(cache, await this.#cacheKey(), stored, seconds)
  }

  /** Text is remembered, not a promise: a promise would belong to the request that made it. */
  async #cacheKey(): Promise<string> {
    this.#key ??= await cacheKey(this.#source, this.#headers ?? new Headers())
    return this.#key
  }
}

/** The set that is kept under the key, if there is one that can be read. */
async function recalled(cache: SharedCache, key: string): Promise<StoredKeySet | undefined> {
  const response = await cache.match(key)
  if (response === undefined || response.status !== 200) return undefined
  const stored = record(JSON.parse(await response.text()) as Partial<StoredKeySet>)
  const { text, sent, arrived, cacheControl, etag } = stored
  const sound = typeof text === 'string' && text.length <= MAXIMUM_CHARACTERS && typeof cacheControl === 'string'
  if (!sound || !Number.isFinite(sent) || !Number.isFinite(arrived)) return undefined
  return {
    text,
    sent: sent as number,
    arrived: arrived as number,
    cacheControl,
    etag: typeof etag === 'string' ? etag : undefined,
  }
}

/** Keeps a set for so many seconds. */
async function kept(cache: SharedCache, key: string, stored: StoredKeySet, seconds: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'cache-control': `max-age=${Math.ceil(seconds)}` }
  await cache.put(key, new Response(jsonOf(record(stored)), record({ headers })))
}

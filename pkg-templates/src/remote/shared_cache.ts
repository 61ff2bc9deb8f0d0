/**
 * Stores a key set in the cache that the isolates of a data centre share (`caches.default` of Cloudflare). The entry contains the times of
 * the set. The age of the cache entry itself is ignored.
 */
import { jsonOf, memberOf, record } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'

/** A stored key set. Times are seconds since 1970-01-01T00:00:00Z. */
export interface StoredKeySet {
  readonly text: string
  /** The time at which the issuer sent it. */
  readonly sent: number
  /** The time at which it was received. */
  readonly arrived: number
  /** The issuer's `Cache-Control`. */
  readonly cacheControl: string
  readonly etag: string | undefined
}

/** The part of the Cache API that is used. */
interface SharedCache {
  match(key: string): Promise<Response | undefined>
  put(key: string, response: Response): Promise<void>
}

const MAXIMUM_CHARACTERS = 1 << 20

/** Returns the default cache of the runtime, if it has one. */
function sharedCache(): SharedCache | undefined {
  const caches = hostGlobal<{ default?: Partial<SharedCache> }>('caches')
  const cache = caches && memberOf(caches, 'default')
  return typeof cache?.match === 'function' && typeof cache.put === 'function' ? (cache as SharedCache) : undefined
}

/**
 * Returns the cache key of a set. It is an address that no `fetch` can fill, because `.invalid` never resolves (RFC 6761 §6.4). It depends
 * on every part of the request. Header fields may contain secrets, so only their hash is used.
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
   * @param source - the URL or the issuer of the set; together with the header fields it determines the cache key
   * @param headers - the header fields of the request; `undefined` for a set that must not be shared
   */
  constructor(source: string, headers: Headers | undefined) {
    this.#source = source
    this.#headers = headers
  }

  /** The cache of this runtime, if it has one and the set may be shared. */
  get cache(): SharedCache | undefined {
    return this.#headers && sharedCache()
  }

  /** Loads the stored set. Returns `undefined` if no set can be read. */
  async load(): Promise<StoredKeySet | undefined> {
    const { cache } = this
    return cache && load(cache, await this.#cacheKey())
  }

  /** Stores a set for this many seconds. */
  async store(stored: StoredKeySet, seconds: number): Promise<void> {
    const { cache } = this
    if (cache !== undefined) await store(cache, await this.#cacheKey(), stored, seconds)
  }

  /** Caches the text, not a promise: a promise would belong to the request that made it. */
  async #cacheKey(): Promise<string> {
    this.#key ??= await cacheKey(this.#source, this.#headers ?? new Headers())
    return this.#key
  }
}

async function load(cache: SharedCache, key: string): Promise<StoredKeySet | undefined> {
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

async function store(cache: SharedCache, key: string, stored: StoredKeySet, seconds: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'cache-control': `max-age=${Math.ceil(seconds)}` }
  await cache.put(key, new Response(jsonOf(record(stored)), record({ headers })))
}

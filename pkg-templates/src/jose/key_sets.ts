/** `createRemoteJWKSet`, and the choice of a key in a set. */
import type { FetchedResponse } from '../remote/body.js'
import type { FetchFunction } from '../remote/fetch_text.js'
import { JOSENotSupported, JWKSNoMatchingKey } from '../base/errors.js'
import type { ImportedKey } from '../keys/imported_key.js'
import { JWKSMultipleMatchingKeys } from '../keys/multiple_matching_keys.js'
import type { FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from './types.js'
import { KeySetLoader } from '../remote/key_set_loader.js'
import { jsonText, KeySet, publicText, setHandle, setKey } from '../keys/key_set.js'
import { callable, milliseconds, Options, timer } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { address, requestHeaders } from '../remote/remote_key_set.js'
import type { Found } from '../remote/source_options.js'
import { candidates } from '../wasm/bindings.js'

/** The key of the option with a function that replaces the runtime's `fetch`. */
export const customFetch: unique symbol = Symbol('customFetch')

/** The key of the option with a cache object: read at first use, written after each fetch. */
export const jwksCache: unique symbol = Symbol('jwksCache')

/** A function that replaces the runtime's `fetch`. */
export type FetchImplementation = (
  url: string,
  options: { headers: Headers; method: 'GET'; redirect: 'manual'; signal: AbortSignal },
) => Promise<FetchedResponse>

/** A key set in {@link jwksCache}. Protect it: its keys are trusted. */
export interface ExportedJWKSCache {
  /** The set. */
  jwks: JSONWebKeySet
  /** When it was last fetched, in milliseconds since 1970. */
  uat: number
}

/** The value of {@link jwksCache}: a stored set, or an empty object to fill. */
export type JWKSCacheInput = ExportedJWKSCache | Record<string, never>

/** Options of {@link createRemoteJWKSet}; durations are milliseconds. */
export interface RemoteJWKSetOptions {
  /** The time limit of a fetch, up to the last byte of the response. Default: 5,000. */
  timeoutDuration?: number
  /** The pause after a successful fetch, during which an unknown key causes no other fetch. Default: 30,000. */
  cooldownDuration?: number
  /** The longest time that a set is fresh. `Cache-Control` may shorten it. Default: 600,000. */
  cacheMaxAge?: number
  /** The time that a set stays in use after it stopped being fresh, while fetches fail. jose has no such option. Default: 3,600,000. */
  maxStale?: number
  /** Headers of the request. */
  headers?: Record<string, string>
  /** A function that replaces the runtime's `fetch`. */
  [customFetch]?: FetchImplementation
  /** A cache object. */
  [jwksCache]?: JWKSCacheInput
}

/** A function that finds the key of a remote set for a token; {@link createRemoteJWKSet} makes it. */
export interface RemoteJWKSet {
  (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey>
  /** Whether an unknown key causes no fetch now. */
  readonly coolingDown: boolean
  /** Whether the current set is fresh. */
  readonly fresh: boolean
  /** Whether a fetch is pending. */
  readonly reloading: boolean
  /** Fetches the set now, even during the cool-down. */
  reload: () => Promise<void>
  /** Returns a copy of the current set without private members; `undefined` before the first fetch. */
  jwks: () => JSONWebKeySet | undefined
}

/**
 * Makes a function that finds the key of a remote set for a token. Pass it to {@link jwtVerify}. The set is fetched at first use.
 * `Cache-Control`, `Age` and `ETag` are respected within the bounds of the options.
 *
 * @throws `TypeError` for a wrong URL or option. The function throws {@link JWKSNoMatchingKey},
 *   {@link JWKSMultipleMatchingKeys}, {@link JOSENotSupported}, and if the set cannot be fetched {@link JWKSTimeout},
 *   {@link JWKSInvalid} or {@link JWKSUnavailable}
 */
export function createRemoteJWKSet(url: URL, options: RemoteJWKSetOptions = {}): RemoteJWKSet {
  const isUrl = url instanceof URL || Object.prototype.toString.call(url) === '[object URL]'
  if (!isUrl) throw optionError('url', 'must be a URL object')
  const given = new Options('createRemoteJWKSet', options, OPTION_NAMES, 'ignored')
  const cacheMaxAge = (given.read('cacheMaxAge', duration) ?? 600_000) / 1000
  const headers = given.read('headers', requestHeaders) ?? new Headers()
  if (!headers.has('accept')) headers.set('accept', 'application/json, application/jwk-set+json')
  const own = memberOf(options, customFetch)
  const cache = memberOf(options, jwksCache)
  const source = new KeySetLoader({
    at: { url: address('url', url) },
    headers,
    fetch: own === undefined ? undefined : callable<FetchFunction>('customFetch', own),
    settings: {
      // In jose, 0 times out at once. The shortest timer is close to that.
      timeoutDuration: Math.max(given.read('timeoutDuration', whole) ?? 5_000, 1) / 1000,
      cooldownDuration: (given.read('cooldownDuration', duration) ?? 30_000) / 1000,
      cooldownAfterAny: true,
      cacheMaxAge,
      cacheMinAge: Math.min(30, cacheMaxAge),
      maxStale: (given.read('maxStale', milliseconds) ?? 3_600_000) / 1000,
    },
    arrived: ({ text, arrived }) => {
      if (typeof cache !== 'object' || cache === null || text === undefined) return
      Object.assign(cache, { uat: arrived * 1000, jwks: JSON.parse(text) as JSONWebKeySet })
    },
  })
  if (typeof cache === 'object' && cache !== null) hydrate(source, cache, cacheMaxAge)

  const find = async (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey> => {
    let found = await source.find()
    for (;;) {
      const key = keyOrMiss(found.set, protectedHeader, token)
      if (!(key instanceof JWKSNoMatchingKey)) return key
      const newer = await source.newerThan(found, 'key')
      if (newer === undefined) throw key
      found = newer
    }
  }
  const jwks = () => (source.text === undefined ? undefined : (JSON.parse(source.text) as JSONWebKeySet))
  newer.set(find, async (key, protectedHeader, token) => {
    let found: Found<KeySet> | undefined = await source.find()
    while (found !== undefined) {
      const other = keyOf(found.set, protectedHeader, token)
      if (other !== key) return other
      found = await source.newerThan(found, 'signature')
    }
    return undefined
  })
  return Object.defineProperties(find, {
    coolingDown: record({ get: () => source.isCoolingDown, enumerable: true }),
    fresh: record({ get: () => source.isFresh, enumerable: true }),
    reloading: record({ get: () => source.isLoading, enumerable: true }),
    reload: record({ value: () => source.reload(undefined, false).then(() => {}), enumerable: true }),
    jwks: record({ value: jwks, enumerable: true }),
  }) as RemoteJWKSet
}

const OPTION_NAMES = ['timeoutDuration', 'cooldownDuration', 'cacheMaxAge', 'maxStale', 'headers']

/** Merges the parameters of the protected and the unprotected header. Inherited members are ignored. */
export function joinHeaders(header: JWSHeaderParameters | undefined, token: FlattenedJWSInput | undefined) {
  return record<JWSHeaderParameters>({ ...header, ...(token && memberOf(token, 'header')) })
}

type FindNewer = (
  key: ImportedKey,
  protectedHeader: JWSHeaderParameters,
  token: FlattenedJWSInput,
) => Promise<ImportedKey | undefined>

/** Maps each function that finds keys to the function that looks for a key in a newer set. */
const newer = new WeakMap<object, FindNewer>()

/**
 * Finds the key in a newer set, for a token whose signature `key` does not verify: the issuer may have changed a key and kept its `kid`.
 * Returns `undefined` if there is no newer set, or if `getKey` is not a remote set's function.
 */
export async function newerKey(getKey: object, ...asked: Parameters<FindNewer>): Promise<ImportedKey | undefined> {
  return newer.get(getKey)?.(...asked)
}

function keyOrMiss(set: KeySet, ...asked: [JWSHeaderParameters?, FlattenedJWSInput?]): ImportedKey | JWKSNoMatchingKey {
  try {
    return keyOf(set, ...asked)
  } catch (thrown) {
    if (thrown instanceof JWKSNoMatchingKey) return thrown
    throw thrown
  }
}

/** The algorithms of public keys in jose. */
const PUBLIC_KEY_ALGORITHMS = /^(?:[REP]S(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/

/** Finds the one key of a set that matches a token's header. */
export function keyOf(set: KeySet, protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): ImportedKey {
  const { alg, kid } = joinHeaders(protectedHeader, token)
  if (typeof alg !== 'string' || !PUBLIC_KEY_ALGORITHMS.test(alg)) {
    throw new JOSENotSupported('a key set contains no key for this algorithm')
  }
  // A `kid` that is not a string matches no key (RFC 7515 §4.1.4).
  const indices = kid === undefined || typeof kid === 'string' ? candidates(setHandle(set), kid, alg) : []
  const [index] = indices
  if (index === undefined) {
    const error = new JWKSNoMatchingKey()
    error.refusal = 'no_matching_key'
    if (set.skipped.length > 0) error.skipped = set.skipped
    throw error
  }
  if (indices.length === 1) return setKey(set, index)
  const error = new JWKSMultipleMatchingKeys()
  error.refusal = 'several_matching_keys'
  error[Symbol.asyncIterator] = async function* () {
    for (const index of indices) yield setKey(set, index)
  }
  throw error
}

/** Takes over the set of a cache. A cache without a set or a time is ignored, as in jose. */
function hydrate(source: KeySetLoader, cache: Partial<ExportedJWKSCache>, cacheMaxAge: number): void {
  const uat = memberOf(cache, 'uat')
  if (typeof uat !== 'number' || !Number.isFinite(uat)) return
  let text: string
  let set: KeySet
  try {
    text = publicText(jsonText('jwksCache', memberOf(cache, 'jwks')))
    set = new KeySet(text)
  } catch {
    return
  }
  const sent = uat / 1000
  source.hydrate(set, (now) =>
    set.size > 0 && now < sent + cacheMaxAge
      ? { text, sent, arrived: sent, cacheControl: '', etag: undefined }
      : undefined,
  )
}

/** Reads a duration. jose allows `Infinity`, which is read as a century. */
function duration(name: string, value: unknown): number {
  return milliseconds(name, value === Number.POSITIVE_INFINITY ? 3_155_760_000_000 : value)
}

function whole(name: string, value: unknown): number {
  const read = timer(name, value)
  if (!Number.isInteger(read)) throw optionError(name, 'must be a whole number of milliseconds')
  return read
}

/** `RemoteKeySet`: the key set at a URL, or of an issuer. It is fetched when it is needed. */
import type { FetchFunction } from './fetch_text.js'
import { issuerIdentifier } from './discovery.js'
import { KeySetLoader } from './key_set_loader.js'
import type { JOSEError } from '../base/errors.js'
import type { Found, KeysEvent, LoaderOptions, Missing, WaitUntil } from './source_options.js'
import { jsonText, KeySet, publicText, skippedText } from '../keys/key_set.js'
import { callable, milliseconds, Options, string, timer, whole } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JSONWebKeySet } from '../base/types.js'
import { absoluteUrl, holdsCredentials, isWeb } from '../base/url.js'

export type { KeysEvent, Missing, WaitUntil } from './source_options.js'
import type { HeaderFields } from '../base/types.js'

/** The options of a {@link RemoteKeySet}. Durations are milliseconds. */
export interface RemoteKeySetOptions {
  /** The time limit of a fetch, up to the last byte of the response. Default: 5,000. */
  timeoutDuration?: number
  /**
   * The pause after a fetch for an unknown `kid`, and after a fetch for a signature that no key verifies. Without it, tokens with random
   * `kid`s would flood the issuer with requests. Default: 30,000.
   */
  cooldownDuration?: number
  /** The longest time that a set is fresh. It is also the default without `Cache-Control`. Default: 600,000. */
  cacheMaxAge?: number
  /** The shortest time that a set is fresh. Default: 30,000, or `cacheMaxAge` if that is less. */
  cacheMinAge?: number
  /** The time that a set stays in use after it stopped being fresh, while fetches fail. Default: 3,600,000. */
  maxStale?: number
  /**
   * The headers of the request, or a function that returns them for each fetch, for example with a renewed token. The default `User-Agent` is
   * `jotgate/` and the version, except in browsers.
   */
  headers?: HeaderFields | (() => HeaderFields | Promise<HeaderFields>)
  /**
   * A function that replaces the runtime's `fetch`. Its responses need `status` and one source of the body, such as `json`. In Workers, the
   * set is then not shared with other isolates.
   */
  fetch?: FetchFunction
  /** Called after every fetch of the key set, for logs and counters. Its errors are ignored. */
  onKeys?: (event: KeysEvent) => void
}

/** A key set and its times, as {@link RemoteKeySet.export} returns them. All values can be written as JSON. */
export interface ExportedKeySet {
  /** The source of the set: its URL, or the issuer. */
  source: string
  /** The set without private members. */
  jwks: JSONWebKeySet
  /** The time at which the issuer sent it, in milliseconds since 1970. */
  sentAt: number
  /** The time at which it was received, in milliseconds since 1970. */
  arrivedAt: number
  /** The issuer's `Cache-Control`. */
  cacheControl: string
  /** The issuer's `ETag`. */
  etag?: string
}

/** The names of {@link RemoteKeySetOptions}. */
export const REMOTE_NAMES = [
  'timeoutDuration',
  'cooldownDuration',
  'cacheMaxAge',
  'cacheMinAge',
  'maxStale',
  'headers',
  'fetch',
  'onKeys',
] as const

/**
 * The key set at a URL. The constructor only checks the options. The first token that needs a key causes the first fetch.
 *
 * The current set stays in use until a complete new one has arrived. If the issuer is down, or responds with an error page, a redirect
 * or an empty set, the current set stays in use for as long as `maxStale` allows. It is refreshed in the background before its
 * `Cache-Control` time ends. In Workers, pass `waitUntil` for that.
 *
 * @example
 * ```js
 * const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
 * const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * ```
 */
export class RemoteKeySet {
  /** The source of the set: the URL, or the issuer whose metadata names the URL. */
  readonly url: string
  readonly #source: KeySetLoader

  /**
   * @param url - an `http:` or `https:` URL without credentials
   * @throws `TypeError` that names the invalid option
   */
  constructor(url: string | URL, options: RemoteKeySetOptions = {}) {
    const origin = url instanceof Origin ? url : new Origin({ url: address('url', url) })
    this.url = origin.at.url ?? origin.at.issuer
    const own = settings(options)
    this.#source = new KeySetLoader({ ...own, at: origin.at, fetch: origin.fetch ?? own.fetch, isUntimed: origin.isUntimed })
  }

  /**
   * The key set of an issuer, found from its identifier alone (RFC 8414, OpenID Connect Discovery). The metadata must
   * name exactly this issuer.
   *
   * @param issuer - the issuer exactly as in `iss`
   * @throws `TypeError` that names the invalid option
   */
  static fromIssuer(issuer: string, options: RemoteKeySetOptions = {}): RemoteKeySet {
    return new RemoteKeySet(new Origin({ issuer: issuerIdentifier('issuer', issuer) }) as unknown as URL, options)
  }

  /** The error of the last fetch; `undefined` if it succeeded, or there was none. */
  get lastError(): JOSEError | undefined {
    return this.#source.lastError
  }

  /** The time since the issuer sent the current set, in seconds; `undefined` without a set. */
  get age(): number | undefined {
    return this.#source.age
  }

  /** Whether the current set is no longer fresh. It stays in use for at most `maxStale`. */
  get stale(): boolean {
    return this.#source.stale
  }

  /** @internal Makes the key set of an issuer whose metadata contains another `issuer` than its own address. */
  static discovered(issuer: string, named: string, options: RemoteKeySetOptions): RemoteKeySet {
    return new RemoteKeySet(new Origin({ issuer, named }) as unknown as URL, options)
  }

  /** @internal Makes a set from a function that is called instead of a fetch. `isUntimed`: without a time limit. */
  static fromFunction(keys: () => unknown, options: RemoteKeySetOptions, isUntimed = false): RemoteKeySet {
    // The URL is never fetched: `.invalid` never resolves (RFC 6761 §6.4).
    const origin = new Origin({ url: 'https://keys.invalid/' }, async () => ({ status: 200, json: async () => keys() }), isUntimed)
    return new RemoteKeySet(origin as unknown as URL, options)
  }

  /** The current set, while it is trusted; otherwise `undefined`. */
  get keySet(): KeySet | undefined {
    return this.#source.current()
  }

  /**
   * Fetches the set now, for example before the first request. Bypasses HTTP caches.
   *
   * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}; the current set stays
   */
  async reload(options: { waitUntil?: WaitUntil } = {}): Promise<KeySet> {
    return this.#source.reload(memberOf(options, 'waitUntil'), true)
  }

  /** Returns the current set with its times, for a build step, KV or a file. Returns `undefined` without a trusted set. */
  export(): ExportedKeySet | undefined {
    const state = this.#source.state()
    if (state === undefined) return undefined
    const { text, sent, arrived, cacheControl, etag } = state
    const jwks = JSON.parse(publicText(text)) as JSONWebKeySet
    const times = { sentAt: sent * 1000, arrivedAt: arrived * 1000 }
    return { source: this.url, jwks, ...times, cacheControl, ...(etag !== undefined && { etag }) }
  }

  /**
   * Takes over a set that {@link export} returned, here or in another process. Its age keeps counting. A set that is no longer trusted, or
   * that is older than the current one, is ignored. It may be called at a worker's module scope, because the clock is read at first use.
   *
   * @throws `TypeError` if the value is not an export of this source, {@link JWKSInvalid} if `jwks` is not a key set
   */
  hydrate(exported: ExportedKeySet): void {
    const given = new Options('hydrate', exported, EXPORTED_NAMES, 'ignored')
    if (given.require('source', (_, value) => value) !== this.url) throw optionError('source', 'is not the URL or the issuer of this set')
    const sent = given.require('sentAt', milliseconds) / 1000
    const arrived = given.require('arrivedAt', milliseconds) / 1000
    const cacheControl = given.require('cacheControl', string)
    const etag = given.read('etag', string)
    const text = publicText(
      jsonText(
        'jwks',
        given.require('jwks', (_, value) => value),
      ),
    )
    const set = new KeySet(text)
    if (set.size === 0) throw optionError('jwks', `contains no usable key${skippedText(set)}`)
    this.#source.hydrate(set, () => ({ text, sent, arrived, cacheControl, etag }))
  }

  /** @internal Returns the set to verify with: the current one, or one that is fetched now. */
  async find(waitUntil?: WaitUntil): Promise<Found<KeySet>> {
    return this.#source.find(waitUntil)
  }

  /** @internal Returns a newer set for a token for which `found` lacks something; `undefined` if it may cause no further fetch. */
  async newerThan(found: Found<KeySet>, missing: Missing, waitUntil?: WaitUntil): Promise<Found<KeySet> | undefined> {
    return this.#source.newerThan(found, missing, waitUntil)
  }

  /** @internal Whether the set may be fetched again now because it lacks this. */
  asks(missing: Missing): boolean {
    return this.#source.asks(missing)
  }

  /** @internal Starts a fetch that is due, without waiting for it. */
  nudge(missing?: Missing): void {
    this.#source.nudge(missing)
  }
}

const EXPORTED_NAMES = ['source', 'jwks', 'sentAt', 'arrivedAt', 'cacheControl', 'etag']

/** The source of a set, if it is not a URL of the caller. */
class Origin {
  readonly at: LoaderOptions['at']

  constructor(
    at: LoaderOptions['at'],
    readonly fetch?: FetchFunction,
    readonly isUntimed = false,
  ) {
    this.at = record(at)
  }
}

/** Checks the options, and fills in the defaults. */
function settings(
  options: RemoteKeySetOptions,
): Pick<ConstructorParameters<typeof KeySetLoader>[0], 'headers' | 'fetch' | 'onKeys' | 'settings'> {
  const given = new Options('RemoteKeySet', options, REMOTE_NAMES)
  const seconds = (name: string, otherwise: number) => (given.read(name, milliseconds) ?? otherwise) / 1000
  const timeoutDuration = (given.read('timeoutDuration', time) ?? 5_000) / 1000
  const cooldownDuration = seconds('cooldownDuration', 30_000)
  const cacheMaxAge = seconds('cacheMaxAge', 600_000)
  const cacheMinAge = seconds('cacheMinAge', Math.min(30_000, cacheMaxAge * 1000))
  if (cacheMinAge > cacheMaxAge) throw optionError('cacheMinAge', 'must be at most `cacheMaxAge`')
  const maxStale = seconds('maxStale', 3_600_000)
  const complete = (fields: Headers) => {
    if (!fields.has('accept')) fields.set('accept', 'application/jwk-set+json, application/json')
    return fields
  }
  const headers = given.read('headers', (name, value) =>
    typeof value === 'function'
      ? async () => complete(requestHeaders(name, await (value as () => unknown)()))
      : complete(requestHeaders(name, value)),
  ) ?? complete(new Headers())
  const fetch = given.read('fetch', callable<FetchFunction>)
  const onKeys = given.read('onKeys', callable<(event: KeysEvent) => void>)
  return { headers, fetch, onKeys, settings: { timeoutDuration, cooldownDuration, cacheMaxAge, cacheMinAge, maxStale } }
}

/** Checks an `http:` or `https:` URL without credentials and returns its text. `name` is the option. */
export function address(name: string, value: unknown): string {
  if (typeof value !== 'string' && !(value instanceof URL)) throw optionError(name, 'must be a URL or its text')
  const url = absoluteUrl(value)
  if (url === undefined) throw optionError(name, 'is not an absolute URL')
  if (!isWeb(url)) throw optionError(name, 'must be an http: or https: URL')
  if (holdsCredentials(url)) throw optionError(name, 'must not contain credentials')
  return url.href
}

function time(name: string, value: unknown): number {
  return whole(name, timer(name, value), ' of milliseconds')
}

/** Checks header fields, in any form that `new Headers` takes. */
export function requestHeaders(name: string, value: unknown): Headers {
  if (typeof value !== 'object' || value === null) throw optionError(name, 'must be headers')
  try {
    return new Headers(value as HeaderFields)
  } catch {
    throw optionError(name, 'contains a name or a value that is not valid in a header')
  }
}

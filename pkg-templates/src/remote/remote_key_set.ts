/** A URL or an issuer enters, the key set that is published there leaves, fetched when it is needed. */
import type { FetchFunction } from './fetch_text.js'
import { issuerIdentifier } from './discovery.js'
import { KeySource } from './loader.js'
import type { FoundSet, Missing, WaitUntil } from './source_options.js'
import { jsonText, KeySet, publicText, skippedText } from '../keys/key_set.js'
import { callable, milliseconds, Options, string, timer, whole } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JSONWebKeySet } from '../base/types.js'
import { absoluteUrl, holdsCredentials, isWeb } from '../base/url.js'

export type { FoundSet, Missing, WaitUntil } from './source_options.js'
import type { HeaderFields } from '../base/types.js'

/** How a key set is fetched, and how long it is used. Durations are milliseconds. */
export interface RemoteKeySetOptions {
  /** How long an answer may take, to its last byte. Default: 5,000. */
  timeoutDuration?: number
  /**
   * How long after a fetch for an unknown `kid` no other is made, and the same for a signature that no key verifies.
   * Default: 30,000. Random `kid`s in tokens would otherwise become a flood at the issuer.
   */
  cooldownDuration?: number
  /** The longest that a set is fresh, whatever the issuer says; and how long if it says nothing. Default: 600,000. */
  cacheMaxAge?: number
  /** The shortest that a set is fresh, whatever the issuer says. Default: 30,000, or `cacheMaxAge` if that is less. */
  cacheMinAge?: number
  /** The longest that a set outlives its freshness while the issuer fails; then no longer. Default: 3,600,000. */
  maxStale?: number
  /**
   * Headers of the request, or a function that is asked for them at each fetch, such as for a token that is renewed. Without a
   * `User-Agent` of yours it is `jotgate/` and the version, except in browsers.
   */
  headers?: HeaderFields | (() => HeaderFields | Promise<HeaderFields>)
  /** What fetches instead of the host's `fetch`. Its answers need `status` and one way to the body, such as `json`. */
  fetch?: FetchFunction
}

/** A key set and its age, as {@link RemoteKeySet.export} gives it: plain values that JSON can carry. */
export interface ExportedKeySet {
  /** Where it comes from: the URL, or the issuer. */
  source: string
  /** The set; private members are left out. */
  jwks: JSONWebKeySet
  /** When the issuer sent it, in milliseconds since 1970. */
  sentAt: number
  /** When it arrived at whoever fetched it, in milliseconds since 1970. */
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
] as const

/**
 * The key set at a URL. Making one does nothing but check the options: the first token that needs a key fetches it.
 *
 * A set in hand stays until a new one has arrived whole: an issuer that is down, or answers with an error page, a
 * redirect or an empty set, takes nothing away for as long as `maxStale` allows. It is refreshed behind the requests
 * before it ends, as the issuer's `Cache-Control` says; in Workers pass `waitUntil` for that.
 *
 * @example
 * ```js
 * const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
 * const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * ```
 */
export class RemoteKeySet {
  /** Where the set is fetched from: the URL, or the issuer whose metadata names it. */
  readonly url: string
  readonly #source: KeySource

  /**
   * @param url - an `http:` or `https:` URL without credentials
   * @throws `TypeError` that names the option which makes no sense
   */
  constructor(url: string | URL, options: RemoteKeySetOptions = {}) {
    if (url instanceof Discovered) {
      this.url = url.issuer
      this.#source = new KeySource({ at: url, ...settings(options) })
    } else if (url instanceof Asked) {
      // Nothing is fetched from there: `.invalid` never resolves (RFC 6761 §6.4).
      this.url = 'https://keys.invalid/'
      this.#source = new KeySource({ at: { url: this.url }, ...settings(options), fetch: url.fetch, shareable: false })
    } else {
      this.url = address('url', url)
      this.#source = new KeySource({ at: { url: this.url }, ...settings(options) })
    }
  }

  /**
   * The key set of an issuer, found from its identifier alone (RFC 8414, OpenID Connect Discovery): the metadata must
   * name exactly this issuer.
   *
   * @param issuer - the issuer as it stands in `iss`
   * @throws `TypeError` that names the option which makes no sense
   */
  static fromIssuer(issuer: string, options: RemoteKeySetOptions = {}): RemoteKeySet {
    return new RemoteKeySet(new Discovered(issuerIdentifier('issuer', issuer)) as unknown as URL, options)
  }

  /** @internal The key set of an issuer whose metadata is at one address and names another as the issuer. */
  static discovered(issuer: string, named: string, options: RemoteKeySetOptions): RemoteKeySet {
    return new RemoteKeySet(new Discovered(issuer, named) as unknown as URL, options)
  }

  /** @internal The key set that a function gives, asked as often as an issuer would be. */
  static fromFunction(keys: () => unknown, options: RemoteKeySetOptions): RemoteKeySet {
    return new RemoteKeySet(new Asked(async () => ({ status: 200, json: async () => keys() })) as unknown as URL, options)
  }

  /** The set in hand, while it may be trusted. */
  get keySet(): KeySet | undefined {
    return this.#source.current()
  }

  /**
   * Fetches the set now, for instance before the first request, past caches on the way.
   *
   * @throws {@link JWKSTimeout}, {@link JWKSUnavailable} or {@link JWKSInvalid}; a set in hand stays
   */
  async reload(options: { waitUntil?: WaitUntil } = {}): Promise<KeySet> {
    return this.#source.reload(memberOf(options, 'waitUntil'), true)
  }

  /** The set in hand with its age, for a build step, KV or a file; `undefined` where there is none to trust. */
  export(): ExportedKeySet | undefined {
    const state = this.#source.state()
    if (state === undefined) return undefined
    const { text, sent, arrived, cacheControl, etag } = state
    const jwks = JSON.parse(publicText(text)) as JSONWebKeySet
    const times = { sentAt: sent * 1000, arrivedAt: arrived * 1000 }
    return { source: this.url, jwks, ...times, cacheControl, ...(etag !== undefined && { etag }) }
  }

  /**
   * Takes a set that {@link export} gave, here or elsewhere. Its age goes on counting: a set that may not be trusted any
   * more is not used, and neither is one that is older than the set in hand. Allowed at a worker's module scope: the
   * clock is read at first use.
   *
   * @throws `TypeError` for what is no export of this source, {@link JWKSInvalid} for what is no key set
   */
  hydrate(exported: ExportedKeySet): void {
    const given = new Options('hydrate', exported, EXPORTED_NAMES, 'ignored')
    if (given.require('source', (_, value) => value) !== this.url) throw optionError('source', "is another set's")
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

  /** @internal The set to verify with: the one in hand, or one that is fetched now. */
  async find(waitUntil?: WaitUntil): Promise<FoundSet> {
    return this.#source.find(waitUntil)
  }

  /** @internal A newer set, for a token for which `found` lacks something; `undefined` if it may cause no further fetch. */
  async newerThan(found: FoundSet, missing: Missing, waitUntil?: WaitUntil): Promise<FoundSet | undefined> {
    return this.#source.newerThan(found, missing, waitUntil)
  }

  /** @internal Whether a look that lacks this may lead to a fetch now. */
  asks(missing: Missing): boolean {
    return this.#source.asks(missing)
  }

  /** @internal Begins the fetch that is due after such a look, for a caller who can't wait for it. */
  nudge(missing?: Missing): void {
    this.#source.nudge(missing)
  }
}

const EXPORTED_NAMES = ['source', 'jwks', 'sentAt', 'arrivedAt', 'cacheControl', 'etag']

class Discovered {
  constructor(
    readonly issuer: string,
    readonly named?: string,
  ) {}
}

class Asked {
  constructor(readonly fetch: FetchFunction) {}
}

/** Checks the options; what is left out gets its default. */
function settings(
  options: RemoteKeySetOptions,
): Pick<ConstructorParameters<typeof KeySource>[0], 'headers' | 'fetch' | 'settings'> {
  const given = new Options('RemoteKeySet', options, REMOTE_NAMES)
  const seconds = (name: string, otherwise: number) => (given.read(name, milliseconds) ?? otherwise) / 1000
  const timeoutDuration = (given.read('timeoutDuration', time) ?? 5_000) / 1000
  const cooldownDuration = seconds('cooldownDuration', 30_000)
  const cacheMaxAge = seconds('cacheMaxAge', 600_000)
  const cacheMinAge = seconds('cacheMinAge', Math.min(30_000, cacheMaxAge * 1000))
  if (cacheMinAge > cacheMaxAge) throw optionError('cacheMinAge', 'must not be above `cacheMaxAge`')
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
  return { headers, fetch, settings: { timeoutDuration, cooldownDuration, cacheMaxAge, cacheMinAge, maxStale } }
}

/** The text of an `http:` or `https:` URL without credentials; `name` is the option that it stands in. */
export function address(name: string, value: unknown): string {
  if (typeof value !== 'string' && !(value instanceof URL)) throw optionError(name, 'must be a URL or its text')
  const url = absoluteUrl(value)
  if (url === undefined) throw optionError(name, 'is not an absolute URL')
  if (!isWeb(url)) throw optionError(name, 'must be an http: or https: URL')
  if (holdsCredentials(url)) throw optionError(name, 'must not hold credentials')
  return url.href
}

function time(name: string, value: unknown): number {
  return whole(name, timer(name, value), ' of milliseconds')
}

/** Header fields, in any form that `new Headers` takes. */
export function requestHeaders(name: string, value: unknown): Headers {
  if (typeof value !== 'object' || value === null) throw optionError(name, 'must be headers')
  try {
    return new Headers(value as HeaderFields)
  } catch {
    throw optionError(name, 'holds a name or a value that no header can have')
  }
}

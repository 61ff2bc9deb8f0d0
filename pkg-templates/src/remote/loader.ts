/**
 * Requests for keys enter, key sets leave. What to do is decided by the core (`KeyCache`); what is here fetches, waits
 * where promises may be shared, and keeps the sets.
 */
import type { KeyCache } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import {
  type About,
  boundedFetch,
  deadline,
  type Deadline,
  type FetchFunction,
  invalid,
  unavailable,
} from './fetch_text.js'
import { discovered } from './discovery.js'
import { JWKSUnavailable, type JOSEError } from '../base/errors.js'
import { requestsAreIsolated } from '../base/runtime.js'
import { KeySet, publicText } from '../keys/key_set.js'
import { jsonOf, record } from '../base/record.js'
import { because, isWithoutKeys } from '../base/refusal.js'
import { cacheKey, kept, recalled, sharedCache, type StoredKeySet } from './shared_cache.js'

/** Lets a host know of work that must outlive its request: `ctx.waitUntil` of a worker. */
export type WaitUntil = (work: Promise<unknown>) => void

/** What a source is made of. Durations are seconds. */
export interface KeySourceOptions {
  /** The address of the set, or the issuer whose metadata names it. */
  readonly at: { readonly url: string; readonly issuer?: never } | { readonly issuer: string; readonly url?: never }
  readonly headers: Headers
  readonly fetch: FetchFunction | undefined
  readonly settings: {
    readonly cacheMaxAge: number
    readonly cacheMinAge: number
    readonly maxStale: number
    readonly cooldownDuration: number
    readonly cooldownAfterAny?: boolean
    readonly timeoutDuration: number
  }
  /** Told of each set that the origin sent or confirmed. */
  readonly arrived?: (source: KeySource) => void
}

const ABOUT: About = ['key_set', 'the key set']
/** How long an address that was discovered is used, in seconds. */
const DISCOVERY_LIFE = 86_400
/** The longest that the shared cache may take, in milliseconds: the origin answers about as fast. */
const RECALL_TIME = 500

/** A key set that is fetched when it is needed. Making one does nothing: no fetch, no timer, no clock. */
export class KeySource {
  readonly #options: KeySourceOptions
  readonly #cache: KeyCache
  #set: KeySet | undefined
  #text = ''
  #cacheControl = ''
  /** What is to be taken at first use, when the clock may be read. */
  #given: ((now: number) => void)[] = []
  /** Fetches are numbered, so that a slow answer never replaces a newer one. */
  #started = 0
  #applied = { scheduled: 0, key: 0 }
  /** The fetches under way that others may wait for; never set where requests must not share promises. */
  #pending: { scheduled?: Promise<KeySet>; key?: Promise<KeySet> } = record({})
  #underWay = 0
  /** Why the last fetch failed, in parts: an error's cause may belong to another request. */
  #failure: Failure = { kind: JWKSUnavailable, refusal: 'keys_not_ready', message: 'there is no key set to trust' }
  #located: { url: string; since: number } | undefined
  #key: Promise<string> | string | undefined

  constructor(options: KeySourceOptions) {
    this.#options = record({ ...options, at: record(options.at) })
    this.#cache = new (boot().bindings.KeyCache)(jsonOf(record(options.settings)))
  }

  /** The set in hand, while it is trusted. */
  current(): KeySet | undefined {
    const now = this.#now()
    return this.#cache.isTrusted(now) ? this.#set : undefined
  }

  /** The set in hand and all that is known of its age; `undefined` where there is none to trust. */
  state(): StoredKeySet | undefined {
    if (this.current() === undefined) return undefined
    const { sent = 0, arrived = 0, etag } = this.#held()
    return { text: this.#text, sent, arrived, cacheControl: this.#cacheControl, etag }
  }

  /** The text of the set in hand, trusted or not. */
  get text(): string | undefined {
    this.#now()
    return this.#set === undefined ? undefined : this.#text
  }

  /** When the set in hand arrived. */
  get arrived(): number {
    return this.#held().arrived ?? 0
  }

  get isFresh(): boolean {
    return this.#cache.isFresh(this.#now())
  }

  get isCoolingDown(): boolean {
    return this.#cache.isCoolingDown(this.#now())
  }

  get isLoading(): boolean {
    return this.#underWay > 0
  }

  /** Takes a set that was fetched elsewhere, at first use; `read` gives what is known of its age then. */
  hydrate(set: KeySet, read: (now: number) => StoredKeySet | undefined): void {
    this.#given.push((now) => {
      const stored = read(now)
      if (stored !== undefined) this.#take(set, stored, now)
    })
  }

  /** What a look into the set comes to; where it misses its key, a newer set is looked into. */
  async search<T>(look: (set: KeySet) => T, misses: (found: T) => boolean, waitUntil?: WaitUntil): Promise<T> {
    const first = await this.find(waitUntil)
    const found = look(first)
    if (!misses(found)) return found
    // A set that arrived by another request's fetch while this one waited for its turn counts as asked for already: it
    // has to be looked into before the cool-down may call the key unknown.
    const arrived = this.current()
    if (arrived !== undefined && arrived !== first) {
      const found = look(arrived)
      if (!misses(found)) return found
    }
    const newer = await this.#findNewer(waitUntil)
    return newer === undefined ? found : look(newer)
  }

  /** The set to verify with: the one in hand, or the one that is fetched now. */
  async find(waitUntil?: WaitUntil): Promise<KeySet> {
    const isolated = requestsAreIsolated()
    for (let recalled = false; ;) {
      const now = this.#now()
      const decision = this.#cache.lookup(now, false)
      // Where nobody carries on behind a request, the request itself must refresh.
      const behind = decision === 'refresh' && (waitUntil !== undefined || !isolated)
      if (decision === 'use') return this.#inHand()
      if (decision === 'unavailable') throw this.#unavailable(now, false)
      if (behind) {
        this.#behind(waitUntil)
        return this.#inHand()
      }
      if (decision === 'wait' && this.#pending.scheduled !== undefined) return this.#pending.scheduled
      if (!recalled && sharedCache() !== undefined) {
        recalled = true
        await this.#recall()
        continue
      }
      try {
        return await this.#load(false, waitUntil)
      } catch (thrown) {
        // RFC 5861 §4: the old set serves on, unless its time ended while this request waited.
        const still = this.current()
        if (still !== undefined && isWithoutKeys(thrown)) return still
        throw thrown
      }
    }
  }

  /** A newer set for a key that is not in hand; `undefined` where the issuer was asked for one just now. */
  async #findNewer(waitUntil?: WaitUntil): Promise<KeySet | undefined> {
    const now = this.#now()
    switch (this.#cache.lookup(now, true)) {
      case 'refuse_key':
        return undefined
      case 'fetch_key':
        return this.#load(true, waitUntil)
      case 'wait_key':
        if (this.#pending.key !== undefined) return this.#pending.key
        // The fetch of another request: it can't be waited for, and what it brings may be the key.
        throw pending()
      case 'unavailable':
        throw this.#unavailable(now, true)
      default:
        return this.#renewedNow(waitUntil)
    }
  }

  /** The set that is due: the one in hand has aged, and what it lacks may have been published since. */
  async #renewedNow(waitUntil: WaitUntil | undefined): Promise<KeySet> {
    if (this.current() === undefined) return this.find(waitUntil)
    if (this.#pending.scheduled !== undefined) return this.#pending.scheduled
    if (this.#cache.lookup(this.#now(), true) === 'wait') throw pending()
    return this.#load(false, waitUntil)
  }

  /** Fetches the set now; as a rule it is the origin that is asked. */
  async reload(waitUntil: WaitUntil | undefined, pastCaches: boolean): Promise<KeySet> {
    this.#now()
    return this.#load(false, waitUntil, pastCaches)
  }

  /** Refreshes behind the back of a caller who can't wait; only where work may outlive a request. */
  nudge(): void {
    if (requestsAreIsolated()) return
    const decision = this.#cache.lookup(this.#now(), false)
    if (decision === 'refresh' || decision === 'fetch') this.#behind(undefined)
  }

  #behind(waitUntil: WaitUntil | undefined): void {
    const work = async () => {
      if (sharedCache() !== undefined) {
        await this.#recall()
        if (this.#cache.lookup(this.#now(), false) === 'use') return
      }
      await this.#load(false, waitUntil)
    }
    const settled = work().catch(() => {})
    outlive(waitUntil, settled)
  }

  #load(forKey: boolean, waitUntil: WaitUntil | undefined, pastCaches = forKey): Promise<KeySet> {
    const slot = forKey ? 'key' : 'scheduled'
    const shared = this.#pending[slot]
    if (shared !== undefined) return shared
    const loading = this.#fetched(forKey, waitUntil, pastCaches)
    outlive(waitUntil, loading)
    if (requestsAreIsolated()) return loading
    const forget = () => {
      if (this.#pending[slot] === loading) delete this.#pending[slot]
    }
    this.#pending[slot] = loading
    loading.then(forget, forget)
    return loading
  }

  async #fetched(forKey: boolean, waitUntil: WaitUntil | undefined, pastCaches: boolean): Promise<KeySet> {
    const slot = forKey ? 'key' : 'scheduled'
    const number = ++this.#started
    const begun = this.#now()
    this.#cache.started(begun, forKey)
    this.#underWay++
    const limit = deadline(this.#options.settings.timeoutDuration * 1000)
    try {
      const base = this.#set
      const { at, headers, fetch } = this.#options
      const url = at.url ?? (await this.#locate(at.issuer, limit))
      const etag = base === undefined ? undefined : this.#cache.etag()
      const question = { url, headers, fetch, deadline: limit, etag, pastCaches, about: ABOUT }
      const answer = await boundedFetch(question)
      const set = answer.text === undefined ? base : this.#read(answer.text)
      const now = this.#now()
      // RFC 9111 §4.2.3: the answer may have left at the moment when it was asked for.
      const age = answer.age + Math.max(0, now - begun)
      const superseded = number < this.#applied[slot] || (!forKey && number < this.#applied.key)
      const replaced = answer.text === undefined && this.#set !== base
      // What it confirms is not in hand any more, so that it says nothing of the key; but it was the cool-down's fetch.
      if (replaced && forKey) this.#cache.failed(now, forKey)
      if (set === undefined || superseded || replaced) {
        this.#applied[slot] = Math.max(this.#applied[slot], number)
        return this.#inHand()
      }
      const renewal =
        answer.text === undefined
          ? this.#cache.confirmed(now, forKey, age, answer.cacheControl)
          : this.#cache.renewed(now, forKey, age, answer.cacheControl ?? '', answer.etag)
      if (renewal === 'stale') throw unavailable('key_set_stale', 'the answer comes from a cache that kept it too long')
      this.#applied[slot] = number
      if (renewal === 'older') return this.#inHand()
      // What nobody should have published is not passed on either.
      if (answer.text !== undefined) this.#text = set.dropped.length > 0 ? publicText(answer.text) : answer.text
      this.#cacheControl = answer.cacheControl ?? (answer.text === undefined ? this.#cacheControl : '')
      this.#set = set
      await this.#keep(now, waitUntil, limit)
      this.#options.arrived?.(this)
      return set
    } catch (thrown) {
      this.#located = undefined
      if (!isWithoutKeys(thrown)) {
        this.#cache.failed(this.#now(), forKey)
        throw thrown
      }
      // The core has counted an answer that is too old already.
      if (thrown.refusal !== 'key_set_stale') this.#cache.failed(this.#now(), forKey)
      const { constructor, refusal, message } = thrown
      this.#failure = { kind: constructor as Failure['kind'], refusal, message }
      throw retry(thrown, this.#cache.retryAfter(this.#now(), forKey))
    } finally {
      limit.end()
      this.#underWay--
    }
  }

  /** The text as a set; the same text is not prepared again. */
  #read(text: string): KeySet {
    if (this.#set !== undefined && text === this.#text) return this.#set
    const set = new KeySet(text)
    if (set.size === 0) throw invalid('key_set_empty', 'the key set holds no usable key')
    return set
  }

  async #locate(issuer: string, limit: Deadline): Promise<string> {
    const { headers, fetch } = this.#options
    const now = this.#now()
    const known = this.#located
    if (known !== undefined && now >= known.since && now - known.since < DISCOVERY_LIFE) return known.url
    const url = await discovered(issuer, { headers, fetch, deadline: limit })
    this.#located = { url, since: now }
    return url
  }

  /** Looks into the cache that this data centre's isolates share; whatever goes wrong there, the origin is next. */
  async #recall(): Promise<void> {
    const cache = sharedCache()
    if (cache === undefined) return
    const limit = deadline(Math.min(RECALL_TIME, this.#options.settings.timeoutDuration * 1000))
    try {
      const key = await this.#sharedKey()
      const stored = await Promise.race([recalled(cache, key), limit.late])
      if (stored !== undefined) this.#take(this.#read(stored.text), stored, this.#now())
    } catch {
      // No answer, or none that is a key set.
    } finally {
      limit.end()
    }
  }

  async #keep(now: number, waitUntil: WaitUntil | undefined, limit: Deadline): Promise<void> {
    const cache = sharedCache()
    const stored = this.state()
    const life = (this.#cache.trustedTo() ?? now) - now
    if (cache === undefined || stored === undefined || life < 1) return
    const keeping = this.#sharedKey()
      .then((key) => kept(cache, key, stored, life))
      .catch(() => {})
    if (waitUntil === undefined) await Promise.race([keeping, limit.late]).catch(() => {})
    else outlive(waitUntil, keeping)
  }

  /** Text, not a promise, is what is kept: a promise would belong to the request that made it. */
  async #sharedKey(): Promise<string> {
    const { at, headers } = this.#options
    const key = this.#key ?? (await cacheKey(at.url ?? `issuer ${at.issuer}`, headers))
    this.#key = key
    return key
  }

  #take(set: KeySet, stored: StoredKeySet, now: number): void {
    const { text, sent, arrived, cacheControl, etag } = stored
    if (!this.#cache.hydrated(now, sent, arrived, cacheControl, etag)) return
    this.#set = set
    this.#text = text
    this.#cacheControl = cacheControl
  }

  #held(): { sent: number | undefined; arrived: number | undefined; etag: string | undefined } {
    return { sent: this.#cache.sent(), arrived: this.#cache.arrived(), etag: this.#cache.etag() }
  }

  #inHand(): KeySet {
    if (this.#set === undefined) throw unavailable('key_set_unreachable', 'there is no key set')
    return this.#set
  }

  /** The clock, in seconds; what was given before the first look at it is taken now. */
  #now(): number {
    const now = Date.now() / 1000
    if (this.#given.length > 0) for (const take of this.#given.splice(0)) take(now)
    return now
  }

  #unavailable(now: number, forKey: boolean): JOSEError {
    const { kind, refusal, message } = this.#failure
    return retry(because(refusal, new kind(message)), this.#cache.retryAfter(now, forKey))
  }
}

interface Failure {
  readonly kind: new (message: string) => JOSEError
  readonly refusal: string
  readonly message: string
}

function pending(): JOSEError {
  return retry(unavailable('key_set_pending', 'the key set is being fetched'), 1)
}

/** Hands work to the host. A `waitUntil` that throws, such as one torn from its `ctx`, must not cost a good token. */
function outlive(waitUntil: WaitUntil | undefined, work: Promise<unknown>): void {
  try {
    waitUntil?.(work.catch(() => {}))
  } catch {
    // The work goes on for as long as the request does.
  }
}

function retry<T extends JOSEError>(error: T, seconds: number): T {
  error.retryAfter = Math.max(1, Math.ceil(seconds))
  return error
}

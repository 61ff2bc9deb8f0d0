/**
 * Fetches a set and stores it: a key set, or a status list. The core (`KeyCache`) decides when to fetch. This file sends the requests, shares promises where the
 * runtime allows it, and stores the sets.
 */
import { boot } from '../wasm/instance.js'
import { notify, outlive } from './background.js'
import { deadline, type Deadline, located, unavailable } from './fetch_text.js'
import { KeyCache, type Purpose } from '../wasm/key_cache.js'
import { LoaderRequest, unlessWithoutKeys } from './loader_request.js'
import type { JOSEError } from '../base/errors.js'
import { requestsAreIsolated } from '../base/runtime.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import { isWithoutKeys } from '../base/refusal.js'
import { type Failure, failureFrom, failureOf, pending, retry } from './failure.js'
import type { Found, Held, KeysEvent, Kind, LoaderOptions, Missing, WaitUntil } from './source_options.js'
import { bareUrls } from '../base/url.js'
import { SharedCopy, type StoredKeySet } from './shared_cache.js'

/** The time limit for the shared cache, in milliseconds. After that, a request to the issuer is likely faster. */
const SHARED_CACHE_LIMIT = 500

/** Loads a set when it is needed. The constructor fetches nothing, sets no timer and reads no clock. */
export class Loader<T> {
  readonly #options: LoaderOptions
  readonly #kind: Kind<T>
  readonly #cache: KeyCache
  #set: T | undefined
  #text = ''
  #cacheControl = ''
  /** Functions that take over a given set. They run at first use, because the clock cannot be read before. */
  #given: ((now: number) => void)[] = []
  /** The number of the last fetch that started. Fetches are numbered, so that a slow response never replaces a newer one. */
  #started = 0
  /** The number of the last fetch that was applied, by purpose. */
  #applied = { scheduled: 0, key: 0, signature: 0 }
  /** The pending fetches that other requests may await. Empty in runtimes where requests must not share promises. */
  #pending: { [purpose in Purpose]?: Promise<T> } = record({})
  /** The number of pending fetches. */
  #underWay = 0
  /** Whether the last fetch failed. */
  #failed = false
  /** Why the last fetch failed. */
  #failure: Failure
  readonly #request: LoaderRequest<T>
  readonly #shared: SharedCopy

  constructor(options: LoaderOptions, kind: Kind<T>) {
    this.#kind = kind
    this.#failure = failureOf(unavailable('keys_not_ready', `${kind.about[1]} has not been fetched, or is too old`))
    this.#options = record({ ...options, at: record(options.at) })
    const { at, headers, fetch } = this.#options
    // A custom `fetch`, such as that of a service binding, may reach another server at the same address.
    const shared = fetch !== undefined || typeof headers === 'function' ? undefined : headers
    this.#shared = new SharedCopy(at.url ?? `issuer ${at.issuer}`, shared)
    boot()
    const cache = (this.#cache = new KeyCache(jsonOf(record(options.settings))))
    this.#request = new LoaderRequest(this.#options, kind, cache, () => this.#now())
  }

  /** Returns the current set, while it is trusted. */
  current(): T | undefined {
    const now = this.#now()
    return this.#cache.isTrusted(now) ? this.#set : undefined
  }

  /** Returns the current set and its times. Returns `undefined` without a trusted set. */
  state(): StoredKeySet | undefined {
    if (this.current() === undefined) return undefined
    const sent = this.#cache.sent() ?? 0
    const etag = this.#cache.etag()
    const { arrived } = this
    return { text: this.#text, sent, arrived, cacheControl: this.#cacheControl, etag }
  }

  /** The text of the current set, trusted or not. */
  get text(): string | undefined {
    this.#now()
    return this.#set === undefined ? undefined : this.#text
  }

  /** When the current set arrived, in seconds since 1970. */
  get arrived(): number {
    return this.#cache.arrived() ?? 0
  }

  /** The error of the last fetch; `undefined` if it succeeded. */
  get lastError(): JOSEError | undefined {
    return this.#failed ? failureFrom(this.#failure) : undefined
  }

  /** The time since the issuer sent the current set, in seconds. */
  get age(): number | undefined {
    const now = this.#now()
    const sent = this.#set && this.#cache.sent()
    return sent === undefined ? undefined : Math.max(0, now - sent)
  }

  /** Whether there is a current set that is no longer fresh. */
  get stale(): boolean {
    return this.#set !== undefined && !this.isFresh
  }

  /** Whether the current set is fresh. */
  get isFresh(): boolean {
    return this.#cache.isFresh(this.#now())
  }

  /** Whether an unknown key causes no fetch now. */
  get isCoolingDown(): boolean {
    return this.#cache.isCoolingDown(this.#now())
  }

  /** Whether a fetch is pending. */
  get isLoading(): boolean {
    return this.#underWay > 0
  }

  /** Takes over a set that was fetched elsewhere, at first use. `read` then returns its times, or `undefined` to ignore it. */
  hydrate(set: T, read: (now: number) => StoredKeySet | undefined): void {
    this.#given.push((now) => {
      const stored = read(now)
      if (stored !== undefined) this.#take(set, stored, now)
    })
  }

  /** Returns the set to verify with: the current one, or one that is fetched now. */
  async find(waitUntil?: WaitUntil): Promise<Found<T>> {
    return { set: await this.#trusted(waitUntil), isFinal: false }
  }

  /**
   * Returns a newer set for a token for which `found` lacks something: one that another request fetched meanwhile, or one that is
   * fetched now. Returns `undefined` if the token may cause no further fetch.
   */
  async newerThan(found: Found<T>, missing: Missing, waitUntil?: WaitUntil): Promise<Found<T> | undefined> {
    if (found.isFinal) return undefined
    // The cool-down counts that fetch for this token too, so the token must be tried with its set.
    const arrived = this.current()
    if (arrived !== undefined && arrived !== found.set) return { set: arrived, isFinal: false }
    const newer = await this.#findNewer(missing, waitUntil)
    // The same set leads to the same verdict.
    return newer === undefined || newer === found.set ? undefined : { set: newer, isFinal: true }
  }

  /** Whether the set may be fetched again now because it lacks this. */
  asks(missing: Missing): boolean {
    return this.#cache.lookup(this.#now(), missing) !== 'refuse'
  }

  /** Returns a trusted set: the current one, or one that is fetched now. */
  async #trusted(waitUntil?: WaitUntil): Promise<T> {
    const isolated = requestsAreIsolated()
    for (let loadedShared = false; ;) {
      const now = this.#now()
      const decision = this.#cache.lookup(now, 'scheduled')
      // If background work would end with this request, the request itself must refresh the set.
      const inBackground = decision === 'refresh' && (waitUntil !== undefined || !isolated)
      if (decision === 'use') return this.#inHand()
      if (decision === 'unavailable') throw this.#unavailable(now, 'scheduled')
      if (inBackground) {
        this.#refreshInBackground(waitUntil)
        return this.#inHand()
      }
      if (decision === 'wait' && this.#pending.scheduled !== undefined) return this.#pending.scheduled
      if (!loadedShared && this.#shared.cache !== undefined) {
        loadedShared = true
        await this.#loadShared()
        continue
      }
      try {
        return await this.#load('scheduled', waitUntil)
      } catch (thrown) {
        // RFC 5861 §4: the old set stays in use, unless it became too old while this request waited.
        const still = this.current()
        if (still !== undefined && isWithoutKeys(thrown)) return still
        throw thrown
      }
    }
  }

  /** Returns a newer set for a token for which the current set lacks something. Returns `undefined` during the cool-down. */
  async #findNewer(missing: Missing, waitUntil: WaitUntil | undefined): Promise<T | undefined> {
    const now = this.#now()
    const decision = this.#cache.lookup(now, missing)
    switch (decision) {
      case 'refuse':
        return undefined
      case 'unavailable':
        throw this.#unavailable(now, missing)
      case 'fetch_key':
      case 'fetch_signature':
      case 'wait_key':
      case 'wait_signature': {
        const shared = this.#pending[missing]
        // Another request is fetching the set, which may contain the key. This request cannot await that fetch.
        if (shared === undefined && decision.startsWith('wait')) throw pending(this.#kind.about)
        const loading = shared ?? this.#load(missing, waitUntil)
        return missing === 'key' ? loading : loading.catch(unlessWithoutKeys)
      }
      default:
        return this.#renewedNow(missing, waitUntil)
    }
  }

  /** Returns a renewed set. The current one is no longer fresh, and the missing key may have been published since. */
  async #renewedNow(missing: Missing, waitUntil: WaitUntil | undefined): Promise<T> {
    if (this.current() === undefined) return this.#trusted(waitUntil)
    if (this.#pending.scheduled !== undefined) return this.#pending.scheduled
    if (this.#cache.lookup(this.#now(), missing) === 'wait') throw pending(this.#kind.about)
    return this.#load('scheduled', waitUntil)
  }

  /** Fetches the set now, whatever its age. */
  async reload(waitUntil: WaitUntil | undefined, pastCaches: boolean): Promise<T> {
    this.#now()
    return this.#load('scheduled', waitUntil, pastCaches)
  }

  /** Starts a refresh that is due, without waiting for it. Does nothing in runtimes where work ends with its request. */
  nudge(found: Purpose = 'scheduled'): void {
    if (requestsAreIsolated()) return
    const decision = this.#cache.lookup(this.#now(), found)
    if (decision === 'refresh' || decision === 'fetch') this.#refreshInBackground(undefined)
    if (decision === 'fetch_signature') void this.#load('signature', undefined).catch(() => {})
  }

  #refreshInBackground(waitUntil: WaitUntil | undefined): void {
    const work = async () => {
      if (this.#shared.cache !== undefined) {
        await this.#loadShared()
        if (this.#cache.lookup(this.#now(), 'scheduled') === 'use') return
      }
      await this.#load('scheduled', waitUntil)
    }
    const settled = work().catch(() => {})
    outlive(waitUntil, settled)
  }

  /** Fetches the set, or returns the promise of a pending fetch with the same purpose. */
  #load(
    purpose: Purpose,
    waitUntil: WaitUntil | undefined,
    pastCaches = purpose !== 'scheduled',
  ): Promise<T> {
    const shared = this.#pending[purpose]
    if (shared !== undefined) return shared
    const loading = this.#fetch(purpose, waitUntil, pastCaches)
    outlive(waitUntil, loading)
    if (requestsAreIsolated()) return loading
    const forget = () => {
      if (this.#pending[purpose] === loading) delete this.#pending[purpose]
    }
    this.#pending[purpose] = loading
    loading.then(forget, forget)
    return loading
  }

  /** Fetches the set, and reports the outcome to the core and the listener. */
  async #fetch(purpose: Purpose, waitUntil: WaitUntil | undefined, pastCaches: boolean): Promise<T> {
    const number = ++this.#started
    const begun = this.#now()
    this.#cache.started(begun, purpose)
    this.#underWay++
    const { at, settings, isUntimed } = this.#options
    const limit = deadline(isUntimed ? 0 : settings.timeoutDuration * 1000)
    try {
      const [kind] = this.#kind.about
      const base = this.#held()
      const { answer, set, asked } = await this.#request.send(base, limit, pastCaches)
      const now = this.#now()
      const fetching = Math.max(0, now - asked)
      const { age, cacheControl, etag, text } = answer
      const applied = this.#applied
      const superseded = number < Math.max(applied[purpose], applied.key, applied.signature)
      const replaced = text === undefined && this.#set !== base?.set
      if (superseded || replaced) {
        // The response confirms a set that was replaced meanwhile, so it is no evidence about the key. It still starts the cool-down.
        if (replaced && purpose === 'key') this.#cache.failed(now, purpose, 0)
        else this.#cache.superseded(now, purpose)
        applied[purpose] = Math.max(applied[purpose], number)
        this.#report('confirmed', answer.status)
        return this.#inHand()
      }
      const renewal =
        text === undefined
          ? this.#cache.confirmed(now, purpose, age, fetching, cacheControl)
          : this.#cache.renewed(now, purpose, age, fetching, cacheControl ?? '', etag)
      if (renewal === 'stale') throw unavailable(`${kind}_stale`, staleText(age))
      applied[purpose] = number
      if (renewal === 'older') {
        this.#report('confirmed', answer.status)
        return this.#inHand()
      }
      if (text !== undefined) this.#text = text
      this.#cacheControl = cacheControl ?? (text === undefined ? this.#cacheControl : '')
      this.#set = set
      this.#report(text === undefined ? 'confirmed' : 'renewed', answer.status)
      await this.#storeShared(now, waitUntil, limit)
      this.#options.arrived?.(this)
      return set
    } catch (thrown) {
      this.#request.forgetAddress()
      if (!isWithoutKeys(thrown)) {
        this.#cache.failed(this.#now(), purpose, 0)
        throw thrown
      }
      located(thrown, at.url ?? at.issuer)
      // The core has already counted a response that is too old.
      if (!thrown.refusal.endsWith('_stale')) this.#cache.failed(this.#now(), purpose, memberOf(thrown, 'retryAfter') ?? 0)
      this.#failure = failureOf(thrown)
      this.#report('failed', memberOf(thrown, 'status'))
      throw retry(thrown, this.#cache.retryAfter(this.#now(), purpose))
    } finally {
      limit.end()
      this.#underWay--
    }
  }

  /** Stores the outcome of a fetch, and calls the listener. Ignores errors of the listener. */
  #report(outcome: KeysEvent['outcome'], status: number | undefined): void {
    this.#failed = outcome === 'failed'
    const { at, onKeys } = this.#options
    if (onKeys === undefined) return
    const { age, stale, lastError: error } = this
    const facts = { ...(status !== undefined && { status }), ...(age !== undefined && { age }), ...(error && { error }) }
    notify(() => onKeys({ url: bareUrls(at.url ?? at.issuer), outcome, stale, ...facts }), undefined)
  }

  /** Takes over the set in the cache that the isolates of this data centre share. Ignores errors: the set is then fetched. */
  async #loadShared(): Promise<void> {
    const limit = deadline(Math.min(SHARED_CACHE_LIMIT, this.#options.settings.timeoutDuration * 1000))
    try {
      const stored = await Promise.race([this.#shared.load(), limit.late])
      if (stored !== undefined) this.#take(await this.#kind.read(record({ text: stored.text }), this.#held()), stored, this.#now())
    } catch {
      // There is no entry, or it is not a set of this kind.
    } finally {
      limit.end()
    }
  }

  /** Stores the current set in that cache, for as long as the set is trusted. */
  async #storeShared(now: number, waitUntil: WaitUntil | undefined, limit: Deadline): Promise<void> {
    const stored = this.state()
    const life = (this.#cache.trustedTo() ?? now) - now
    if (this.#shared.cache === undefined || stored === undefined || life < 1) return
    const storing = this.#shared.store(stored, life).catch(() => {})
    if (waitUntil === undefined) await Promise.race([storing, limit.late]).catch(() => {})
    else outlive(waitUntil, storing)
  }

  /** Makes a stored set the current one, unless the core has a newer one or rejects it as too old. */
  #take(set: T, stored: StoredKeySet, now: number): void {
    const { text, sent, arrived, cacheControl, etag } = stored
    if (!this.#cache.hydrated(now, sent, arrived, cacheControl, etag)) return
    this.#set = set
    this.#text = text
    this.#cacheControl = cacheControl
  }

  /** Returns the current set with its text, trusted or not. */
  #held(): Held<T> | undefined {
    return this.#set === undefined ? undefined : { set: this.#set, text: this.#text }
  }

  /** Returns the current set, trusted or not. */
  #inHand(): T {
    if (this.#set === undefined) throw failureFrom(this.#failure)
    return this.#set
  }

  /** Reads the clock, in seconds. Takes over the sets that were given since the last call. */
  #now(): number {
    const now = Date.now() / 1000
    if (this.#given.length > 0) for (const take of this.#given.splice(0)) take(now)
    return now
  }

  /** Returns the error for a request while there is no trusted set. */
  #unavailable(now: number, purpose: Purpose): JOSEError {
    return retry(failureFrom(this.#failure), this.#cache.retryAfter(now, purpose))
  }
}

function staleText(age: number): string {
  const advice = 'shorten the time in that cache, or raise `cacheMinAge`'
  return `a cache returned a response that is ${age} s old, older than its Cache-Control allows: ${advice}`
}

/** The state of a remote key set: when to use, refresh or fetch it. The core decides, without a clock or network. */
import { call, checkedAddress, Handle, optionalNumber, passString, takeOptionalString } from './bindings.js'

/** When to use, refresh, fetch or give up a remote key set. Times are seconds since 1970-01-01T00:00:00Z. */
export class KeyCache extends Handle {
  /** @param settings - the JSON text of an object */
  constructor(settings: string) {
    super('keycache', checkedAddress(call('keycache_fromSettings', ...passString(settings))))
  }

  /** What a request has to do, by what a look into the set found. */
  lookup(now: number, found: Purpose): Decision {
    return DECISIONS[call('keycache_lookup', this.address, now, PURPOSES.indexOf(found))] as Decision
  }

  /** After how many seconds an `unavailable` set can be requested again; 0 for every other decision. */
  retryAfter(now: number, found: Purpose): number {
    return call('keycache_retryAfter', this.address, now, PURPOSES.indexOf(found))
  }

  /** A fetch begins. */
  started(now: number, purpose: Purpose): void {
    call('keycache_started', this.address, now, PURPOSES.indexOf(purpose))
  }

  /** Whether an answer is too old, so that it has to be requested once more, past caches. `age` is its `Age`, in seconds. */
  asksPastCaches(now: number, age: number, cacheControl?: string): boolean {
    return call('keycache_asksPastCaches', this.address, now, age, ...passString(cacheControl)) !== 0
  }

  /** A usable set arrived. `age` is its `Age` and `fetching` the time of the fetch, in seconds. */
  renewed(
    now: number,
    purpose: Purpose,
    age: number,
    fetching: number,
    cacheControl: string,
    etag?: string,
  ): Renewal {
    const text = [...passString(cacheControl), ...passString(etag)] as const
    const renewal = call('keycache_renewed', this.address, now, PURPOSES.indexOf(purpose), age, fetching, ...text)
    return RENEWALS[renewal] as Renewal
  }

  /** The current set is still valid (304). Without `cacheControl`, its former value still counts. */
  confirmed(now: number, purpose: Purpose, age: number, fetching: number, cacheControl?: string): Renewal {
    const text = passString(cacheControl)
    const renewal = call('keycache_confirmed', this.address, now, PURPOSES.indexOf(purpose), age, fetching, ...text)
    return RENEWALS[renewal] as Renewal
  }

  /** Takes a set that was fetched elsewhere or earlier. Returns whether it is the current set now. */
  hydrated(now: number, sent: number, arrived: number, cacheControl: string, etag?: string): boolean {
    const text = [...passString(cacheControl), ...passString(etag)] as const
    return call('keycache_hydrated', this.address, now, sent, arrived, ...text) !== 0
  }

  /** The fetch failed, or its answer is not a key set. `retryAfter` is the answer's `Retry-After` in seconds, or 0. */
  failed(now: number, purpose: Purpose, retryAfter: number): void {
    call('keycache_failed', this.address, now, PURPOSES.indexOf(purpose), retryAfter)
  }

  /** The issuer answered, but a later fetch brought a newer answer first. */
  superseded(now: number, purpose: Purpose): void {
    call('keycache_superseded', this.address, now, PURPOSES.indexOf(purpose))
  }

  /** Whether the current set may be used. */
  isTrusted(now: number): boolean {
    return call('keycache_isTrusted', this.address, now) !== 0
  }

  /** Whether the current set is fresh. */
  isFresh(now: number): boolean {
    return call('keycache_isFresh', this.address, now) !== 0
  }

  /** Whether the cool-down forbids another fetch for an unknown key. */
  isCoolingDown(now: number): boolean {
    return call('keycache_isCoolingDown', this.address, now) !== 0
  }

  /** The entity tag of the current set. */
  etag(): string | undefined {
    return takeOptionalString(call('keycache_etag', this.address))
  }

  /** When the origin sent the current set. */
  sent(): number | undefined {
    return optionalNumber(call('keycache_sent', this.address))
  }

  /** When the current set arrived where it was fetched. */
  arrived(): number | undefined {
    return optionalNumber(call('keycache_arrived', this.address))
  }

  /** When the current set stops being trusted, unless it is renewed. */
  trustedTo(): number | undefined {
    return optionalNumber(call('keycache_trustedTo', this.address))
  }
}

/** What a request has to do about a remote key set, in the core's order. */
const DECISIONS = [
  'use',
  'refresh',
  'refuse',
  'unavailable',
  'fetch',
  'fetch_key',
  'fetch_signature',
  'wait',
  'wait_key',
  'wait_signature',
] as const
export type Decision = (typeof DECISIONS)[number]
/**
 * Why a fetch is made, or what a look into the set found: `scheduled` (no look yet), no `key` for the token, a
 * `signature` that no key verifies.
 */
const PURPOSES = ['scheduled', 'key', 'signature'] as const
export type Purpose = (typeof PURPOSES)[number]
/** What became of an answer: `older` than the current set, which stays; `stale`, too old to be trusted. */
const RENEWALS = ['taken', 'older', 'stale'] as const
export type Renewal = (typeof RENEWALS)[number]

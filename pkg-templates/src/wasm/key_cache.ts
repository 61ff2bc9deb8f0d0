/** The binding of the core's `KeyCache`, which decides when to use, refresh or fetch a remote key set. */
import { call, checkedAddress, Handle, optionalNumber, passString, takeOptionalString } from './bindings.js'

/** Decides when to use, refresh, fetch or give up a remote key set, without a clock or network. Times are seconds since 1970-01-01T00:00:00Z. */
export class KeyCache extends Handle {
  /** @param settings - the JSON text of the option `settings` of `KeySetLoaderOptions` */
  constructor(settings: string) {
    super('keycache', checkedAddress(call('keycache_fromSettings', ...passString(settings))))
  }

  /** Returns the action for a request. `found` is the result of its lookup in the current set. */
  lookup(now: number, found: Purpose): Decision {
    return DECISIONS[call('keycache_lookup', this.address, now, PURPOSES.indexOf(found))] as Decision
  }

  /** Returns the number of seconds until an `unavailable` set can be requested again. Returns 0 for every other decision. */
  retryAfter(now: number, found: Purpose): number {
    return call('keycache_retryAfter', this.address, now, PURPOSES.indexOf(found))
  }

  /** Records that a fetch begins. */
  started(now: number, purpose: Purpose): void {
    call('keycache_started', this.address, now, PURPOSES.indexOf(purpose))
  }

  /** Whether a response is too old, so that the request must be repeated and bypass caches. `age` is its `Age`, in seconds. */
  asksPastCaches(now: number, age: number, cacheControl?: string): boolean {
    return call('keycache_asksPastCaches', this.address, now, age, ...passString(cacheControl)) !== 0
  }

  /** Records that a usable set arrived. `age` is its `Age` and `fetching` the duration of the fetch, in seconds. */
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

  /** Records that the current set is still valid (304). Without `cacheControl`, its former value still applies. */
  confirmed(now: number, purpose: Purpose, age: number, fetching: number, cacheControl?: string): Renewal {
    const text = passString(cacheControl)
    const renewal = call('keycache_confirmed', this.address, now, PURPOSES.indexOf(purpose), age, fetching, ...text)
    return RENEWALS[renewal] as Renewal
  }

  /** Records a set that was fetched elsewhere or earlier. Returns whether it is now the current set. */
  hydrated(now: number, sent: number, arrived: number, cacheControl: string, etag?: string): boolean {
    const text = [...passString(cacheControl), ...passString(etag)] as const
    return call('keycache_hydrated', this.address, now, sent, arrived, ...text) !== 0
  }

  /** Records that a fetch failed, or that its response is not a key set. `retryAfter` is the response's `Retry-After` in seconds, or 0. */
  failed(now: number, purpose: Purpose, retryAfter: number): void {
    call('keycache_failed', this.address, now, PURPOSES.indexOf(purpose), retryAfter)
  }

  /** Records a response that arrived after the response of a later fetch. */
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

  /** Returns the entity tag of the current set. */
  etag(): string | undefined {
    return takeOptionalString(call('keycache_etag', this.address))
  }

  /** Returns the time at which the issuer sent the current set. */
  sent(): number | undefined {
    return optionalNumber(call('keycache_sent', this.address))
  }

  /** Returns the time at which the current set was received. */
  arrived(): number | undefined {
    return optionalNumber(call('keycache_arrived', this.address))
  }

  /** Returns the time until which the current set is trusted. */
  trustedTo(): number | undefined {
    return optionalNumber(call('keycache_trustedTo', this.address))
  }
}

/** The decisions, in the core's order. */
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
/** The action for a request: use the current set, fetch it, wait for another fetch, or refuse the token. */
export type Decision = (typeof DECISIONS)[number]
/**
 * The purposes of a fetch, in the core's order. `scheduled`: the set is missing or no longer fresh. `key`: the set has no key for the token.
 * `signature`: no key of the set verifies the signature.
 */
const PURPOSES = ['scheduled', 'key', 'signature'] as const
/** The purpose of a fetch, or the result of a lookup that leads to it. */
export type Purpose = (typeof PURPOSES)[number]
/** The results of a response, in the core's order. `older`: older than the current set, which stays. `stale`: too old to be trusted. */
const RENEWALS = ['taken', 'older', 'stale'] as const
/** The result of a response. */
export type Renewal = (typeof RENEWALS)[number]

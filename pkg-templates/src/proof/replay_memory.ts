/** Stores used DPoP proofs in bounded memory, to detect replays (RFC 9449 §11.1). */
import { Options, size } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import type { MaybePromise } from '../gate/types.js'

/** Stores used proofs. Instances of the same API must share one store. Otherwise a proof can be used once at each instance. */
export interface ReplayStore {
  /**
   * Stores a proof, in one atomic step: of two calls at the same time with the same `key`, only one may return `false`.
   *
   * @param key - identifies the proof: the thumbprint of its key, a dot, and a hash; 87 characters
   * @param until - the time until which it must be stored, in seconds since 1970
   * @param now - the current time, in the same unit
   * @returns `false` if the key is new, `true` if it was stored before, `'full'` if this thumbprint has too many entries
   */
  seen(key: string, until: number, now: number): MaybePromise<boolean | 'full'>
}

/** The bounds of {@link replayMemory}. */
export interface ReplayMemoryOptions {
  /** The most proofs of all keys together. Default: 100,000. */
  maxEntries?: number
  /** The most proofs of one key. Default: 2,000. */
  maxPerKey?: number
}

/**
 * Makes a store in the memory of this process or isolate. It does not protect across instances.
 *
 * @throws `TypeError` that names an invalid option
 */
export function replayMemory(options: ReplayMemoryOptions = {}): ReplayStore {
  const given = new Options('replayMemory', options, ['maxEntries', 'maxPerKey'])
  const maxEntries = given.read('maxEntries', size) ?? 100_000
  const maxPerKey = given.read('maxPerKey', size) ?? Math.min(2_000, maxEntries)
  if (maxPerKey > maxEntries) throw optionError('maxPerKey', 'must be at most `maxEntries`')
  /** The proofs of each thumbprint, with the time until which each must be stored. */
  const shares = new Map<string, Map<string, number>>()
  let count = 0
  /** The number of entries that starts the next sweep. It doubles, so that sweeps are cheap on average. */
  let nextSweep = Math.min(1_000, maxEntries)
  /** The second in which a sweep found the memory full. Another sweep in the same second would find nothing. */
  let lastFullSweep: number | undefined

  const sweepShare = (thumbprint: string, share: Map<string, number>, now: number) => {
    for (const [entry, until] of share) if (until < now && share.delete(entry)) count--
    if (share.size === 0) shares.delete(thumbprint)
  }
  const sweep = (now: number) => {
    for (const [thumbprint, share] of shares) sweepShare(thumbprint, share, now)
    nextSweep = Math.min(maxEntries, Math.max(1_000, count * 2))
  }

  return {
    seen(key, until, now) {
      const dot = key.indexOf('.')
      const thumbprint = key.slice(0, dot)
      let share = shares.get(thumbprint)
      if (share?.has(key) === true) return true
      if (share !== undefined && share.size >= maxPerKey) {
        sweepShare(thumbprint, share, now)
        if (share.size >= maxPerKey) return 'full'
      }
      if (count >= nextSweep && now !== lastFullSweep) {
        sweep(now)
        if (count >= maxEntries) lastFullSweep = now
      }
      if (count >= maxEntries) throw new Error('the memory of used proofs is full: raise `maxEntries`')
      share = shares.get(thumbprint)
      if (share === undefined) shares.set(thumbprint, (share = new Map()))
      share.set(key, until)
      count++
      return false
    },
  }
}

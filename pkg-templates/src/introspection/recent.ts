/** Caches values for a short time, in bounded memory. */

/** A value and its time span, in seconds since 1970. If the clock is set back, the value is invalid. */
interface Entry<T> {
  readonly value: T
  readonly from: number
  readonly until: number
  readonly size: number
}

/** The most memory of all values, in bytes. */
const MAX_BYTES = 8 << 20

/** Caches values by name. Drops the oldest if there are too many, or if they take too much memory. */
export class Recent<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #maxEntries: number
  #bytes = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Returns the value, if it is cached and valid. */
  find(name: string): T | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    const now = seconds()
    if (now >= entry.from && now < entry.until) return entry.value
    this.forget(name)
    return undefined
  }

  /** Caches the value for this many seconds. `size` is in bytes. */
  keep(name: string, value: T, duration: number, size: number): void {
    if (duration <= 0) return
    this.forget(name)
    const now = seconds()
    this.#entries.set(name, { value, from: now, until: now + duration, size })
    this.#bytes += size
    // A Map keeps the order of insertion.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= MAX_BYTES) return
      this.forget(oldest)
    }
  }

  forget(name: string): void {
    this.#bytes -= this.#entries.get(name)?.size ?? 0
    this.#entries.delete(name)
  }
}

function seconds(): number {
  return Date.now() / 1000
}

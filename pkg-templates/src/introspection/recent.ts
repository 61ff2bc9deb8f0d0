/** Remembers answers for a short time, in bounded memory. */

/** A time span, in seconds since 1970. A clock that is set back makes it invalid. */
interface Entry<T> {
  readonly value: T
  readonly from: number
  readonly until: number
}

/** Values by name. The oldest is dropped where there are too many. */
export class Recent<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #maxEntries: number

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Returns the value, if it is still remembered. */
  find(name: string): T | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    const now = seconds()
    if (now >= entry.from && now < entry.until) return entry.value
    this.#entries.delete(name)
    return undefined
  }

  /** Remembers the value for so many seconds. */
  keep(name: string, value: T, duration: number): void {
    if (duration <= 0) return
    this.#entries.delete(name)
    const now = seconds()
    this.#entries.set(name, { value, from: now, until: now + duration })
    if (this.#entries.size > this.#maxEntries) this.forget(this.#entries.keys().next().value as string)
  }

  forget(name: string): void {
    this.#entries.delete(name)
  }
}

function seconds(): number {
  return Date.now() / 1000
}

/** Keeps the status lists of one gate or verifier: each is fetched when it is needed, and their number and size are bounded. */
import { Loader } from '../remote/loader.js'
import type { LoaderOptions } from '../remote/source_options.js'
import { type Expected, type StatusList, statusListKind } from './status_list.js'

/** The bounds of {@link Lists}. */
export interface Bounds {
  readonly maxLists: number
  /** The most bytes of one list. All lists together may have four times as many. */
  readonly maxBytes: number
}

/** A list, and the bytes that it takes. */
interface Entry {
  readonly loader: Loader<StatusList>
  size: number
}

/** Lists by issuer and address. The ones that were not used for the longest time are dropped. */
export class Lists {
  readonly #entries = new Map<string, Entry>()
  readonly #options: Omit<LoaderOptions, 'at'>
  readonly #bounds: Bounds

  constructor(options: Omit<LoaderOptions, 'at'>, bounds: Bounds) {
    this.#options = options
    this.#bounds = bounds
  }

  /** Returns the loader of a list. */
  of(expected: Omit<Expected, 'maxBytes'>): Loader<StatusList> {
    const { uri, issuer = '' } = expected
    // A space is in no URL.
    const name = `${uri} ${issuer}`
    const entry = this.#entries.get(name) ?? this.#newEntry(expected)
    // A Map keeps the order of insertion.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    this.#drop()
    return entry.loader
  }

  #newEntry(expected: Omit<Expected, 'maxBytes'>): Entry {
    const { maxBytes } = this.#bounds
    const kind = statusListKind({ ...expected, maxBytes }, (bytes) => {
      entry.size = bytes
      this.#drop()
    })
    const entry: Entry = { loader: new Loader({ ...this.#options, at: { url: expected.uri } }, kind), size: 0 }
    return entry
  }

  #drop(): void {
    const { maxLists, maxBytes } = this.#bounds
    let size = 0
    for (const entry of this.#entries.values()) size += entry.size
    for (const [name, entry] of this.#entries) {
      if (this.#entries.size === 1 || (this.#entries.size <= maxLists && size <= 4 * maxBytes)) return
      this.#entries.delete(name)
      size -= entry.size
    }
  }
}

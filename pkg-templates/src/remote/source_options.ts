/** The options of a key set loader, and the types of its interface. */
import type { KeySet } from '../keys/key_set.js'
import type { Purpose } from '../wasm/bindings.js'
import type { FetchFunction } from './fetch_text.js'

/** Keeps a worker alive for work that outlives its request: `ctx.waitUntil`. */
export type WaitUntil = (work: Promise<unknown>) => void

/** What a set lacks for a token: a key, or one that verifies its signature. */
export type Missing = Exclude<Purpose, 'scheduled'>

/** A key set that a token is looked up in. */
export interface FoundSet {
  readonly set: KeySet
  /** Whether it was fetched for this token: the token causes no further fetch. */
  readonly isFinal: boolean
}

/** The state of a loader when a set has arrived. */
export interface Source {
  /** The text of the current set. */
  readonly text: string | undefined
  /** When it arrived, in seconds since 1970. */
  readonly arrived: number
}

/** The options of a loader. Durations are seconds. */
export interface KeySourceOptions {
  /** The address of the set, or the issuer whose metadata names it. */
  readonly at:
    | { readonly url: string; readonly issuer?: never; readonly named?: never }
    | {
        readonly issuer: string
        /** The issuer that the metadata must name, if that is not the address: the template of many tenants. */
        readonly named?: string | undefined
        readonly url?: never
      }
  /** The header fields of each request, or a function that returns them. */
  readonly headers: Headers | (() => Promise<Headers>)
  /** Whether the set may be shared with other isolates. A function's may not: nothing identifies it. Default: `true`. */
  readonly shareable?: boolean
  readonly fetch: FetchFunction | undefined
  readonly settings: {
    readonly cacheMaxAge: number
    readonly cacheMinAge: number
    readonly maxStale: number
    readonly cooldownDuration: number
    readonly cooldownAfterAny?: boolean
    readonly timeoutDuration: number
  }
  /** Called with each set that the origin sent or confirmed. */
  readonly arrived?: (source: Source) => void
}

/** The options of a key set loader, and the types of its interface. */
import type { KeySet } from '../keys/key_set.js'
import type { Purpose } from '../wasm/key_cache.js'
import type { JOSEError } from '../base/errors.js'
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

/** How one fetch of a key set ended, for logs and counters. */
export interface KeysEvent {
  /** Where the set is fetched from, without user, query and fragment: the URL, or the issuer whose metadata names it. */
  readonly url: string
  /** `renewed`: a set arrived. `confirmed`: the set in hand is still the one. `failed`: see `error`. */
  readonly outcome: 'renewed' | 'confirmed' | 'failed'
  /** The HTTP status, if there was an answer. */
  readonly status?: number
  /** How old the set in hand is, in seconds; absent without one. */
  readonly age?: number
  /** Whether the set in hand is older than the issuer allows, and serves on until `maxStale`. */
  readonly stale: boolean
  /** Why the fetch failed. */
  readonly error?: JOSEError
}

/** The state of a loader when a set has arrived. */
export interface Source {
  /** The text of the current set. */
  readonly text: string | undefined
  /** When it arrived, in seconds since 1970. */
  readonly arrived: number
}

/** The options of a loader. Durations are seconds. */
export interface KeySetLoaderOptions {
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
  /** Fetches instead of the runtime's `fetch`. Such a set is not shared with other isolates. */
  readonly fetch: FetchFunction | undefined
  readonly settings: {
    readonly cacheMaxAge: number
    readonly cacheMinAge: number
    readonly maxStale: number
    readonly cooldownDuration: number
    readonly cooldownAfterAny?: boolean
    readonly timeoutDuration: number
  }
  /** Whether a fetch has no time limit: at a worker's module scope no timer can be set. */
  readonly isUntimed?: boolean
  /** Called after each fetch. */
  readonly onKeys?: ((event: KeysEvent) => void) | undefined
  /** Called with each set that the origin sent or confirmed. */
  readonly arrived?: (source: Source) => void
}

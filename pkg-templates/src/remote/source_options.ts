/** The options of a loader, and the types of its interface. */
import type { Purpose } from '../wasm/key_cache.js'
import type { JOSEError } from '../base/errors.js'
import type { About, FetchedText, FetchFunction } from './fetch_text.js'

/** Keeps a worker alive for work that continues after its request: `ctx.waitUntil`. */
export type WaitUntil = (work: Promise<unknown>) => void

/** The reason to look for a newer set: no `key` matches the token, or no key verifies its `signature`. */
export type Missing = Exclude<Purpose, 'scheduled'>

/** A set that a token is looked up in: a key set, or a status list. */
export interface Found<T> {
  readonly set: T
  /** Whether it was fetched for this token: the token causes no further fetch. */
  readonly isFinal: boolean
}

/** How one fetch of a key set ended, for logs and counters. */
export interface KeysEvent {
  /** The source of the set, without user, query and fragment: the URL, or the issuer whose metadata names the URL. */
  readonly url: string
  /** `renewed`: a new set arrived. `confirmed`: the current set stays. `failed`: see `error`. */
  readonly outcome: 'renewed' | 'confirmed' | 'failed'
  /** The HTTP status, if there was a response. */
  readonly status?: number
  /** The time since the issuer sent the current set, in seconds; absent without a set. */
  readonly age?: number
  /** Whether the current set is no longer fresh. It stays in use for at most `maxStale`. */
  readonly stale: boolean
  /** The error of a failed fetch. */
  readonly error?: JOSEError
}

/** The state of a loader when a set has arrived. */
export interface Source {
  /** The text of the current set. */
  readonly text: string | undefined
  /** The time at which it arrived, in seconds since 1970. */
  readonly arrived: number
}

/** A set in hand, with its text. */
export interface Held<T> {
  readonly set: T
  readonly text: string
}

/** A kind of sets that a loader fetches and keeps. */
export interface Kind<T> {
  /** The prefix of refusal codes, and the name in messages. */
  readonly about: About & readonly ['key_set' | 'status_list', string]
  /**
   * Reads an answer, and may replace its text, its age and its `Cache-Control`. Without a text, `held` was confirmed. The answer of a
   * cache has a text alone.
   *
   * @throws {@link JWKSInvalid} if it contains no usable set
   */
  read(answer: Answer, held: Held<T> | undefined): T | Promise<T>
}

/** An answer that is read. */
export type Answer = { -readonly [Name in keyof FetchedText]?: FetchedText[Name] }

/** The options of a loader. Durations are seconds. */
export interface LoaderOptions {
  /** The address of the set, or the issuer whose metadata names it. */
  readonly at:
    | { readonly url: string; readonly issuer?: never; readonly named?: never }
    | {
        readonly issuer: string
        /** The issuer that the metadata must contain, if it differs from the address, as the template of many tenants does. */
        readonly named?: string | undefined
        readonly url?: never
      }
  /** The header fields of each request, or a function that returns them. */
  readonly headers: Headers | (() => Promise<Headers>)
  /** A function that replaces the runtime's `fetch`. Such a set is not shared with other isolates. */
  readonly fetch: FetchFunction | undefined
  readonly settings: {
    readonly cacheMaxAge: number
    readonly cacheMinAge: number
    readonly maxStale: number
    readonly cooldownDuration: number
    readonly cooldownAfterAny?: boolean
    readonly timeoutDuration: number
  }
  /** Whether fetches have no time limit, because no timer can be set at a worker's module scope. */
  readonly isUntimed?: boolean
  /** Called after each fetch. */
  readonly onKeys?: ((event: KeysEvent) => void) | undefined
  /** Called with each set that the issuer sent or confirmed. */
  readonly arrived?: (source: Source) => void
}

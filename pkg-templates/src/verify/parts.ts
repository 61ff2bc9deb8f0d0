/**
 * The parts of a verifier that a program may do without. Each is a value that brings its code, so that bundlers leave out the others:
 * `jotgate` uses all of them, `jotgate/verifier` those in `use`.
 */
import type { Options } from '../base/options.js'
import type { KeySet } from '../keys/key_set.js'
import type { RemoteKeySet, RemoteKeySetOptions } from '../remote/remote_key_set.js'
import type { Keys, Policy } from '../wasm/bindings.js'
import type { HostAnswer } from '../wasm/calls.js'
import type { Judge, KeyedVerdict, PolicyJudge } from './judge.js'
import type { PolicyFields } from './policy.js'

/** The code of each part. */
export interface Parts {
  /** Keys that are fetched. Without the part, its functions throw. */
  readonly remoteKeys: {
    /** The set for `keys` that are one or a function; `undefined` for every other value. */
    from(value: unknown, options: RemoteKeySetOptions): RemoteKeySet | undefined
    /** The set at a URL. `name` is the option. */
    at(name: string, url: unknown, options: RemoteKeySetOptions): RemoteKeySet
    /** The set that an issuer's metadata names. */
    of(issuer: string, options: RemoteKeySetOptions): RemoteKeySet
    /** A verifier with such a set. */
    verifier(options: Options, fields: PolicyFields, keys: RemoteKeySet, parts: Parts): PolicyJudge
    /** The same with a given set, which is fetched without a network and without a timer. */
    known(options: Options, fields: PolicyFields, jwks: object, parts: Parts): PolicyJudge
  }
  /** Several issuers. */
  readonly issuers?: (options: Options, fields: PolicyFields, parts: Parts) => Judge
  /** A cache of accepted tokens. */
  readonly tokenCache?: (bounds: unknown, fields: PolicyFields) => VerdictCache
  /** RSA by the runtime's cryptography. */
  readonly hostRsa?: () => HostQuestions
  /** Warms up the code that a token passes besides that of its verifier. This is no part for `use`. */
  readonly rehearse?: Rehearse
}

/** Passes a known token to a verifier with its key, and the verdict to what follows. */
export type Rehearse = (verifier: Judge, token: string) => Promise<unknown>

/** The verdicts on accepted tokens. `now` is in seconds; `set` is the current set, `undefined` for a single key. */
export interface VerdictCache {
  /** Whether the text is cached, valid or not. */
  has(token: unknown): boolean
  /** Returns the cached verdict of the text, if it is still valid. */
  find(token: unknown, set: KeySet | undefined, now: number): KeyedVerdict | undefined
  /** Caches an accepted token. */
  keep(token: unknown, verdict: KeyedVerdict, set: KeySet | undefined, now: number): void
}

/** Asks the runtime about the RSA signatures of one verifier. */
export interface HostQuestions {
  /** Whether to {@link ask} about the next token. */
  waits(): boolean
  /** The runtime's answer about a token's signature, if it gives one. */
  ask(policy: Policy, keys: Keys | KeySet, token: unknown): Promise<boolean | undefined>
  /** The answer for the core. `holds` is the result of {@link ask}. */
  answer(keys: Keys | KeySet, holds: boolean | undefined): HostAnswer | undefined
}

/** The name of a part. */
export type PartName = Exclude<keyof Parts, 'rehearse'>

/** A part for the option `use` of the `Verifier` of `jotgate/verifier`. */
export class Part<Name extends PartName = PartName> {
  /** Only this package makes parts: the member exists in the types alone, so that no other object has the type. */
  declare protected readonly brand: never

  /** @internal */
  constructor(
    /** Its name. */
    readonly name: Name,
    /** @internal */
    readonly code: Required<Parts>[Name],
  ) {}
}

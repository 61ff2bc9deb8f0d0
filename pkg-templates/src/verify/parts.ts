/**
 * The optional parts of a verifier. Each is a value that contains its code, so that bundlers leave out unused parts. `jotgate` uses all of
 * them, and `jotgate/verifier` uses those in the option `use`.
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
  /** Fetches keys. If the part is not in use, these functions throw. */
  readonly remoteKeys: {
    /** Returns the set if `value` is a `RemoteKeySet` or a function. Returns `undefined` for every other value. */
    from(value: unknown, options: RemoteKeySetOptions): RemoteKeySet | undefined
    /** Returns the set at a URL. `name` is the option. */
    at(name: string, url: unknown, options: RemoteKeySetOptions): RemoteKeySet
    /** Returns the set that an issuer's metadata names. */
    of(issuer: string, options: RemoteKeySetOptions): RemoteKeySet
    /** Makes a verifier with such a set. */
    verifier(options: Options, fields: PolicyFields, keys: RemoteKeySet, parts: Parts): PolicyJudge
    /** Makes a verifier that "fetches" this set without a network and without a timer, for the warm-up. */
    known(options: Options, fields: PolicyFields, jwks: object, parts: Parts): PolicyJudge
  }
  /** Makes the verifier of several issuers. */
  readonly issuers?: (options: Options, fields: PolicyFields, parts: Parts, collect: Collect) => Judge
  /** Makes a cache of accepted tokens. */
  readonly tokenCache?: (bounds: unknown, fields: PolicyFields) => VerdictCache
  /** Makes the object that asks the runtime's cryptography about RSA signatures. */
  readonly hostRsa?: () => HostQuestions
  /** Warms up the code that runs before and after the verifier. It cannot be listed in `use`. */
  readonly rehearse?: Rehearse
}

/** Makes the verifier of one issuer. */
export type MakeVerifier<Keys> = (options: Options, fields: PolicyFields, keys: Keys, parts: Parts) => PolicyJudge

/** Replaces a function that makes verifiers by one that also collects their rules. */
export type Collect = <Keys>(make: MakeVerifier<Keys>) => MakeVerifier<Keys>

/** Passes a known token through a verifier and the code around it. */
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
  /** Whether {@link ask} should be called for the next token. */
  waits(): boolean
  /** Asks whether a token's signature is valid. Resolves to `undefined` if the runtime does not answer. */
  ask(policy: Policy, keys: Keys | KeySet, token: unknown): Promise<boolean | undefined>
  /** Returns the function that answers the core. `holds` is the result of {@link ask}. */
  answer(keys: Keys | KeySet, holds: boolean | undefined): HostAnswer | undefined
}

/** The name of a part. */
export type PartName = Exclude<keyof Parts, 'rehearse'>

/** A part for the option `use` of the `Verifier` of `jotgate/verifier`. */
export class Part<Name extends PartName = PartName> {
  /** Exists in the types only, so that no object of another package has this type. */
  declare protected readonly brand: never

  /** @internal */
  constructor(
    /** Its name. */
    readonly name: Name,
    /** @internal */
    readonly code: Required<Parts>[Name],
  ) {}
}

/** The interface that verifiers for one issuer and for several issuers share, and its result. */
import type { ImportedKey } from '../keys/imported_key.js'
import type { WaitUntil } from '../remote/source_options.js'
import type { Policy } from '../wasm/bindings.js'
import type { Verdict } from '../wasm/calls.js'
import type { PolicyFields } from './policy.js'

/** A verdict and the key of the set that was used. `fetchable`: the verdict is synchronous, and a fetch might find the missing key. */
export type KeyedVerdict = Verdict & { readonly key: ImportedKey | undefined; readonly fetchable: boolean }

/** Verifies tokens. */
export interface Judge {
  /** Verifies a token without waiting. Throws if a remote set has not arrived yet. */
  judgeNow(token: unknown): KeyedVerdict
  /** Verifies a token, after a fetch if the key is missing. Throws if the fetch fails. */
  judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict>
}

/** Verifies tokens of one issuer. */
export interface PolicyJudge extends Judge {
  /** The policy, for its limit of a token's length. */
  readonly policy: Policy
}

/** The rules of one issuer. */
export interface IssuerRules {
  readonly fields: PolicyFields
  /** Makes a verifier with this issuer's keys and other rules. */
  verifierFor(fields: PolicyFields): Judge
}

/** What is known about a gate or a verifier. */
export interface JudgeContext {
  /** Verifies tokens. */
  readonly local: Judge
  readonly rules: readonly IssuerRules[]
  /** The clock, in seconds. */
  readonly now: () => number
}

/** Verifies the tokens of one issuer, with keys and a policy that were checked once. `Verifier` and the gate use it. */
import { flag, type Options } from '../base/options.js'
import { jsonOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { KeySet, setHandle, setKey, skippedText } from '../keys/key_set.js'
import type { RemoteKeySet, WaitUntil } from '../remote/remote_key_set.js'
import { Keys, type Policy } from '../wasm/bindings.js'
import { verify, type Verdict } from '../wasm/calls.js'
import type { KeyedVerdict, PolicyJudge } from './judge.js'
import type { HostQuestions, Parts, VerdictCache } from './parts.js'
import { clockFrom, type PolicyFields, policyFrom } from './policy.js'
import { warmUp } from './warm_up.js'

/** One key, or a set. */
export type KeysInHand = Keys | KeySet

/** Makes the verifier of one issuer. `options` contain {@link PolicyOptions}; `fields` are those for the core. */
export function verifierOf(options: Options, fields: PolicyFields, keys: KeysInHand | RemoteKeySet, parts: Parts): PolicyJudge {
  if (keys instanceof Keys || keys instanceof KeySet) return new IssuerVerifier(options, fields, keys, parts)
  return parts.remoteKeys.verifier(options, fields, keys, parts)
}

/** A policy, and keys that were checked and prepared. */
export class IssuerVerifier implements PolicyJudge {
  readonly policy: Policy
  readonly #now: () => number
  readonly #keys: KeysInHand | undefined
  /** Verifies RSA signatures instead of the core. */
  readonly #host: HostQuestions | undefined
  /** The tokens that were accepted, if the option is set. */
  readonly #cache: VerdictCache | undefined

  /** `keys` may be `undefined` for a subclass that has others. */
  constructor(options: Options, fields: PolicyFields, keys: KeysInHand | undefined, parts: Parts) {
    const { algorithms = [] } = fields
    this.policy = policyFrom(jsonOf(fields))
    this.#now = clockFrom(options)
    this.#keys = keys
    const rsa = algorithms.some((name) => name.startsWith('RS') || name.startsWith('PS'))
    if ((options.read('hostCrypto', flag) ?? true) && rsa) this.#host = parts.hostRsa?.()
    this.#cache = options.read('tokenCache', (_, bounds) => parts.tokenCache?.(bounds, fields))
    // Keys that no algorithm of the list can use are a mistake that must show now, not at the first request.
    if (keys instanceof Keys) presentable(this.policy, keys)
    else if (keys !== undefined) usable(algorithms, keys)
    warmUp(algorithms, options.read('warm', flag), keys, parts, IssuerVerifier)
  }

  judgeNow(token: unknown): KeyedVerdict {
    return this.judgeWith(this.#keys as KeysInHand, token)
  }

  async judge(token: unknown, _: WaitUntil | undefined): Promise<KeyedVerdict> {
    const keys = this.#keys as KeysInHand
    const answer = this.askHost(keys, token)
    return this.judgeWith(keys, token, answer && (await answer))
  }

  /** The answer of a host that answers asynchronously, if it is to be asked. */
  protected askHost(keys: KeysInHand, token: unknown): Promise<boolean | undefined> | undefined {
    return this.#host?.waits() && this.#cache?.has(token) !== true ? this.#host.ask(this.policy, keys, token) : undefined
  }

  /** The verdict with these keys. `holds` is the host's answer, if it was asked before. */
  protected judgeWith(keys: KeysInHand, token: unknown, holds?: boolean): KeyedVerdict {
    const set = keys instanceof KeySet ? keys : undefined
    const now = this.#now()
    const known = this.#cache?.find(token, set, now)
    if (known !== undefined) return known
    const verdict = verify(this.policy, handleOf(keys), token, now, this.#host?.answer(keys, holds))
    const keyed = withKey(verdict, set)
    this.#cache?.keep(token, keyed, set, now)
    return keyed
  }
}

/** The handle of a key or a set. */
export function handleOf(keys: KeysInHand): Keys {
  return keys instanceof KeySet ? setHandle(keys) : keys
}

/** The verdict, with the key of the set that led to it. */
export function withKey(verdict: Verdict, set: KeySet | undefined): KeyedVerdict {
  const key = verdict.ok && set !== undefined ? setKey(set, verdict.keyIndex) : undefined
  if (verdict.ok || set === undefined || set.skipped.length === 0 || verdict.refusal.code !== 'no_matching_key') {
    return { ...verdict, key, fetchable: false }
  }
  // The token's key may be one of those that can't be used.
  return { ...verdict, refusal: { ...verdict.refusal, skipped: set.skipped }, key, fetchable: false }
}

function usable(algorithms: readonly string[], set: KeySet): void {
  if (set.size === 0) throw optionError('keys', `contains no usable key${skippedText(set)}`)
  if (!set.keys.some((key) => key.algorithms.some((algorithm) => algorithms.includes(algorithm)))) {
    throw optionError('keys', `contains no key for these algorithms${skippedText(set)}`)
  }
}

function presentable(policy: Policy, key: Keys): void {
  try {
    policy.checkKey(key)
  } catch (thrown) {
    if (thrown instanceof TypeError) throw thrown
    throw Object.assign(optionError('keys', `can't be used with these algorithms: ${(thrown as Error).message}`), {
      refusal: (thrown as { refusal?: string }).refusal,
    })
  }
}

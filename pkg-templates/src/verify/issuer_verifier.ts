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

/** Keys that need no fetch: one key, or a set. */
export type KeysInHand = Keys | KeySet

/** Makes the verifier of one issuer. `options` contain {@link PolicyOptions}; `fields` is the checked policy for the core. */
export function verifierOf(options: Options, fields: PolicyFields, keys: KeysInHand | RemoteKeySet, parts: Parts): PolicyJudge {
  if (keys instanceof Keys || keys instanceof KeySet) return new IssuerVerifier(options, fields, keys, parts)
  return parts.remoteKeys.verifier(options, fields, keys, parts)
}

/** Verifies tokens by one policy, with keys that were checked and prepared. */
export class IssuerVerifier implements PolicyJudge {
  readonly policy: Policy
  readonly #now: () => number
  readonly #keys: KeysInHand | undefined
  /** Asks the runtime about RSA signatures, if the option `hostCrypto` allows that. */
  readonly #host: HostQuestions | undefined
  /** The cache of accepted tokens, if the option `tokenCache` is set. */
  readonly #cache: VerdictCache | undefined

  /** `keys` is `undefined` for a subclass that fetches its keys. */
  constructor(options: Options, fields: PolicyFields, keys: KeysInHand | undefined, parts: Parts) {
    const { algorithms = [] } = fields
    this.policy = policyFrom(jsonOf(fields))
    this.#now = clockFrom(options)
    this.#keys = keys
    const rsa = algorithms.some((name) => name.startsWith('RS') || name.startsWith('PS'))
    if ((options.read('hostCrypto', flag) ?? true) && rsa) this.#host = parts.hostRsa?.()
    this.#cache = options.read('tokenCache', (_, bounds) => parts.tokenCache?.(bounds, fields))
    // Keys that fit no algorithm of the list are a mistake, so it is reported now and not at the first request.
    if (keys instanceof Keys) checkKey(this.policy, keys)
    else if (keys !== undefined) checkSet(algorithms, keys)
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

  /** Asks the runtime about the signature asynchronously. Returns `undefined` if it is not asked. */
  protected askHost(keys: KeysInHand, token: unknown): Promise<boolean | undefined> | undefined {
    return this.#host?.waits() && this.#cache?.has(token) !== true ? this.#host.ask(this.policy, keys, token) : undefined
  }

  /** Returns the verdict with these keys. `holds` is the runtime's answer about the signature, if it was asked before. */
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

/** Returns the handle of a key or a set. */
export function handleOf(keys: KeysInHand): Keys {
  return keys instanceof KeySet ? setHandle(keys) : keys
}

/** Adds the key that verified the token, or for `no_matching_key` the skipped members of the set. */
export function withKey(verdict: Verdict, set: KeySet | undefined): KeyedVerdict {
  const key = verdict.ok && set !== undefined ? setKey(set, verdict.keyIndex) : undefined
  if (verdict.ok || set === undefined || set.skipped.length === 0 || verdict.refusal.code !== 'no_matching_key') {
    return { ...verdict, key, fetchable: false }
  }
  // The token's key may be one of the skipped members.
  return { ...verdict, refusal: { ...verdict.refusal, skipped: set.skipped }, key, fetchable: false }
}

/** Throws if no key of the set can verify with any of these algorithms. */
function checkSet(algorithms: readonly string[], set: KeySet): void {
  if (set.size === 0) throw optionError('keys', `contains no usable key${skippedText(set)}`)
  if (!set.keys.some((key) => key.algorithms.some((algorithm) => algorithms.includes(algorithm)))) {
    throw optionError('keys', `contains no key for these algorithms${skippedText(set)}`)
  }
}

/** Throws if the key cannot verify any token under this policy. */
function checkKey(policy: Policy, key: Keys): void {
  try {
    policy.checkKey(key)
  } catch (thrown) {
    if (thrown instanceof TypeError) throw thrown
    throw Object.assign(optionError('keys', `can't be used with these algorithms: ${(thrown as Error).message}`), {
      refusal: (thrown as { refusal?: string }).refusal,
    })
  }
}

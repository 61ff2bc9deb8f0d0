/** Keys and a policy enter once, then tokens enter and verdicts leave: what `Verifier` and the gate have in common. */
import { Key, type Needs, type Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import {
  type Answer,
  type Door,
  questionWithKey,
  questionWithSet,
  verifyBatch,
  verifyWithKey,
  verifyWithoutKeys,
  verifyWithSet,
  type Verdict,
} from '../wasm/calls.js'
import { JWKSUnavailable } from '../base/errors.js'
import { hostRsa, type HostRsa } from './host_rsa.js'
import { handle } from '../keys/imported_key.js'
import { KeySet, setHandle, setKey, skippedText } from '../keys/key_set.js'
import { flag, type Options } from '../base/options.js'
import { jsonOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { type FoundSet, type Missing, RemoteKeySet, type WaitUntil } from '../remote/remote_key_set.js'
import { TokenCache } from './token_cache.js'
import type { Judge, Judgement } from './judge.js'
import { clockFrom, type PolicyFields, policyFrom, type TokenCacheOptions } from './policy.js'

/** Keys that were checked and prepared, and a policy. */
export class Engine implements Judge {
  readonly #policy: Policy
  readonly #now: () => number
  readonly #keys: Key | KeySet | RemoteKeySet
  /** What verifies RSA signatures instead of the core; empty if nothing does. */
  readonly #host: HostRsa
  /** The host's answers about the keys of a set, or about the one key: those of the set that was asked for last. */
  #answers: { readonly set: KeySet | undefined; readonly answer: Answer } | undefined
  /** How many verdicts were asked for and not awaited yet or wait for a host. */
  #underWay = 0
  /** The tokens that were accepted, if they are remembered. */
  readonly #cache: TokenCache | undefined

  /** Options that hold {@link PolicyOptions} and `keys`, or what stands in its place. */
  constructor(options: Options, fields: PolicyFields, keys: Key | KeySet | RemoteKeySet) {
    this.#policy = policyFrom(jsonOf(fields))
    this.#now = clockFrom(options)
    this.#keys = keys
    const rsa = fields.algorithms?.some((name) => name.startsWith('RS') || name.startsWith('PS'))
    this.#host = (options.read('hostCrypto', flag) ?? true) && rsa === true ? hostRsa() : record<HostRsa>({})
    this.#cache = options.read('tokenCache', (_, bounds) => new TokenCache(bounds as TokenCacheOptions, fields))
    // Keys that no algorithm of the list can use are a mistake that must show now, not at the first request.
    if (keys instanceof Key) presentable(this.#policy, keys)
    if (keys instanceof KeySet) usable(fields.algorithms ?? [], keys)
    if (keys instanceof RemoteKeySet) fetchable(fields.algorithms ?? [])
  }

  /** Who makes room for its tokens. */
  get door(): Door {
    return this.#policy
  }

  judgeNow(token: unknown, needs: Needs): Judgement {
    const keys = this.#keys
    if (keys instanceof Key) return this.#judgeWithKey(keys, token, needs)
    const set = keys instanceof KeySet ? keys : keys.keySet
    if (set !== undefined && keys instanceof RemoteKeySet) {
      keys.nudge()
      const judgement = this.#judgeWith(set, token, needs)
      const missing = misses(judgement)
      // A forged token is far likelier than a key that changed: the verdict is final here, and the next call may know more.
      if (missing === 'signature') keys.nudge(missing)
      return missing === 'key' ? { ...judgement, fetchable: true } : judgement
    }
    if (set !== undefined) return this.#judgeWith(set, token, needs)
    const verdict = precheck(this.#policy, token)
    if (verdict !== undefined) return withKey(verdict, undefined)
    const error = new JWKSUnavailable('the key set has not been fetched yet: await `verify` or `reload` first')
    error.refusal = 'keys_not_ready'
    throw error
  }

  async judge(token: unknown, needs: Needs, waitUntil: WaitUntil | undefined): Promise<Judgement> {
    const keys = this.#keys
    if (this.#waits() && this.#cache?.has(token) !== true) {
      this.#underWay++
      const told = await this.#ask(token).finally(() => this.#underWay--)
      if (told !== undefined) {
        const judge = (set: KeySet) => this.#judgeWith(set, token, needs, set === told.set ? told.holds : undefined)
        if (keys instanceof RemoteKeySet) return judgeWithNewest(keys, judge, waitUntil)
        return keys instanceof KeySet ? judge(keys) : this.#judgeWithKey(keys, token, needs, told.holds)
      }
    }
    if (!(keys instanceof RemoteKeySet)) return this.judgeNow(token, needs)
    if (keys.keySet === undefined) {
      // What would be refused anyway fetches nothing.
      const verdict = precheck(this.#policy, token)
      if (verdict !== undefined) return withKey(verdict, undefined)
    }
    return judgeWithNewest(keys, (set) => this.#judgeWith(set, token, needs), waitUntil)
  }

  async judgeBatch(tokens: readonly unknown[], needs: Needs): Promise<PromiseSettledResult<Judgement>[]> {
    const { later, whenBusy } = this.#host
    const found = later === undefined || whenBusy === true ? this.#judgeTogether(tokens, needs) : []
    const each = (token: unknown, place: number) => found.at(place) ?? this.judge(token, needs, undefined)
    return Promise.allSettled(tokens.map(each))
  }

  /** The judgements that need no waiting, in one crossing; the others' places stay `undefined`. */
  #judgeTogether(tokens: readonly unknown[], needs: Needs): (Judgement | undefined)[] {
    const keys = this.#keys
    const now = this.#now()
    if (keys instanceof RemoteKeySet) keys.nudge()
    const set = keys instanceof Key ? undefined : keys instanceof KeySet ? keys : keys.keySet
    if (set === undefined && !(keys instanceof Key)) return []
    const known = tokens.map((token) => this.#cache?.find(token, set, needs, now))
    const rest = tokens.map((token, place) => (known[place] === undefined ? token : undefined))
    const under = set === undefined ? (keys as Key) : setHandle(set)
    const verdicts = verifyBatch(this.#policy, under, needs, rest, now, this.#answer(set))
    return tokens.map((token, place) => {
      const hit = known[place]
      if (hit !== undefined) return hit
      const verdict = verdicts[place]
      if (verdict === undefined) return undefined
      const judgement = withKey(verdict, set)
      // The issuer may have the key by now: who can wait asks it.
      const missing = misses(judgement)
      if (keys instanceof RemoteKeySet && missing !== undefined && keys.asks(missing)) return undefined
      this.#cache?.keep(token, judgement, set, needs, now)
      return judgement
    })
  }

  /** Whether a host is asked that takes its time. */
  #waits(): boolean {
    const { later, whenBusy } = this.#host
    if (whenBusy !== true) return later !== undefined
    // Who awaits each verdict before asking for the next finds none under way: this runs before it goes on.
    this.#underWay++
    queueMicrotask(() => this.#underWay--)
    return this.#underWay > 1
  }

  /** What a host says of the token's signature that takes its time, and about which set. */
  async #ask(token: unknown): Promise<{ holds: boolean; set: KeySet | undefined } | undefined> {
    // Bytes could be others when the answer is there.
    if (typeof token !== 'string') return undefined
    const keys = this.#keys
    if (keys instanceof Key) {
      const question = questionWithKey(this.#policy, keys, token)
      const holds = question && (await this.#host.later?.(keys, question))
      return holds === undefined ? undefined : { holds, set: undefined }
    }
    const set = keys instanceof KeySet ? keys : keys.keySet
    if (set === undefined) return undefined
    const question = questionWithSet(this.#policy, setHandle(set), token)
    const holds = question && (await this.#host.later?.(handle(setKey(set, question.keyIndex)), question))
    return holds === undefined ? undefined : { holds, set }
  }

  /** Who answers at once about signatures under a set, or under the one key. */
  #answer(set: KeySet | undefined): Answer | undefined {
    const host = this.#host.now
    if (host === undefined) return undefined
    if (this.#answers === undefined || this.#answers.set !== set) {
      const keyOf = (index: number) => (set === undefined ? (this.#keys as Key) : handle(setKey(set, index)))
      this.#answers = { set, answer: (alg, index) => host(keyOf(index), alg) }
    }
    return this.#answers.answer
  }

  #judgeWithKey(key: Key, token: unknown, needs: Needs, told?: boolean): Judgement {
    const now = this.#now()
    const known = this.#cache?.find(token, undefined, needs, now)
    if (known !== undefined) return known
    const verdict = verifyWithKey(this.#policy, key, needs, token, now, told ?? this.#answer(undefined))
    const judgement = withKey(verdict, undefined)
    this.#cache?.keep(token, judgement, undefined, needs, now)
    return judgement
  }

  #judgeWith(set: KeySet, token: unknown, needs: Needs, told?: boolean): Judgement {
    const now = this.#now()
    const known = this.#cache?.find(token, set, needs, now)
    if (known !== undefined) return known
    const verdict = verifyWithSet(this.#policy, setHandle(set), needs, token, now, told ?? this.#answer(set))
    const judgement = withKey(verdict, set)
    this.#cache?.keep(token, judgement, set, needs, now)
    return judgement
  }
}

/** The judgement with the set in hand, or with a newer one if that set lacks something for the token. */
async function judgeWithNewest(
  keys: RemoteKeySet,
  judge: (set: KeySet) => Judgement,
  waitUntil: WaitUntil | undefined,
): Promise<Judgement> {
  let found: FoundSet | undefined = await keys.find(waitUntil)
  for (;;) {
    const judgement = judge(found.set)
    const missing = misses(judgement)
    found = missing && (await keys.newerThan(found, missing, waitUntil))
    if (found === undefined) return judgement
  }
}

/** Why a token would be refused whatever the keys are; `undefined` where the keys decide. */
export function precheck(policy: Policy, token: unknown): Verdict | undefined {
  const verdict = verifyWithoutKeys(policy, noNeeds(), token)
  return misses(verdict) === 'key' ? undefined : verdict
}

/** The needs of those who have none. */
export function noNeeds(): Needs {
  return (none ??= boot().bindings.Needs.none())
}

/** The verdict, with the key of the set that led to it. */
function withKey(verdict: Verdict, set: KeySet | undefined): Judgement {
  const key = verdict.ok && set !== undefined ? setKey(set, verdict.keyIndex) : undefined
  if (verdict.ok || set === undefined || set.skipped.length === 0 || misses(verdict) !== 'key') {
    return { ...verdict, key, fetchable: false }
  }
  // The token's key may be one of those that can't be used.
  return { ...verdict, refusal: { ...verdict.refusal, skipped: set.skipped }, key, fetchable: false }
}

/** What the set lacks for the token: another set may have it. */
function misses(judgement: Verdict): Missing | undefined {
  if (judgement.ok) return undefined
  if (judgement.refusal.code === 'no_matching_key') return 'key'
  return judgement.refusal.code === 'signature_mismatch' ? 'signature' : undefined
}

let none: Needs | undefined

function usable(algorithms: readonly string[], set: KeySet): void {
  if (set.size === 0) throw optionError('keys', `contains no usable key${skippedText(set)}`)
  if (!set.keys.some((key) => key.algorithms.some((algorithm) => algorithms.includes(algorithm)))) {
    throw optionError('keys', `contains no key for these algorithms${skippedText(set)}`)
  }
}

function fetchable(algorithms: readonly string[]): void {
  // RFC 8725 §3.5: a set that anybody can fetch holds no shared secrets.
  if (!algorithms.every((name) => name.startsWith('HS'))) return
  throw optionError('algorithms', 'are only for shared secrets, which no key set at a URL holds: give the secret as `keys`')
}

function presentable(policy: Policy, key: Key): void {
  try {
    policy.checkKey(key)
  } catch (thrown) {
    if (thrown instanceof TypeError) throw thrown
    throw Object.assign(optionError('keys', `can't be used with these algorithms: ${(thrown as Error).message}`), {
      refusal: (thrown as { refusal?: string }).refusal,
    })
  }
}

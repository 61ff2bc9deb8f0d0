/** Verifies the tokens of one issuer, with keys and a policy that were checked once. `Verifier` and the gate use it. */
import { Keys, type Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { question, type SignatureOracle, verify, type Verdict } from '../wasm/calls.js'
import { JWKSUnavailable } from '../base/errors.js'
import { hostRsa, type HostRsa } from './host_rsa.js'
import { handle } from '../keys/imported_key.js'
import { KeySet, setHandle, setKey, skippedText } from '../keys/key_set.js'
import { flag, type Options } from '../base/options.js'
import { jsonOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { type FoundSet, type Missing, RemoteKeySet, type WaitUntil } from '../remote/remote_key_set.js'
import { TokenCache } from './token_cache.js'
import type { Judge, KeyedVerdict } from './judge.js'
import { clockFrom, type PolicyFields, policyFrom, type TokenCacheOptions } from './policy.js'
import { warmUp } from './warm_up.js'

/** Keys that were checked and prepared, and a policy. */
export class IssuerVerifier implements Judge {
  readonly #policy: Policy
  readonly #now: () => number
  readonly #keys: Keys | KeySet | RemoteKeySet
  /** Verifies RSA signatures instead of the core; empty if the core does. */
  readonly #host: HostRsa
  /** Asks the host about the keys of the last set, or about the one key. */
  #oracle: { readonly set: KeySet | undefined; readonly ask: SignatureOracle } | undefined
  /** How many verdicts are pending, or were requested in this microtask. */
  #underWay = 0
  /** The tokens that were accepted, if the option is set. */
  readonly #cache: TokenCache | undefined

  /** Options that contain {@link PolicyOptions} and `keys`, or a replacement for `keys`. */
  constructor(options: Options, fields: PolicyFields, keys: Keys | KeySet | RemoteKeySet) {
    this.#policy = policyFrom(jsonOf(fields))
    this.#now = clockFrom(options)
    this.#keys = keys
    const rsa = fields.algorithms?.some((name) => name.startsWith('RS') || name.startsWith('PS'))
    this.#host = (options.read('hostCrypto', flag) ?? true) && rsa === true ? hostRsa() : record<HostRsa>({})
    this.#cache = options.read('tokenCache', (_, bounds) => new TokenCache(bounds as TokenCacheOptions, fields))
    // Keys that no algorithm of the list can use are a mistake that must show now, not at the first request.
    if (keys instanceof Keys) presentable(this.#policy, keys)
    if (keys instanceof KeySet) usable(fields.algorithms ?? [], keys)
    if (keys instanceof RemoteKeySet) fetchable(fields.algorithms ?? [])
    warmUp(fields.algorithms ?? [], options.read('warm', flag))
  }

  /** The policy, for its limit of a token's length. */
  get policy(): Policy {
    return this.#policy
  }

  judgeNow(token: unknown): KeyedVerdict {
    const keys = this.#keys
    if (keys instanceof Keys) return this.#judge(undefined, token)
    if (keys instanceof KeySet) return this.#judge(keys, token)
    const set = keys.keySet
    if (set !== undefined) {
      keys.nudge()
      const verdict = this.#judge(set, token)
      const missing = misses(verdict)
      // A forged token is far likelier than a changed key: the verdict is final here, and the next call may know more.
      if (missing === 'signature') keys.nudge(missing)
      return missing === 'key' ? { ...verdict, fetchable: true } : verdict
    }
    const verdict = precheck(this.#policy, token)
    if (verdict !== undefined) return withKey(verdict, undefined)
    const error = new JWKSUnavailable('the key set has not been fetched yet: await `verify` or `reload` first')
    error.refusal = 'keys_not_ready'
    throw error
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    const keys = this.#keys
    let answer: { holds: boolean; set: KeySet | undefined } | undefined
    if (this.#waits() && this.#cache?.has(token) !== true) {
      this.#underWay++
      answer = await this.#ask(token).finally(() => this.#underWay--)
    }
    const judge = (set: KeySet | undefined) =>
      this.#judge(set, token, set === answer?.set ? answer?.holds : undefined)
    if (!(keys instanceof RemoteKeySet)) {
      return answer === undefined ? this.judgeNow(token) : judge(keys instanceof KeySet ? keys : undefined)
    }
    if (answer === undefined && keys.keySet === undefined) {
      // A token that is refused with any keys causes no fetch.
      const verdict = precheck(this.#policy, token)
      if (verdict !== undefined) return withKey(verdict, undefined)
    }
    return judgeWithNewest(keys, judge, waitUntil)
  }

  /** Whether to ask a host that answers asynchronously. */
  #waits(): boolean {
    const { later, whenBusy } = this.#host
    if (whenBusy !== true) return later !== undefined
    // A caller that awaits each verdict before the next request never has two under way: the microtask runs first.
    this.#underWay++
    queueMicrotask(() => this.#underWay--)
    return this.#underWay > 1
  }

  /** The asynchronous host's answer about the token's signature, and the set that it is about. */
  async #ask(token: unknown): Promise<{ holds: boolean; set: KeySet | undefined } | undefined> {
    // Bytes could change before the answer arrives.
    if (typeof token !== 'string') return undefined
    const keys = this.#keys
    const set = keys instanceof Keys ? undefined : keys instanceof KeySet ? keys : keys.keySet
    if (set === undefined && !(keys instanceof Keys)) return undefined
    const asked = question(this.#policy, this.#handleOf(set), token)
    const holds = asked && (await this.#host.later?.(this.#keyAt(set, asked.keyIndex), asked))
    return typeof holds === 'boolean' ? { holds, set } : undefined
  }

  /** Asks the host that answers at once, about the keys of a set or the one key. */
  #oracleFor(set: KeySet | undefined): SignatureOracle | undefined {
    const host = this.#host.now
    if (host === undefined) return undefined
    if (this.#oracle === undefined || this.#oracle.set !== set) {
      this.#oracle = { set, ask: (alg, index) => host(this.#keyAt(set, index), alg) }
    }
    return this.#oracle.ask
  }

  /** The handle of a set; without one, of the one key. */
  #handleOf(set: KeySet | undefined): Keys {
    return set === undefined ? (this.#keys as Keys) : setHandle(set)
  }

  /** The key at this index of a set; without one, the one key. */
  #keyAt(set: KeySet | undefined, index: number): Keys {
    return set === undefined ? (this.#keys as Keys) : handle(setKey(set, index))
  }

  /** The verdict with the keys of a set, or with the one key. `holds` is the host's answer, if it was asked before. */
  #judge(set: KeySet | undefined, token: unknown, holds?: boolean): KeyedVerdict {
    const now = this.#now()
    const known = this.#cache?.find(token, set, now)
    if (known !== undefined) return known
    const host = holds ?? this.#oracleFor(set)
    const verdict = withKey(verify(this.#policy, this.#handleOf(set), token, now, host), set)
    this.#cache?.keep(token, verdict, set, now)
    return verdict
  }
}

/** The verdict with the set in hand, or with a newer one if that set lacks something for the token. */
async function judgeWithNewest(
  keys: RemoteKeySet,
  judge: (set: KeySet) => KeyedVerdict,
  waitUntil: WaitUntil | undefined,
): Promise<KeyedVerdict> {
  let found: FoundSet | undefined = await keys.find(waitUntil)
  for (;;) {
    const verdict = judge(found.set)
    const missing = misses(verdict)
    found = missing && (await keys.newerThan(found, missing, waitUntil))
    if (found === undefined) return verdict
  }
}

/** Why a token would be refused whatever the keys are; `undefined` where the keys decide. */
export function precheck(policy: Policy, token: unknown): Verdict | undefined {
  const verdict = verify(policy, noKeys(), token, 0)
  return misses(verdict) === 'key' ? undefined : verdict
}

function noKeys(): Keys {
  return (emptyKeys ??= boot().bindings.Keys.none())
}

/** The verdict, with the key of the set that led to it. */
function withKey(verdict: Verdict, set: KeySet | undefined): KeyedVerdict {
  const key = verdict.ok && set !== undefined ? setKey(set, verdict.keyIndex) : undefined
  if (verdict.ok || set === undefined || set.skipped.length === 0 || misses(verdict) !== 'key') {
    return { ...verdict, key, fetchable: false }
  }
  // The token's key may be one of those that can't be used.
  return { ...verdict, refusal: { ...verdict.refusal, skipped: set.skipped }, key, fetchable: false }
}

/** What the set lacks for the token: another set may have it. */
function misses(verdict: Verdict): Missing | undefined {
  if (verdict.ok) return undefined
  if (verdict.refusal.code === 'no_matching_key') return 'key'
  return verdict.refusal.code === 'signature_mismatch' ? 'signature' : undefined
}

let emptyKeys: Keys | undefined

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

/** Verifies tokens with keys that are fetched: the part `remoteKeys()`. */
import { JWKSUnavailable } from '../base/errors.js'
import type { Options } from '../base/options.js'
import { optionError, withRefusal } from '../base/refusal.js'
import { address, type Missing, RemoteKeySet, type WaitUntil } from '../remote/remote_key_set.js'
import type { Found } from '../remote/source_options.js'
import type { KeySet } from '../keys/key_set.js'
import type { Keys, Policy } from '../wasm/bindings.js'
import { verify, type Verdict } from '../wasm/calls.js'
import { boot } from '../wasm/instance.js'
import { IssuerVerifier, withKey } from './issuer_verifier.js'
import type { KeyedVerdict } from './judge.js'
import { Part, type Parts } from './parts.js'
import type { PolicyFields } from './policy.js'

/** The part `remoteKeys`. */
export const REMOTE_KEYS: Parts['remoteKeys'] = {
  from: (value, options) =>
    typeof value === 'function' ? RemoteKeySet.fromFunction(value as () => unknown, options) : value instanceof RemoteKeySet ? value : undefined,
  at: (name, url, options) => new RemoteKeySet(address(name, url), options),
  of: (issuer, options) => RemoteKeySet.fromIssuer(issuer, options),
  verifier: (options, fields, keys, parts) => new RemoteVerifier(options, fields, keys, parts),
  known: (options, fields, jwks, parts) => new RemoteVerifier(options, fields, RemoteKeySet.fromFunction(() => jwks, {}, true), parts),
}

/** Makes the part that fetches keys: for a `RemoteKeySet` or a function as `keys`, and for `issuers` without `keys`. */
export function remoteKeys(): Part<'remoteKeys'> {
  return new Part('remoteKeys', REMOTE_KEYS)
}

/** Verifies tokens by one policy, with a key set that is fetched. */
class RemoteVerifier extends IssuerVerifier {
  readonly #source: RemoteKeySet

  constructor(options: Options, fields: PolicyFields, source: RemoteKeySet, parts: Parts) {
    super(options, fields, undefined, parts)
    this.#source = source
    // RFC 8725 §3.5: a public key set contains no shared secrets.
    if (fields.algorithms?.some((name) => !name.startsWith('HS'))) return
    throw optionError('algorithms', 'are only for shared secrets, which a fetched key set never contains: give the secret as `keys`')
  }

  override judgeNow(token: unknown): KeyedVerdict {
    const source = this.#source
    const set = source.keySet
    if (set !== undefined) {
      source.nudge()
      const verdict = this.judgeWith(set, token)
      const missing = misses(verdict)
      // A forged token is more likely than a changed key, so this verdict is final. The fetch can help only the next call.
      if (missing === 'signature') source.nudge(missing)
      return missing === 'key' ? { ...verdict, fetchable: true } : verdict
    }
    const verdict = precheck(this.policy, token)
    if (verdict !== undefined) return withKey(verdict, undefined)
    throw withRefusal('keys_not_ready', new JWKSUnavailable('the key set has not been fetched yet: await `verify` or `reload` first'))
  }

  override async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    const source = this.#source
    const asked = source.keySet
    const answer = asked && this.askHost(asked, token)
    const holds = answer && (await answer)
    if (holds === undefined && source.keySet === undefined) {
      // A token that is refused with any keys causes no fetch.
      const verdict = precheck(this.policy, token)
      if (verdict !== undefined) return withKey(verdict, undefined)
    }
    let found: Found<KeySet> | undefined = await source.find(waitUntil)
    for (;;) {
      const { set } = found
      const verdict = this.judgeWith(set, token, set === asked ? holds : undefined)
      const missing = misses(verdict)
      found = missing && (await source.newerThan(found, missing, waitUntil))
      if (found === undefined) return verdict
    }
  }
}

/** Returns the refusal of a token that is refused with any keys. Returns `undefined` if the verdict depends on the keys. */
export function precheck(policy: Policy, token: unknown): Verdict | undefined {
  const verdict = verify(policy, noKeys(), token, 0)
  return misses(verdict) === 'key' ? undefined : verdict
}

function noKeys(): Keys {
  return (emptyKeys ??= boot().Keys.none())
}

/** Returns what the set lacks for the token, if a newer set could help. */
function misses(verdict: Verdict): Missing | undefined {
  if (verdict.ok) return undefined
  if (verdict.refusal.code === 'no_matching_key') return 'key'
  return verdict.refusal.code === 'signature_mismatch' ? 'signature' : undefined
}

let emptyKeys: Keys | undefined

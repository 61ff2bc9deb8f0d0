/** Verifies tokens of several issuers. `iss` of the token only chooses the issuer whose keys and rules apply. */
import type { Policy } from '../wasm/bindings.js'
import { decode } from '../wasm/calls.js'
import { verifierOf } from './issuer_verifier.js'
import { type VerifierKeys, keysOf } from './keys_option.js'
import { audiences, filled, Options, text } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError, type Refusal } from '../base/refusal.js'
import { REMOTE_NAMES, type RemoteKeySetOptions, type WaitUntil } from '../remote/remote_key_set.js'
import type { Algorithm } from '../base/types.js'
import type { Judge, KeyedVerdict, PolicyJudge } from './judge.js'
import type { Keys } from './keys_option.js'
import { Part, type Parts } from './parts.js'
import { algorithmList, type PolicyFields } from './policy.js'

/** One of several issuers. Without `keys` and `jwksUri`, the URL of its key set is read from its metadata (RFC 8414). */
export interface IssuerOptions extends RemoteKeySetOptions {
  /** The value that `iss` must have, exactly. */
  issuer: string
  /** Its keys. Cannot be combined with `jwksUri`. */
  keys?: Keys
  /** The URL of its key set. Cannot be combined with `keys`. */
  jwksUri?: string | URL
  /** The accepted algorithms of this issuer. Default: the `algorithms` for all issuers. */
  algorithms?: readonly Algorithm[]
  /** The accepted audiences of this issuer. `false` if its tokens contain none. Default: the `audience` for all issuers. */
  audience?: string | readonly string[] | false
}

/** The part `issuers`. */
export const ISSUERS: Required<Parts>['issuers'] = (options, fields, parts, collect) =>
  new Issuers(options, fields, parts, { audienceRequired: false, verifierFor: collect(oneVerifier) })

/** Makes the part that enables the option `issuers`: tokens of several issuers. */
export function issuers(): Part<'issuers'> {
  return new Part('issuers', ISSUERS)
}

/** Has one verifier for each issuer. A token is verified by the verifier of its `iss`, or refused if there is none. */
export class Issuers implements Judge {
  readonly #verifiers = new Map<string, PolicyJudge>()
  /** The policy of the last issuer: all have the same limit for a token's length. */
  #policy: Policy | undefined

  /**
   * `shared` are the options for all issuers, `fields` their policy. With `audienceRequired`, each issuer needs an audience.
   * `verifierFor` makes the verifier of one issuer.
   */
  constructor(
    shared: Options,
    fields: PolicyFields,
    parts: Parts,
    { audienceRequired, verifierFor }: { readonly audienceRequired: boolean; readonly verifierFor: typeof oneVerifier },
  ) {
    const onKeys = shared.read('onKeys', (_, value) => value)
    for (const name of ['keys', 'issuer', 'jwksUri', ...REMOTE_NAMES]) {
      if (shared.has(name) && name !== 'onKeys') throw optionError(name, 'cannot be combined with `issuers`')
    }
    for (const entry of shared.require('issuers', entries)) {
      const keys = typeof entry === 'object' && entry !== null ? memberOf(entry as IssuerOptions, 'keys') : undefined
      // Nothing is fetched for keys that are given.
      const defaults = keys === undefined || typeof keys === 'function' ? record({ onKeys }) : {}
      const given = new Options('an issuer', entry, [...OWN_NAMES, ...REMOTE_NAMES], 'rejected', defaults)
      const issuer = given.require('issuer', text)
      if (this.#verifiers.has(issuer)) throw optionError('issuers', 'contains the same issuer twice')
      const own: PolicyFields = record({ ...fields, issuer: [issuer] })
      const algorithms = given.read('algorithms', algorithmList) ?? fields.algorithms
      if (algorithms === undefined) throw optionError('algorithms', 'is required, for all issuers or for each')
      own.algorithms = algorithms
      const audience = given.read('audience', audiences)
      if (audience === undefined && own.audience === undefined && audienceRequired) {
        throw optionError('audience', 'is required, for all issuers or for each; `false` if tokens have none')
      }
      if (audience === false) delete own.audience
      else if (audience !== undefined) own.audience = audience
      const verifier = verifierFor(shared, own, keysOf(given, [issuer], parts), parts)
      this.#verifiers.set(issuer, verifier)
      this.#policy = verifier.policy
    }
  }

  /** The issuers' identifiers, in the order given. */
  get names(): string[] {
    return [...this.#verifiers.keys()]
  }

  judgeNow(token: unknown): KeyedVerdict {
    const chosen = this.#choose(token)
    return 'judge' in chosen ? chosen.judgeNow(token) : chosen
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    const chosen = this.#choose(token)
    return 'judge' in chosen ? chosen.judge(token, waitUntil) : chosen
  }

  #choose(token: unknown): PolicyJudge | KeyedVerdict {
    const decoded = decode(token, this.#policy)
    if (!decoded.ok) return refused(decoded.refusal)
    const iss = memberOf(decoded.payload, 'iss')
    // The claims are not returned, because they are not verified.
    if (iss === undefined) return refused(refusal('claim_missing', 'missing', '`iss` is missing'))
    const verifier = this.#verifiers.get(iss)
    return verifier ?? refused(refusal('issuer_mismatch', 'check_failed', 'the issuer is not accepted'))
  }
}

/** Makes the verifier of one issuer, whose keys must not be a pair. */
function oneVerifier(options: Options, fields: PolicyFields, keys: VerifierKeys | VerifierKeys[], parts: Parts): PolicyJudge {
  if (Array.isArray(keys)) throw optionError('keys', 'can be a pair only at a gate')
  return verifierOf(options, fields, keys, parts)
}

const OWN_NAMES = ['issuer', 'keys', 'jwksUri', 'algorithms', 'audience']

function entries(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw optionError(name, 'must be an array of issuers')
  return filled<unknown[]>(name, value)
}

function refused(refusal: Refusal): KeyedVerdict {
  return { ok: false, refusal, payload: undefined, key: undefined, fetchable: false }
}

function refusal(code: 'claim_missing' | 'issuer_mismatch', reason: string, message: string): Refusal {
  return { code, class: 'ERR_JWT_CLAIM_VALIDATION_FAILED', message, claim: 'iss', reason }
}

/** Keys and a policy enter once; then each token enters and its claims leave, or an error that says why not. */
import { noNeeds } from './engine.js'
import { engineFor } from './key_pair.js'
import type { ImportedKey } from '../keys/imported_key.js'
import { type IssuerOptions, Issuers } from './issuers.js'
import { list, Options } from '../base/options.js'
import { isBytes } from '../base/bytes.js'
import { errorFrom } from '../base/refusal.js'
import type { Algorithm, JWTPayload, ProtectedHeader } from '../base/types.js'
import type { Judge, Judgement } from './judge.js'
import { keyPairFrom, type Keys } from './keys_option.js'
import { POLICY_NAMES, policyFields, type PolicyOptions } from './policy.js'

/** What a {@link Verifier} is made of. */
export interface VerifierOptions extends PolicyOptions {
  /** Where the keys come from. */
  keys: Keys
}

/** What a {@link Verifier} of several issuers is made of: what is not said of one issuer counts for all of them. */
export interface IssuersVerifierOptions extends Omit<PolicyOptions, 'algorithms' | 'issuer'> {
  /** The issuers accepted. A token is verified with the keys, algorithms and audiences of the one that its `iss` names. */
  issuers: readonly IssuerOptions[]
  /** The algorithms accepted from those issuers that have no list of their own. */
  algorithms?: readonly Algorithm[]
}

/** A token that was accepted. Its objects are made for this one call and belong to the caller. */
export interface Verified<Claims = JWTPayload> {
  /** The claims. */
  payload: Claims & JWTPayload
  /** The header. */
  protectedHeader: ProtectedHeader
  /** The key of the set that verified it; absent where the key was given directly. */
  key?: ImportedKey
}

/**
 * Verifies tokens (RFC 7519 §7.2). Made once, used for every token; making one does no fetch, sets no timer and reads
 * neither clock nor randomness, so that it may stand at the top of a worker's module.
 *
 * @typeParam Claims - what your tokens hold besides the registered claims; it is believed, not checked
 *
 * @example
 * ```js
 * const verifier = new Verifier({ keys: jwks, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * const { payload } = await verifier.verify(token)
 * ```
 */
export class Verifier<Claims = JWTPayload> {
  readonly #engine: Judge

  /**
   * @throws `TypeError` that names the option which is missing, unknown, present but `undefined`, empty or not a number;
   *   {@link JWKInvalid}, {@link JWKSInvalid} or {@link JOSENotSupported} for keys that can't be read
   */
  constructor(options: VerifierOptions | IssuersVerifierOptions) {
    const given = new Options('Verifier', options, ['keys', 'issuers', ...POLICY_NAMES])
    if (given.has('issuers')) {
      this.#engine = new Issuers(given, policyFields(given), { audienceRequired: false })
      return
    }
    given.require('algorithms', list)
    this.#engine = engineFor(given, policyFields(given), given.require('keys', keyPairFrom))
  }

  /**
   * Verifies a token, after a fetch where it needs a key that is not in hand.
   *
   * @throws an error of one of this package's classes: {@link JWTExpired}, {@link JWTClaimValidationFailed},
   *   {@link JWSSignatureVerificationFailed}, {@link JOSEAlgNotAllowed}, {@link JWKSNoMatchingKey}, {@link JWSInvalid},
   *   {@link JWTInvalid}, {@link JOSENotSupported}; with a remote set also {@link JWKSTimeout},
   *   {@link JWKSUnavailable}, {@link JWKSInvalid}. `code` tells the class, `refusal` the exact reason.
   */
  async verify<Own = Claims>(token: string): Promise<Verified<Own>> {
    return accepted(await this.#engine.judge(unchanging(token), noNeeds(), undefined))
  }

  /**
   * Verifies many tokens, as a queue or a gateway has them, in one crossing into the core; one by one with `issuers`, and
   * with RSA where `crypto.subtle` is asked. Each is judged as {@link Verifier.verify} would; the results stand in the
   * order of the tokens, in the form of `Promise.allSettled`.
   *
   * @throws `TypeError` if `tokens` is no array; what is wrong with a token is the `reason` of its result
   *
   * @example
   * ```js
   * for (const result of await verifier.verifyBatch(tokens)) {
   *   if (result.status === 'fulfilled') console.log(result.value.payload.sub)
   * }
   * ```
   */
  async verifyBatch<Own = Claims>(tokens: readonly string[]): Promise<PromiseSettledResult<Verified<Own>>[]> {
    if (!Array.isArray(tokens)) throw new TypeError('`tokens` must be an array')
    // Each is read once: what was judged is what is remembered.
    const judged = await this.#engine.judgeBatch(Array.from(tokens, unchanging), noNeeds())
    return judged.map((result) => {
      if (result.status === 'rejected') return result
      try {
        return { status: 'fulfilled', value: accepted<Own>(result.value) }
      } catch (reason) {
        return { status: 'rejected', reason }
      }
    })
  }

  /**
   * Verifies a token without waiting for anything.
   *
   * @throws as {@link Verifier.verify} does; {@link JWKSUnavailable} (`refusal`: `keys_not_ready`) while a remote set
   *   has not arrived. An unknown key is refused without a fetch.
   */
  verifySync<Own = Claims>(token: string): Verified<Own> {
    return accepted(this.#engine.judgeNow(token, noNeeds()))
  }
}

/** Bytes are copied: their owner may change them before the verdict is there. */
function unchanging(token: unknown): unknown {
  return isBytes(token) ? new Uint8Array(token) : token
}

function accepted<Claims>(judgement: Judgement): Verified<Claims> {
  if (!judgement.ok) throw errorFrom(judgement.refusal, judgement.payload)
  const { header: protectedHeader, key } = judgement
  const payload = judgement.payload as Claims & JWTPayload
  return key === undefined ? { payload, protectedHeader } : { payload, protectedHeader, key }
}

/** `Verifier`: verifies tokens and throws an error for those that are refused. */
import { IssuerVerifier } from './issuer_verifier.js'
import type { ImportedKey } from '../keys/imported_key.js'
import { type IssuerOptions, Issuers } from './issuers.js'
import { Options } from '../base/options.js'
import { isBytes } from '../base/bytes.js'
import { errorFrom } from '../base/refusal.js'
import type { Algorithm, JWTPayload, ProtectedHeader } from '../base/types.js'
import type { Judge, KeyedVerdict } from './judge.js'
import { keysFrom, type OneKeys } from './keys_option.js'
import { algorithmList, POLICY_NAMES, policyFields, type PolicyOptions } from './policy.js'

/** The options of a {@link Verifier}. */
export interface VerifierOptions extends PolicyOptions {
  /** Where the keys come from. */
  keys: OneKeys
}

/** The options of a {@link Verifier} of several issuers. They apply to each issuer that does not replace them. */
export interface IssuersVerifierOptions extends Omit<PolicyOptions, 'algorithms' | 'issuer'> {
  /** The issuers accepted. `iss` of a token chooses the keys, algorithms and audiences to verify with. */
  issuers: readonly IssuerOptions[]
  /** The algorithms accepted from issuers without a list of their own. */
  algorithms?: readonly Algorithm[]
}

/** A token that was accepted. Its objects are made for this one call and belong to the caller. */
export interface Verified<Claims = JWTPayload> {
  /** The claims. */
  payload: Claims & JWTPayload
  /** The header. */
  protectedHeader: ProtectedHeader
  /** The key of the set that verified it; absent if the key was given directly. */
  key?: ImportedKey
}

/**
 * Verifies tokens (RFC 7519 §7.2). Make one and use it for every token. The constructor does no fetch, sets no timer and reads no
 * randomness, so it may be called at the top of a worker's module; there, see `warm`.
 *
 * @typeParam Claims - the claims of your tokens besides the registered ones; they are not checked
 *
 * @example
 * ```js
 * const verifier = new Verifier({ keys: jwks, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * const { payload } = await verifier.verify(token)
 * ```
 */
export class Verifier<Claims = JWTPayload> {
  readonly #verifier: Judge

  /**
   * @throws `TypeError` that names the option which is missing, unknown, present but `undefined`, empty or not a number;
   *   {@link JWKInvalid}, {@link JWKSInvalid} or {@link JOSENotSupported} for keys that cannot be read
   */
  constructor(options: VerifierOptions | IssuersVerifierOptions) {
    const given = new Options('Verifier', options, ['keys', 'issuers', ...POLICY_NAMES])
    if (given.has('issuers')) {
      this.#verifier = new Issuers(given, policyFields(given), { audienceRequired: false })
      return
    }
    given.require('algorithms', algorithmList)
    this.#verifier = new IssuerVerifier(given, policyFields(given), given.require('keys', keysFrom))
  }

  /**
   * Verifies a token, after a fetch if the key is missing.
   *
   * @throws an error of one of this package's classes: {@link JWTExpired}, {@link JWTClaimValidationFailed},
   *   {@link JWSSignatureVerificationFailed}, {@link JOSEAlgNotAllowed}, {@link JWKSNoMatchingKey}, {@link JWSInvalid},
   *   {@link JWTInvalid}, {@link JOSENotSupported}; with a remote set also {@link JWKSTimeout},
   *   {@link JWKSUnavailable}, {@link JWKSInvalid}. `code` is the class, `refusal` the exact reason.
   */
  async verify<Own = Claims>(token: string): Promise<Verified<Own>> {
    return accepted(await this.#verifier.judge(copyBytes(token), undefined))
  }

  /**
   * Verifies many tokens, each like {@link Verifier.verify}. The results are in the order of the tokens, in the form of
   * `Promise.allSettled`.
   *
   * @throws `TypeError` if `tokens` is no array. The error of a token is the `reason` of its result
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
    return Promise.allSettled(Array.from(tokens, (token) => this.verify<Own>(token)))
  }

  /**
   * Verifies a token synchronously.
   *
   * @throws as {@link Verifier.verify} does; {@link JWKSUnavailable} (`refusal`: `keys_not_ready`) while a remote set
   *   has not arrived. An unknown key is refused without a fetch.
   */
  verifySync<Own = Claims>(token: string): Verified<Own> {
    return accepted(this.#verifier.judgeNow(token))
  }
}

/** Copies bytes: the caller may change them before the verdict. */
function copyBytes(token: unknown): unknown {
  return isBytes(token) ? new Uint8Array(token) : token
}

function accepted<Claims>(verdict: KeyedVerdict): Verified<Claims> {
  if (!verdict.ok) throw errorFrom(verdict.refusal, verdict.payload)
  const { header: protectedHeader, key } = verdict
  const payload = verdict.payload as Claims & JWTPayload
  return key === undefined ? { payload, protectedHeader } : { payload, protectedHeader, key }
}

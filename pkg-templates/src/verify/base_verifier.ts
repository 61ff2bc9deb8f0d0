/** The base class of both `Verifier` classes: that of `jotgate` and that of `jotgate/verifier`. */
import { isBytes } from '../base/bytes.js'
import type { Options } from '../base/options.js'
import { errorFrom } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'
import type { ImportedKey } from '../keys/imported_key.js'
import { verifierOf } from './issuer_verifier.js'
import type { Judge, KeyedVerdict } from './judge.js'
import { keysFrom } from './keys_option.js'
import type { Collect, Parts } from './parts.js'
import { algorithmList, POLICY_NAMES, policyFields } from './policy.js'

/** The names of the options of `Verifier`. */
export const VERIFIER_NAMES: readonly string[] = ['keys', 'issuers', ...POLICY_NAMES]

/** A token that was accepted. Its objects are made for this one call and belong to the caller. */
export interface Verified<Claims = JWTPayload> {
  /** The claims. */
  payload: Claims & JWTPayload
  /** The header. */
  protectedHeader: ProtectedHeader
  /** The key of the set that verified it; absent if the key was given directly. */
  key?: ImportedKey
}

/** Verifies tokens, and throws an error for each token that is refused. */
export abstract class BaseVerifier<Claims = JWTPayload> {
  readonly #judge: Judge

  /** @internal */
  constructor(judge: Judge) {
    this.#judge = judge
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
    return accepted(await this.#judge.judge(copyBytes(token), undefined))
  }

  /**
   * Verifies many tokens, each like {@link Verifier.verify}. The results are in the order of the tokens, in the form of
   * `Promise.allSettled`.
   *
   * @throws `TypeError` if `tokens` is not an array. The error of a token is the `reason` of its result
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
    return accepted(this.#judge.judgeNow(token))
  }
}

/** Makes the verifier of these options. `collect` is applied to each function that makes the verifier of one issuer. */
export function judgeFrom(given: Options, parts: Parts, collect: Collect = (make) => make): Judge {
  if (given.has('issuers') && parts.issuers !== undefined) return parts.issuers(given, policyFields(given), parts, collect)
  given.require('algorithms', algorithmList)
  const keys = given.require('keys', (name, value) => keysFrom(name, value, parts))
  return collect(verifierOf)(given, policyFields(given), keys, parts)
}

/** Copies bytes, because the caller may change them before the verdict. Returns any other value unchanged. */
function copyBytes(token: unknown): unknown {
  return isBytes(token) ? new Uint8Array(token) : token
}

function accepted<Claims>(verdict: KeyedVerdict): Verified<Claims> {
  if (!verdict.ok) throw errorFrom(verdict.refusal, verdict.payload)
  const { header: protectedHeader, key } = verdict
  const payload = verdict.payload as Claims & JWTPayload
  return key === undefined ? { payload, protectedHeader } : { payload, protectedHeader, key }
}

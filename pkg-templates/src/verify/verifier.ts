/** The `Verifier` of `jotgate`, which uses all parts. */
import { Options } from '../base/options.js'
import type { Algorithm, JWTPayload } from '../base/types.js'
import { ALL_PARTS } from './all_parts.js'
import { BaseVerifier, judgeFrom, VERIFIER_NAMES } from './base_verifier.js'
import { collecting } from './issuer_rules.js'
import type { IssuerOptions } from './issuers.js'
import type { IssuerRules } from './judge.js'
import type { OneKeys } from './keys_option.js'
import { clockFrom, type PolicyOptions } from './policy.js'
import { statusFrom, type StatusOptions } from './status.js'

/** The options of a {@link Verifier}. */
export interface VerifierOptions extends PolicyOptions, StatusOptions {
  /** The keys, or their source. */
  keys: OneKeys
}

/** The options of a {@link Verifier} of several issuers. They apply to each issuer that does not replace them. */
export interface IssuersVerifierOptions extends Omit<PolicyOptions, 'algorithms' | 'issuer'>, StatusOptions {
  /** The accepted issuers. A token is verified with the keys, algorithms and audiences of the issuer in its `iss`. */
  issuers: readonly IssuerOptions[]
  /** The accepted algorithms for issuers that have no list of their own. */
  algorithms?: readonly Algorithm[]
}

/**
 * Verifies tokens (RFC 7519 §7.2). Make one and use it for every token. The constructor fetches nothing, sets no timer and reads no
 * randomness, so it may be called at the top of a worker's module. See `warm` for that case.
 *
 * @typeParam Claims - the claims of your tokens besides the registered ones; they are not checked
 *
 * @example
 * ```js
 * const verifier = new Verifier({ keys: jwks, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' })
 * const { payload } = await verifier.verify(token)
 * ```
 */
export class Verifier<Claims = JWTPayload> extends BaseVerifier<Claims> {
  /**
   * @throws `TypeError` that names the option that is missing, unknown, present but `undefined`, empty or not a number;
   *   {@link JWKInvalid}, {@link JWKSInvalid} or {@link JOSENotSupported} for keys that cannot be read
   */
  constructor(options: VerifierOptions | IssuersVerifierOptions) {
    const given = new Options('Verifier', options, [...VERIFIER_NAMES, 'status'])
    const status = given.read('status', statusFrom)
    const rules: IssuerRules[] = []
    const local = judgeFrom(given, ALL_PARTS, (make) => collecting(rules, make))
    super(status?.({ local, rules, now: clockFrom(given) }) ?? local)
  }
}

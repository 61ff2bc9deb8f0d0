/**
 * The error classes. They have jose's names, codes and members, so that code written for jose keeps working. Each also has `refusal`, the
 * exact reason.
 */
import type { RefusalCode } from './refusal_codes.js'
import type { JWTPayload, SkippedMember } from './types.js'

/** How a claim failed. */
export type ClaimFailure = 'missing' | 'invalid' | 'check_failed' | 'mismatch' | 'unspecified'

/** The base class of all errors of this package. */
export class JOSEError extends Error {
  /** The class's code. */
  static readonly code: string = 'ERR_JOSE_GENERIC'
  /** The stable code of the class of failure, `ERR_…`. */
  readonly code: string
  /**
   * The stable code of the exact reason, `snake_case`: `expired`, `signature_mismatch`, `crit_not_understood`, …
   * `unspecified` for an error that the package did not make.
   */
  refusal: RefusalCode = 'unspecified'
  /** The URL of the key set or metadata, without user, query and fragment; only if it could not be fetched. */
  declare url?: string
  /** The HTTP status of that response. */
  declare status?: number
  /** The number of seconds until the next try; only if a key set could not be fetched. */
  declare retryAfter?: number
  /** The unusable members of the key set, each with the reason; only if the set has no key for the token. */
  declare skipped?: readonly SkippedMember[]

  /**
   * @param message - the message for people. It never contains a token or key material, and it may change
   * @param options - `cause`, as for every `Error`
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JOSEError'
    this.code = new.target.code
  }
}

/** The members that {@link JWTClaimValidationFailed} and {@link JWTExpired} share. */
abstract class ClaimError extends JOSEError {
  /** The claim that failed, or the header's `typ`. */
  readonly claim: string
  /** How it failed. */
  readonly reason: ClaimFailure | (string & {})
  /** The claims of the token. Its signature is valid; claims that were not checked yet may be wrong too. */
  readonly payload: JWTPayload

  constructor(
    message: string,
    payload: JWTPayload,
    claim: string = 'unspecified',
    reason: ClaimFailure | (string & {}) = 'unspecified',
  ) {
    super(message, { cause: { claim, reason, payload } })
    this.claim = claim
    this.reason = reason
    this.payload = payload
  }
}

/** A claim is missing, has the wrong type, or does not have a required value (RFC 7519 §4.1). */
export class JWTClaimValidationFailed extends ClaimError {
  static override readonly code = 'ERR_JWT_CLAIM_VALIDATION_FAILED'
  declare readonly code: 'ERR_JWT_CLAIM_VALIDATION_FAILED'
  override name = 'JWTClaimValidationFailed'
}

/** The token has expired (RFC 7519 §4.1.4), or is older than `maxTokenAge` allows. */
export class JWTExpired extends ClaimError {
  static override readonly code = 'ERR_JWT_EXPIRED'
  declare readonly code: 'ERR_JWT_EXPIRED'
  override name = 'JWTExpired'
}

/** The token's algorithm is not allowed, or does not fit the key (RFC 8725 §3.1). */
export class JOSEAlgNotAllowed extends JOSEError {
  static override readonly code = 'ERR_JOSE_ALG_NOT_ALLOWED'
  declare readonly code: 'ERR_JOSE_ALG_NOT_ALLOWED'
  override name = 'JOSEAlgNotAllowed'
}

/** The token or the key needs something that jotgate does not support. */
export class JOSENotSupported extends JOSEError {
  static override readonly code = 'ERR_JOSE_NOT_SUPPORTED'
  declare readonly code: 'ERR_JOSE_NOT_SUPPORTED'
  override name = 'JOSENotSupported'
}

/** The token is not a compact JWS, or its header is ambiguous (RFC 7515 §7.1). */
export class JWSInvalid extends JOSEError {
  static override readonly code = 'ERR_JWS_INVALID'
  declare readonly code: 'ERR_JWS_INVALID'
  override name = 'JWSInvalid'
}

/** The payload is not a JSON object of claims (RFC 7519 §7.2). */
export class JWTInvalid extends JOSEError {
  static override readonly code = 'ERR_JWT_INVALID'
  declare readonly code: 'ERR_JWT_INVALID'
  override name = 'JWTInvalid'
}

/** A key cannot be read, or is too weak (RFC 7517 §4, RFC 7518 §6). */
export class JWKInvalid extends JOSEError {
  static override readonly code = 'ERR_JWK_INVALID'
  declare readonly code: 'ERR_JWK_INVALID'
  override name = 'JWKInvalid'
}

/** A key set cannot be read (RFC 7517 §5). */
export class JWKSInvalid extends JOSEError {
  static override readonly code = 'ERR_JWKS_INVALID'
  declare readonly code: 'ERR_JWKS_INVALID'
  override name = 'JWKSInvalid'
}

/** No key of the set matches the token. */
export class JWKSNoMatchingKey extends JOSEError {
  static override readonly code = 'ERR_JWKS_NO_MATCHING_KEY'
  declare readonly code: 'ERR_JWKS_NO_MATCHING_KEY'
  override name = 'JWKSNoMatchingKey'

  constructor(message: string = 'no key of the set matches the token', options?: ErrorOptions) {
    super(message, options)
  }
}

/** The issuer did not answer in time. */
export class JWKSTimeout extends JOSEError {
  static override readonly code = 'ERR_JWKS_TIMEOUT'
  declare readonly code: 'ERR_JWKS_TIMEOUT'
  override name = 'JWKSTimeout'

  constructor(message: string = 'the key set did not arrive in time', options?: ErrorOptions) {
    super(message, options)
  }
}

/**
 * There is no key set to verify with: the issuer cannot be reached, or its response is not a key set. The token may be valid. jose has no
 * such class.
 */
export class JWKSUnavailable extends JOSEError {
  static override readonly code = 'ERR_JWKS_UNAVAILABLE'
  declare readonly code: 'ERR_JWKS_UNAVAILABLE'
  override name = 'JWKSUnavailable'
}

/** The signature does not match the token and the key (RFC 7515 §5.2). */
export class JWSSignatureVerificationFailed extends JOSEError {
  static override readonly code = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  declare readonly code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  override name = 'JWSSignatureVerificationFailed'

  constructor(message: string = 'the signature does not match', options?: ErrorOptions) {
    super(message, options)
  }
}

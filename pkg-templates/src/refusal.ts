/** A refusal of the core, as JSON text, enters; a value or the error class that users compare leaves. */
import {
  JOSEAlgNotAllowed,
  JOSEError,
  JOSENotSupported,
  JWKInvalid,
  JWKSInvalid,
  JWKSNoMatchingKey,
  JWKSTimeout,
  JWKSUnavailable,
  JWSInvalid,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
  JWTInvalid,
} from './errors.js'
import type { JWTPayload } from './types.js'

/** Why something was refused, as the core says it. */
export interface Refusal {
  /** The exact reason. */
  readonly code: string
  /** The class of failure, one of jose's codes or of our own. */
  readonly class: string
  /** For people. */
  readonly message: string
  /** The claim that failed. */
  readonly claim?: string
  /** How it failed. */
  readonly reason?: string
  /** The option that was misused. */
  readonly option?: string
  /** The scopes that would have been enough, joined by spaces. */
  readonly scope?: string
}

/** The error for a refusal; `payload` holds the claims where the signature held. */
export function errorFrom(refusal: Refusal, payload: JWTPayload = {}): Error {
  if (refusal.class === 'ERR_OPTION') return typeError(refusal.message, refusal.code)
  const error = instance(refusal, payload)
  error.refusal = refusal.code
  return error
}

/** Calls into the core; where it throws, the text that it throws becomes the error that it tells of. */
export function refusing<T>(call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const { name, message } = (thrown ?? {}) as Error
    if (name !== 'JotgateRefusal') throw thrown
    throw errorFrom(JSON.parse(message) as Refusal)
  }
}

/** What is misused, and how: for mistakes of the program, at the moment that it makes them. */
export function misuse(option: string, problem: string): TypeError {
  return typeError(`\`${option}\` ${problem}`, 'option')
}

/** The refusal of something that is no token at all, so that the core can't be asked. */
export const NOT_TEXT: Refusal = {
  code: 'token_not_text',
  class: 'ERR_JWS_INVALID',
  message: 'the token is not a string',
}

function typeError(message: string, refusal: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_OPTION', refusal })
}

function instance({ class: code, message, claim, reason }: Refusal, payload: JWTPayload): JOSEError {
  switch (code) {
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return new JOSEAlgNotAllowed(message)
    case 'ERR_JOSE_NOT_SUPPORTED':
      return new JOSENotSupported(message)
    case 'ERR_JWS_INVALID':
      return new JWSInvalid(message)
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return new JWSSignatureVerificationFailed(message)
    case 'ERR_JWT_INVALID':
      return new JWTInvalid(message)
    case 'ERR_JWT_EXPIRED':
      return new JWTExpired(message, payload, claim, reason)
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
    case 'ERR_INSUFFICIENT_SCOPE':
      return new JWTClaimValidationFailed(message, payload, claim, reason)
    case 'ERR_JWK_INVALID':
      return new JWKInvalid(message)
    case 'ERR_JWKS_INVALID':
      return new JWKSInvalid(message)
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return new JWKSNoMatchingKey(message)
    case 'ERR_JWKS_TIMEOUT':
      return new JWKSTimeout(message)
    case 'ERR_JWKS_UNAVAILABLE':
      return new JWKSUnavailable(message)
    default:
      return new JOSEError(message)
  }
}

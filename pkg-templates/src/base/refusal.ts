/** A refusal of the core enters, the error of the class that users compare leaves. */
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
import { record } from './record.js'
import type { RefusalCode } from './refusal_codes.js'
import type { JWTPayload, SkippedMember } from './types.js'

/** Why something was refused, as the core says it. */
export interface Refusal {
  /** The exact reason. */
  readonly code: RefusalCode
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
  /** The members of the key set that can't be used, where it has no key for the token. */
  readonly skipped?: readonly SkippedMember[]
}

/** The error for a refusal; `payload` holds the claims where the signature held. */
export function errorFrom(refusal: Refusal, payload: JWTPayload = {}): Error {
  const { code, class: kind, message, claim, reason, skipped } = record(refusal)
  if (kind === 'ERR_OPTION') return typeError(message, code)
  const OfClaim = kind === 'ERR_INSUFFICIENT_SCOPE' ? JWTClaimValidationFailed : classOf(OF_CLAIMS, kind)
  if (OfClaim !== undefined) return withRefusal(code, new OfClaim(message, payload, claim, reason))
  const error = withRefusal(code, new (classOf(CLASSES, kind) ?? JOSEError)(message))
  if (skipped !== undefined) error.skipped = skipped
  return error
}

/** An error with its exact reason. */
export function withRefusal<T extends JOSEError>(refusal: RefusalCode, error: T): T {
  error.refusal = refusal
  return error
}

/** Whether there are no keys to verify with, which is not the token's fault. */
export function isWithoutKeys(thrown: unknown): thrown is JWKSUnavailable | JWKSTimeout | JWKSInvalid {
  return WITHOUT_KEYS.some((kind) => thrown instanceof kind)
}

/** What is misused, and how: for mistakes of the program, at the moment that it makes them. */
export function optionError(option: string, problem: string): TypeError {
  return typeError(`\`${option}\` ${problem}`, 'option')
}

/** The refusal of something that is no token at all, so that the core can't be asked. */
export const NOT_TEXT: Refusal = {
  code: 'token_not_text',
  class: 'ERR_JWS_INVALID',
  message: 'the token is not a string',
}

function typeError(message: string, refusal: RefusalCode): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_OPTION', refusal })
}

const WITHOUT_KEYS = [JWKSUnavailable, JWKSTimeout, JWKSInvalid]
const OF_CLAIMS = [JWTExpired, JWTClaimValidationFailed]
const CLASSES = [
  JOSEAlgNotAllowed,
  JOSENotSupported,
  JWKInvalid,
  JWKSInvalid,
  JWKSNoMatchingKey,
  JWKSTimeout,
  JWKSUnavailable,
  JWSInvalid,
  JWSSignatureVerificationFailed,
  JWTInvalid,
]

function classOf<T extends { readonly code: string }>(classes: readonly T[], code: string): T | undefined {
  return classes.find((kind) => kind.code === code)
}

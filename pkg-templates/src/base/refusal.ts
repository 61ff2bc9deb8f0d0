/** Makes errors from refusals. */
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

/** A refusal, in the form of the core. */
export interface Refusal {
  /** The exact reason. */
  readonly code: RefusalCode
  /** The class of failure, one of jose's codes or of our own. */
  readonly class: string
  /** The message, for people. */
  readonly message: string
  /** The claim that failed. */
  readonly claim?: string
  /** How it failed. */
  readonly reason?: string
  /** The option that is invalid. */
  readonly option?: string
  /** The text for the gate's response. Default: a sentence for the class. */
  readonly detail?: string
  /** The unusable members of the key set, if it has no key for the token. */
  readonly skipped?: readonly SkippedMember[]
}

/** Makes the error for a refusal. `payload` has the claims if the signature is valid. */
export function errorFrom(refusal: Refusal, payload: JWTPayload = {}): Error {
  const { code, class: kind, message, claim, reason, skipped } = record(refusal)
  if (kind === 'ERR_OPTION') return typeError(message, code)
  const OfClaim = classOf(OF_CLAIMS, kind)
  if (OfClaim !== undefined) return withRefusal(code, new OfClaim(message, payload, claim, reason))
  const error = withRefusal(code, new (classOf(CLASSES, kind) ?? JOSEError)(message))
  if (skipped !== undefined) error.skipped = skipped
  return error
}

/** Sets the exact reason of an error. */
export function withRefusal<T extends JOSEError>(refusal: RefusalCode, error: T): T {
  error.refusal = refusal
  return error
}

/** Whether the error means that there are no keys to verify with. */
export function isWithoutKeys(thrown: unknown): thrown is JWKSUnavailable | JWKSTimeout | JWKSInvalid {
  return WITHOUT_KEYS.some((kind) => thrown instanceof kind)
}

/** Makes the `TypeError` for an invalid option. */
export function optionError(option: string, problem: string): TypeError {
  return typeError(`\`${option}\` ${problem}`, 'option')
}

/** The refusal of a token that is not a string. */
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

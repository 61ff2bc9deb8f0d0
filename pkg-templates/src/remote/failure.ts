/** Stores the reason why the last fetch of a key set failed, so that later requests get a new error with the same content. */
import type { RefusalCode } from '../base/refusal_codes.js'
import { type JOSEError, JWKSInvalid } from '../base/errors.js'
import { isGiven, memberOf, record } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import { unavailable } from './fetch_text.js'
import type { Kind } from './source_options.js'

/** The parts of an error. Of the runtime's error only the text is stored, because the object may belong to one request. */
export interface Failure {
  readonly kind: new (message: string, options?: ErrorOptions) => JOSEError
  readonly refusal: RefusalCode
  readonly message: string
  /** The facts about an invalid response as plain values, or the text of the runtime's error. */
  readonly cause: unknown
  /** The other members of the error. */
  readonly facts: Partial<Pick<JOSEError, (typeof FACTS)[number]>>
}

const FACTS = ['skipped', 'url', 'status'] as const

/** Returns the parts of the error of a fetch. */
export function failureOf(error: JOSEError): Failure {
  const { constructor, refusal, message } = error
  const kind = constructor as Failure['kind']
  const cause = memberOf(error, 'cause')
  const facts = Object.fromEntries(FACTS.filter((name) => isGiven(error, name)).map((name) => [name, error[name]]))
  // Workers bind objects to a request, but not text.
  const plain = error instanceof JWKSInvalid || !(cause instanceof Error) ? cause : String(cause)
  return { kind, refusal, message, cause: plain, facts }
}

/** Makes a new error of these parts. */
export function failureFrom({ kind, refusal, message, cause: plain, facts }: Failure): JOSEError {
  const cause = typeof plain === 'string' ? new Error(plain) : plain
  return Object.assign(withRefusal(refusal, new kind(message, cause === undefined ? undefined : record({ cause }))), facts)
}

/** Makes the error for a request that cannot await another request's fetch of the set. */
export function pending([kind, name]: Kind<unknown>['about']): JOSEError {
  return retry(unavailable(`${kind}_pending`, `${name} is being fetched`), 1)
}

/** Sets the number of seconds until the next try, rounded up (RFC 9110 §10.2.3). */
export function retry<T extends JOSEError>(error: T, seconds: number): T {
  error.retryAfter = Math.max(1, Math.ceil(seconds))
  return error
}

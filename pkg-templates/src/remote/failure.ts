/** Keeps why the last fetch of a key set failed, so that later requests get an error of their own. */
import type { RefusalCode } from '../base/refusal_codes.js'
import { type JOSEError, JWKSInvalid } from '../base/errors.js'
import { isGiven, memberOf, record } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import { unavailable } from './fetch_text.js'

/** The parts of an error. Of a cause of the network only the text is kept: it may belong to the request that made the fetch. */
export interface Failure {
  readonly kind: new (message: string, options?: ErrorOptions) => JOSEError
  readonly refusal: RefusalCode
  readonly message: string
  /** What an answer that was read says, as plain values, or the text of what the host threw. */
  readonly cause: unknown
  /** The other members of the error. */
  readonly facts: Partial<Pick<JOSEError, (typeof FACTS)[number]>>
}

const FACTS = ['skipped', 'url', 'status'] as const

/** Takes the parts out of the error of a fetch. */
export function failureOf(error: JOSEError): Failure {
  const { constructor, refusal, message } = error
  const kind = constructor as Failure['kind']
  const cause = memberOf(error, 'cause')
  const facts = Object.fromEntries(FACTS.filter((name) => isGiven(error, name)).map((name) => [name, error[name]]))
  // Text belongs to no request.
  const plain = error instanceof JWKSInvalid || !(cause instanceof Error) ? cause : String(cause)
  return { kind, refusal, message, cause: plain, facts }
}

/** Makes a new error of these parts. */
export function failureFrom({ kind, refusal, message, cause: plain, facts }: Failure): JOSEError {
  const cause = typeof plain === 'string' ? new Error(plain) : plain
  return Object.assign(withRefusal(refusal, new kind(message, cause === undefined ? undefined : record({ cause }))), facts)
}

/** The error while another request fetches the set and this one cannot wait for it. */
export function pending(): JOSEError {
  return retry(unavailable('key_set_pending', 'the key set is being fetched'), 1)
}

/** Sets after how many seconds to try again, rounded up (RFC 9110 §10.2.3). */
export function retry<T extends JOSEError>(error: T, seconds: number): T {
  error.retryAfter = Math.max(1, Math.ceil(seconds))
  return error
}

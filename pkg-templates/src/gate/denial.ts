/** Why a request is denied, in terms of HTTP. */
import type { RefusalCode } from '../base/refusal_codes.js'
import type { CorsFields } from './cors.js'

/** The status of a denied request. */
export type DenialStatus = 204 | 400 | 401 | 403 | 429 | 503

/** The error codes of challenges: RFC 6750 §3.1, RFC 9449 §12.2, RFC 9470 §3. */
export type DenialError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_user_authentication'

/** Why a request is denied, in terms of HTTP. */
export interface Denial {
  readonly status: DenialStatus
  readonly error?: DenialError
  /** The stable code of the exact reason. */
  readonly refusal: RefusalCode
  /** The reason as text for the client. It never contains the values that would have been accepted. */
  readonly detail: string
  /** The scopes that this request needs, separated by spaces. */
  readonly scope?: string
  /** Further parameters of the challenge, such as `max_age="300"`. They are added only where the error is. */
  readonly parameters?: readonly string[]
  /** The number of seconds to wait before a retry, if known. */
  readonly retryAfter?: number
  /** The scheme that the request used: the error is in the challenge of that scheme. Default: Bearer. */
  readonly scheme?: 'dpop' | undefined
  /** Further header fields of the response. */
  readonly fields?: CorsFields
  /** The error that caused the denial, for logs. */
  readonly cause?: Error
}

/** Returns the denial for a token that is not accepted. */
export function invalidToken(refusal: RefusalCode, detail: string): Denial {
  return { status: 401, error: 'invalid_token', refusal, detail }
}

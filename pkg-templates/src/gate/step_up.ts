/** Checks whether the user's login is recent and strong enough (RFC 9470). */
import { memberOf } from '../base/record.js'
import type { RefusalCode } from '../base/refusal_codes.js'
import type { JWTPayload } from '../base/types.js'
import type { Denial } from './denial.js'

/** The login that a request needs. */
export interface NeededLogin {
  /** The accepted authentication contexts: `acr` must be one of them. */
  readonly acr: readonly string[] | undefined
  /** The greatest age of the login, in seconds, by `auth_time`. */
  readonly maxAge: number | undefined
}

/** The longest `maxAuthAge`, in seconds: one year. */
export const MAX_LOGIN_AGE = 31_557_600

/**
 * Returns why the login is not enough, or `undefined` if it is. A claim that is missing or of another type is not enough.
 *
 * @param now - the current time, in seconds since 1970
 * @param tolerance - the accepted difference of the clocks, in seconds
 */
export function refusesLogin({ acr, maxAge }: NeededLogin, claims: JWTPayload, now: number, tolerance: number): Denial | undefined {
  const [context, time] = [memberOf(claims, 'acr'), memberOf(claims, 'auth_time')]
  const isWeak = acr && !acr.includes(context as string)
  const age = typeof time === 'number' ? now - time : Number.NaN
  const isOld = maxAge !== undefined && !(age >= -tolerance && age <= maxAge + tolerance)
  if (!isWeak && !isOld) return undefined
  // RFC 9470 §3. Both parameters are sent, so that one new login satisfies both.
  const parameters: string[] = []
  if (acr) parameters.push(`acr_values="${acr.join(' ')}"`)
  if (maxAge !== undefined) parameters.push(`max_age="${Math.floor(maxAge)}"`)
  const denial = (refusal: RefusalCode, detail: string): Denial => ({
    status: 401,
    error: 'insufficient_user_authentication',
    refusal,
    detail,
    parameters,
  })
  return isWeak ? denial('login_too_weak', 'the login is too weak') : denial('login_too_old', 'the login is too old')
}

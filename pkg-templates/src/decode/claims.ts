/**
 * Reads scopes and the expiry from decoded claims, for display only, such as which buttons to show. The claims are
 * **not verified**: only the API can decide.
 */
import type { JWTPayload } from '../base/types.js'

/**
 * Returns the scopes of a token, by the rules of `createGate`: those of the first claim present among `scope`, `scp` and `scopes`. The
 * claim is a string of words (RFC 9068 §2.2.3) or an array of strings. Any other form contains no scopes.
 */
export function scopesOf(claims: JWTPayload): string[] {
  const name = ['scope', 'scp', 'scopes'].find((name) => Object.hasOwn(claims, name))
  const value = name && claims[name]
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? [...value] : []
}

/** Whether a token contains a scope. Scopes are compared exactly. */
export function hasScope(claims: JWTPayload, scope: string): boolean {
  return scopesOf(claims).includes(scope)
}

/**
 * Returns the seconds until `exp`, negative after it. Returns `undefined` if there is no `exp`.
 *
 * @param now - the time to count from, in seconds since 1970; by default this device's clock, which may be wrong
 */
export function secondsLeft(claims: JWTPayload, now: number = Date.now() / 1000): number | undefined {
  const exp = Object.hasOwn(claims, 'exp') && claims.exp
  return typeof exp === 'number' ? exp - now : undefined
}

/**
 * Reads scopes and the end of life from claims that were decoded: for display, such as which buttons to show. They are
 * **not verified**: the API decides.
 */
import type { JWTPayload } from '../base/types.js'

/**
 * The scopes of a token, by the rules of `createGate`: the first of `scope`, `scp` and `scopes` counts, as words of a string
 * (RFC 9068 §2.2.3) or as an array of strings. Any other shape grants nothing.
 */
export function scopesOf(claims: JWTPayload): string[] {
  const name = ['scope', 'scp', 'scopes'].find((name) => Object.hasOwn(claims, name))
  const value = name && claims[name]
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? [...value] : []
}

/** Whether a token names a scope. Scopes are compared exactly; a part of one does not count. */
export function hasScope(claims: JWTPayload, scope: string): boolean {
  return scopesOf(claims).includes(scope)
}

/**
 * The seconds until `exp`, negative after it. Returns `undefined` if there is no `exp`.
 *
 * @param now - the time to count from, in seconds since 1970; by default this device's clock, which may be wrong
 */
export function secondsLeft(claims: JWTPayload, now: number = Date.now() / 1000): number | undefined {
  const exp = Object.hasOwn(claims, 'exp') && claims.exp
  return typeof exp === 'number' ? exp - now : undefined
}

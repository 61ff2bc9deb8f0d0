/** Reads the rights of a token: scopes, permissions and roles (RFC 6749 §3.3, RFC 9068 §2.2.3). Compares them with those that are needed. */
import { list, type Options } from '../base/options.js'
import { givenNames, memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import type { Denial } from './denial.js'

/** The claims that contain a token's rights, and the scopes that a scope includes. */
export interface RightsOptions {
  /** The scopes that a scope includes, such as `{ 'notes:write': ['notes:read'] }`. Included scopes may include others. */
  implies?: Readonly<Record<string, readonly string[]>>
  /** The path of the claim with the scopes. Default: `scope`, `scp` or `scopes`, the first one present. */
  scopesFrom?: readonly string[]
  /** The path of the claim with the permissions. Default: `['permissions']`. */
  permissionsFrom?: readonly string[]
  /** The path of the claim with the roles, such as Keycloak's `['realm_access', 'roles']`. Default: `['roles']`. */
  rolesFrom?: readonly string[]
}

/** The names of {@link RightsOptions}. */
export const RIGHTS_NAMES = ['implies', 'scopesFrom', 'permissionsFrom', 'rolesFrom'] as const

/** The rights that a request needs. Empty lists need nothing. */
export interface NeededRights {
  readonly scopes: readonly string[]
  readonly anyScope: readonly string[]
  readonly permissions: readonly string[]
  readonly roles: readonly string[]
}

/** Reads rights from claims. */
export interface Rights {
  /** Returns the scopes of a token and the scopes that they include. */
  scopesOf(claims: JWTPayload): string[]
  /** Returns why a token with these scopes lacks a needed right, or `undefined` if it lacks none. */
  lacks(needed: NeededRights, claims: JWTPayload, scopes: readonly string[]): Denial | undefined
}

/** Returns the reader for these options. */
export function rightsFrom(options: Options): Rights {
  const scopePath = options.read('scopesFrom', list)
  const scopePaths = scopePath === undefined ? [['scope'], ['scp'], ['scopes']] : [scopePath]
  const permissionPath = options.read('permissionsFrom', list) ?? ['permissions']
  const rolePath = options.read('rolesFrom', list) ?? ['roles']
  const included = options.read('implies', inclusions)

  return {
    scopesOf(claims) {
      // Only the first claim present counts: with a union, a token could contain two different lists.
      const path = scopePaths.find((path) => valueAt(claims, path) !== undefined) ?? []
      const scopes = words(valueAt(claims, path))
      if (included === undefined) return scopes
      return [...new Set(scopes.flatMap((scope) => [scope, ...(included.get(scope) ?? [])]))]
    },
    lacks({ scopes, anyScope, permissions, roles }, claims, granted) {
      const hasScope = (scope: string) => granted.includes(scope)
      if (!scopes.every(hasScope) || (anyScope.length > 0 && !anyScope.some(hasScope))) return lack('scope')
      const holds = (needed: readonly string[], path: readonly string[]) => {
        const found = needed.length === 0 ? [] : words(valueAt(claims, path))
        return needed.every((name) => found.includes(name))
      }
      if (!holds(permissions, permissionPath)) return lack('permissions')
      return holds(roles, rolePath) ? undefined : lack('roles')
    },
  }
}

/** The denial of a request whose token lacks a right. */
export function lack(what: 'scope' | 'permissions' | 'roles'): Denial {
  const detail = `the token lacks ${what === 'scope' ? 'scopes' : what}`
  return { status: 403, error: 'insufficient_scope', refusal: `insufficient_${what}`, detail }
}

/** Returns the value at a path of member names, or `undefined` if a member is missing. Inherited members are ignored. */
export function valueAt(claims: unknown, path: readonly string[]): unknown {
  let value = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** Splits a string at spaces, or returns the strings of an array unchanged. A value of any other type grants nothing. */
function words(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? [...(value as string[])] : []
}

/** Maps each scope to all scopes that it includes, directly or indirectly. */
function inclusions(name: string, value: unknown): Map<string, string[]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw optionError(name, 'must be an object with a list of scopes for each scope')
  }
  const direct = new Map(
    givenNames(value).map((scope) => [scope, list(name, memberOf(value as Record<string, unknown>, scope))]),
  )
  const follow = (scope: string, above: readonly string[]): string[] => {
    if (above.includes(scope)) throw optionError(name, `has a cycle: ${[...above, scope].join(' → ')}`)
    const below = direct.get(scope) ?? []
    return below.flatMap((lower) => [lower, ...follow(lower, [...above, scope])])
  }
  return new Map([...direct.keys()].map((scope) => [scope, [...new Set(follow(scope, []))]]))
}

/** Checks the needs of a request. */
import { secondsUpTo } from '../base/duration.js'
import { callable, flag, list, Options } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { WaitUntil } from '../remote/remote_key_set.js'
import type { NeededRights } from './rights.js'
import { MAX_LOGIN_AGE, type NeededLogin } from './step_up.js'
import type { AnonymousRule, Authorize, GateNeeds } from './types.js'

/** A checked rule. */
export interface Rule {
  readonly allows: Authorize['rule'] | AnonymousRule['rule']
  /** Whether it is also called for requests without credentials. */
  readonly anonymous: boolean
}

/** The checked needs of one request. */
export interface CheckedNeeds {
  readonly rights: NeededRights
  readonly login: NeededLogin
  /** The scopes to ask for in a challenge, separated by spaces: all of `scopes`, and the first of `anyScope`. */
  readonly scope: string
  readonly optional: boolean
  readonly rule: Rule | undefined
  readonly waitUntil: WaitUntil | undefined
}

/**
 * Checks the needs.
 *
 * @throws `TypeError` that names the invalid need
 */
export function checkedNeeds(needs: GateNeeds): CheckedNeeds {
  const given = new Options('check', needs, NEED_NAMES)
  const scopes = given.read('scopes', scopeList) ?? []
  const anyScope = given.read('anyScope', scopeList) ?? []
  const permissions = given.read('permissions', list) ?? []
  const roles = given.read('roles', list) ?? []
  return {
    rights: { scopes, anyScope, permissions, roles },
    login: { acr: given.read('acr', scopeList), maxAge: given.read('maxAuthAge', secondsUpTo(MAX_LOGIN_AGE)) },
    scope: [...new Set([...scopes, ...anyScope.slice(0, 1)])].join(' '),
    optional: given.read('optional', flag) ?? false,
    rule: given.read('authorize', rule),
    waitUntil: given.read('waitUntil', callable<WaitUntil>),
  }
}

const NEED_NAMES = ['scopes', 'anyScope', 'permissions', 'roles', 'acr', 'maxAuthAge', 'optional', 'authorize', 'waitUntil']

/** Checks a list of scopes (RFC 6749 §3.3), or of `acr` values. Any other character would break the challenge that contains them. */
function scopeList(name: string, value: unknown): string[] {
  const scopes = list(name, value)
  if (scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) return scopes
  throw optionError(name, 'contains a character that a challenge cannot contain')
}

/** Checks a rule: a function, or an object whose function is also called for requests without credentials. */
export function rule(name: string, value: unknown): Rule {
  if (typeof value === 'function') return { allows: value as Authorize['rule'], anonymous: false }
  if (typeof value === 'object' && value !== null) {
    const given = value as Partial<AnonymousRule>
    const allows = memberOf(given, 'rule')
    if (memberOf(given, 'anonymous') === true && typeof allows === 'function') {
      return { allows: allows.bind(given), anonymous: true }
    }
  }
  throw optionError(name, 'must be a function, or `{ anonymous: true, rule }` with a function')
}

/** Checks the options of `createLogin`. */
import { callable, list, text, texts } from '../base/options.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { isTrustworthy } from '../base/url.js'
import type { LoginChange, LoginOptions } from './types.js'

/** The checked options. */
export interface Settings {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** Whether `openid` is requested, so that an ID token must come back (OpenID Connect Core §3.1.2.1). */
  readonly requestsIdToken: boolean
  readonly resources: readonly string[]
  readonly keepsAccessToken: boolean
  readonly onChange: (change: LoginChange) => void
  /** The name of the channel, the lock and the storage of this login. Logins with different options share nothing. */
  readonly name: string
}

/** Checks the options. @throws `TypeError` that names the invalid option */
export function parseOptions(value: LoginOptions): Settings {
  // Reads own members only. The class `Options` is not used, because this entry must stay small.
  const { issuer, clientId, redirectUri, scopes, resource, storage, onChange, ...others } = record(value)
  for (const name of Object.keys(others)) throw optionError(name.slice(0, 64), 'is not an option of createLogin')
  for (const [name, given] of Object.entries(value)) if (given === undefined) throw optionError(name, UNDEFINED)
  if (storage !== undefined && storage !== 'memory' && storage !== 'session') {
    throw optionError('storage', 'must be `memory` or `session`')
  }
  const checked = {
    issuer: address('issuer', issuer),
    clientId: text('clientId', clientId),
    redirectUri: address('redirectUri', redirectUri),
    // An item may contain several scopes, separated by spaces (RFC 6749 §3.3).
    scopes: list('scopes', scopes ?? ['openid']).join(' ').split(' '),
    resources: resource === undefined ? [] : texts('resource', resource),
  }
  return {
    ...checked,
    requestsIdToken: checked.scopes.includes('openid'),
    keepsAccessToken: storage === 'session',
    onChange: callable('onChange', onChange ?? (() => {})),
    name: `jotgate-login ${JSON.stringify(Object.values(checked))}`,
  }
}

const UNDEFINED = 'is undefined: leave it out, or give it a value'

/** Checks the address of the issuer or of the app. Returns it unchanged, because both are compared exactly. */
function address(name: string, value: unknown): string {
  const found = text(name, value)
  if (isTrustworthy(found) && !found.includes('#')) return found
  throw optionError(name, 'must be an https URL without fragment, or http on loopback')
}

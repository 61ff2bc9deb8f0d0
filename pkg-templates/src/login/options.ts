/** Checks the options of `createLogin`. */
import { callable, list, text, texts } from '../base/options.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { isTrustworthy } from './metadata.js'
import type { LoginChange, LoginOptions } from './types.js'

/** The options, checked. */
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
  /** Names what tabs share: logins with other options get other tokens. */
  readonly name: string
}

/** @throws `TypeError` that names the option */
export function parseOptions(value: LoginOptions): Settings {
  // Own members alone. Not by the class `Options`, which weighs more than it saves here: this entry has to stay small.
  const { issuer, clientId, redirectUri, scopes, resource, storage, onChange, ...others } = record(value)
  for (const name of Object.keys(others)) throw optionError(name.slice(0, 64), 'is no option of createLogin')
  for (const [name, given] of Object.entries(value)) if (given === undefined) throw optionError(name, UNDEFINED)
  if (storage !== undefined && storage !== 'memory' && storage !== 'session') {
    throw optionError('storage', 'must be `memory` or `session`')
  }
  const checked = {
    issuer: address('issuer', issuer),
    clientId: text('clientId', clientId),
    redirectUri: address('redirectUri', redirectUri),
    // An item with several scopes is what they are joined to anyway (RFC 6749 §3.3).
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

/** The issuer's or the app's own address, as it is written: both are compared exactly. */
function address(name: string, value: unknown): string {
  const found = text(name, value)
  if (isTrustworthy(found) && !found.includes('#')) return found
  throw optionError(name, 'must be an https URL without fragment, or http on loopback')
}

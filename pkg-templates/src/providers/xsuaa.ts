/** The preset for SAP Authorization and Trust Management (XSUAA). */
import { Options, text } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import { webUrl } from '../base/url.js'
import type { Preset } from './preset.js'

/** The credentials of a service binding (`VCAP_SERVICES`, or the secret in Kubernetes). Other members are ignored. */
export interface XsuaaBinding {
  /** The URL of the subaccount, such as `https://SUBDOMAIN.authentication.eu10.hana.ondemand.com`. */
  url: string
  /** The client of your application. */
  clientid: string
  /** The name of your application, such as `notes!t123`. Its scopes begin with it. */
  xsappname: string
}

/**
 * Returns the options for tokens of the subaccount of a binding. `aud` must contain your client or application. The header `jku` of the
 * tokens is ignored: the keys come from the binding's URL.
 *
 * @throws `TypeError` that names the member that is missing or wrong
 *
 * @example
 * ```js
 * const [{ credentials }] = JSON.parse(process.env.VCAP_SERVICES).xsuaa
 * const gate = createGate({ ...xsuaa(credentials) })
 * ```
 */
export function xsuaa(binding: XsuaaBinding): Preset<'issuer' | 'audience' | 'algorithms' | 'jwksUri'> {
  const given = new Options('xsuaa', binding, ['url', 'clientid', 'xsappname'], 'ignored')
  const url = given.require('url', subaccountUrl)
  return {
    issuer: `${url}/oauth/token`,
    audience: [given.require('clientid', text), given.require('xsappname', text)],
    algorithms: ['RS256'],
    jwksUri: `${url}/token_keys`,
  }
}

function subaccountUrl(name: string, value: unknown): string {
  const found = text(name, value).replace(/\/$/, '')
  if (webUrl(found)?.origin !== found) throw optionError(name, 'must be the URL of a subaccount, without a path')
  return found
}

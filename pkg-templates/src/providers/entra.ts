/** The preset for Microsoft Entra ID. */
import { Options, texts } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import type { IssuerTemplate } from '../gate/tenants.js'
import type { Preset } from './preset.js'

/** The tenants that may call your API, and the version of their tokens. */
export interface EntraOptions {
  /** The accepted tenants, as lower-case GUIDs. `'any'` requires `principal` or `authorize` at the gate, which then decide. */
  tenants: readonly string[] | 'any'
  /** The claim `ver` of your tokens, which `accessTokenAcceptedVersion` of your API's manifest sets. Default: 2. */
  version?: 1 | 2
  /** The accepted clients by their application ID: `azp` of version 2, `appid` of version 1. Default: every client. */
  client?: string | readonly string[]
}

/**
 * Returns the options for access tokens of Entra ID. Your gate adds `audience`: the application ID of your API, or with version 1 its URI.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong; wrong GUIDs are reported by `createGate`
 *
 * @example
 * ```js
 * const gate = createGate({ ...entra({ tenants: ['11111111-2222-3333-4444-555555555555'] }), audience: 'api://notes' })
 * ```
 */
export function entra(
  options: EntraOptions,
): { issuer: IssuerTemplate } & Preset<'algorithms' | 'jwksUri'> & Partial<Preset<'client' | 'clientFrom'>> {
  const given = new Options('entra', options, ['tenants', 'version', 'client'])
  const tenants = given.require('tenants', tenantList)
  const version = given.read('version', tokenVersion) ?? 2
  const client = given.read('client', texts)
  const v1 = version === 1
  return {
    issuer: { template: v1 ? 'https://sts.windows.net/{tenantid}/' : `${LOGIN}/{tenantid}/v2.0`, tenants },
    algorithms: ['RS256'],
    jwksUri: `${LOGIN}/common/discovery/${v1 ? '' : 'v2.0/'}keys`,
    ...(client !== undefined && { client, ...(v1 && { clientFrom: ['appid'] }) }),
  }
}

const LOGIN = 'https://login.microsoftonline.com'

function tenantList(name: string, value: unknown): string[] | 'any' {
  if (value === 'any') return value
  if (typeof value === 'string') throw optionError(name, "must be an array of GUIDs, or 'any'")
  return texts(name, value)
}

function tokenVersion(name: string, value: unknown): 1 | 2 {
  if (value === 1 || value === 2) return value
  throw optionError(name, 'must be 1 or 2')
}

/** Issuers with many tenants, such as Entra ID: `iss` is a template that contains the token's `tid`. */
import { list, Options, text, texts } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import { webUrl } from '../base/url.js'
import { issuerIdentifier } from '../remote/discovery.js'
import { RemoteKeySet, type RemoteKeySetOptions } from '../remote/remote_key_set.js'
import { type Denial, invalidToken } from './denial.js'

/** An issuer with many tenants. */
export interface IssuerTemplate {
  /**
   * The required `iss`, with `{tenantid}` for the token's `tid`: `https://login.microsoftonline.com/{tenantid}/v2.0`, or for tokens of
   * version 1 `https://sts.windows.net/{tenantid}/`. With a list, any of them is accepted.
   */
  template: string | readonly string[]
  /** The accepted tenants, as lower-case GUIDs. `'any'` requires `principal` or `authorize`, which then decide. */
  tenants: readonly string[] | 'any'
  /**
   * The URL of the issuer's metadata, such as `https://login.microsoftonline.com/common/v2.0`. The metadata must contain the first
   * template as `issuer`. Required without `jwksUri` and `keys`. No URL is ever made from a token's `tid`.
   */
  discovery?: string
}

/** A checked template. */
export interface Tenants {
  /** Returns the key set that the metadata at the configured URL names. */
  keySet(options: RemoteKeySetOptions): RemoteKeySet
  readonly any: boolean
  /** Returns why the tenant of a verified token is not accepted. `keyIssuer` is the member `issuer` of its key. */
  refuses(claims: JWTPayload, keyIssuer: string | undefined): Denial | undefined
}

/** Returns the template, or `undefined` if the option `issuer` is not one. */
export function tenantsFrom(name: string, value: unknown): Tenants | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const given = new Options(name, value, ['template', 'tenants', 'discovery'])
  const templates = given.require('template', (name, value) => texts(name, value).map((entry) => template(name, entry)))
  const tenants = given.require('tenants', (name, value) => (value === 'any' ? value : guids(name, value)))
  const discovery = given.read('discovery', issuerIdentifier)
  return record({
    keySet(options: RemoteKeySetOptions): RemoteKeySet {
      if (discovery === undefined) throw optionError('discovery', 'of `issuer`, `jwksUri` or `keys` is required with a template')
      return RemoteKeySet.discovered(discovery, templates[0] ?? '', options)
    },
    any: tenants === 'any',
    refuses(claims: JWTPayload, keyIssuer: string | undefined): Denial | undefined {
      const [iss, tid] = [memberOf(claims, 'iss'), memberOf(claims, 'tid')]
      if (tid === undefined) return invalidToken('claim_missing', "the token's tid is missing")
      if (typeof tid !== 'string' || !GUID.test(tid) || (tenants !== 'any' && !tenants.includes(tid))) {
        return invalidToken('tenant_mismatch', "the token's tid is not accepted")
      }
      if (iss === undefined) return invalidToken('claim_missing', "the token's iss is missing")
      const accepted = templates.some((entry) => filled(entry, tid) === iss)
      // The keys of one cloud sign for many tenants; a key that names its issuer signs for that issuer only.
      if (!accepted || (keyIssuer !== undefined && filled(keyIssuer, tid) !== iss)) {
        return invalidToken('issuer_mismatch', "the token's iss is not accepted")
      }
      return undefined
    },
  })
}

const PLACEHOLDER = '{tenantid}'
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function filled(template: string, tid: string): string {
  return template.replaceAll(PLACEHOLDER, tid)
}

function template(name: string, value: string): string {
  const url = webUrl(value)
  // Only the path may depend on the tenant, never the host.
  const path = url && value.startsWith(`${url.origin}/`) && value.slice(url.origin.length)
  if (!path || /[?#]/.test(path) || value.split(PLACEHOLDER).length !== 2 || !path.includes(PLACEHOLDER)) {
    throw optionError(name, `must be an absolute http: or https: URL with \`${PLACEHOLDER}\` once in its path`)
  }
  return value
}

function guids(name: string, value: unknown): string[] {
  const found = list(name, value)
  const wrong = found.find((tenant) => !GUID.test(text(name, tenant)))
  if (wrong !== undefined) throw optionError(name, "must be lower-case GUIDs, or 'any'")
  return found
}

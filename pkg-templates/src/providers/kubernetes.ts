/** The preset for tokens of Kubernetes service accounts. */
import { Options, text } from '../base/options.js'
import { type Preset, textLike } from './preset.js'

/** The service account that may call your API. All three are required. */
export interface KubernetesOptions {
  /** The issuer of the cluster, as in `iss` of its tokens: `--service-account-issuer` of the API server. */
  issuer: string
  /** The namespace of the service account. */
  namespace: string
  /** The name of the service account. */
  serviceAccount: string
}

/**
 * Returns the options for projected tokens of one service account. Every pod of the cluster gets tokens of this issuer, and anyone who may
 * create a pod chooses their `aud`. Your gate adds `audience`.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong
 *
 * @example
 * ```js
 * const issuer = 'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'
 * const gate = createGate({ ...kubernetes({ issuer, namespace: 'billing', serviceAccount: 'worker' }), audience: 'notes' })
 * ```
 */
export function kubernetes(options: KubernetesOptions): Preset<'issuer' | 'algorithms' | 'subject'> {
  const given = new Options('kubernetes', options, ['issuer', 'namespace', 'serviceAccount'])
  const issuer = given.require('issuer', text)
  const namespace = given.require('namespace', label)
  const serviceAccount = given.require('serviceAccount', subdomain)
  return { issuer, algorithms: ['RS256'], subject: `system:serviceaccount:${namespace}:${serviceAccount}` }
}

// No name contains a colon, so two accounts never have one subject (RFC 1123).
const label = /* @__PURE__ */ textLike(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name in lower case, such as `billing`')
const subdomain = /* @__PURE__ */ textLike(/^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/, 'a name in lower case, such as `worker`')

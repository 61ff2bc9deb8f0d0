/** The preset for ID tokens of Google accounts. */
import { callable, Options, texts } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import { type Preset, requireClaim, type Rule, textsLike } from './preset.js'

/** Which Google accounts are yours: those that logged in at your client, those of your Workspace, or those that did both. */
export interface GoogleOptions {
  /** The OAuth client IDs of your application. A token must be for one of them, and one of them must have requested it. */
  clientId?: string | readonly string[]
  /** Further client IDs that may request tokens for `clientId`, such as that of your Android app. */
  authorizedParty?: string | readonly string[]
  /** The domains of your Workspace, such as `example.com`. Without `clientId` the gate requires an `audience` of its own. */
  hd?: string | readonly string[]
  /** Your own rule. It is called last. A rule that you give to `createGate` replaces the check of `hd`. */
  authorize?: Rule
}

/** The options for every ID token of Google. */
type GooglePreset = Preset<'issuer' | 'algorithms' | 'jwksUri'>

/**
 * Returns the options for ID tokens of Google. Anyone can get such a token, and service accounts of strangers choose its `aud`.
 * `clientId` or `hd` is therefore required. Identify users by `sub`, not by `email`.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong
 *
 * @example
 * ```js
 * const gate = createGate({ ...google({ clientId: '1234-abcd.apps.googleusercontent.com' }) })
 * ```
 */
export function google(
  options: GoogleOptions & { clientId: string | readonly string[] },
): GooglePreset & Preset<'audience' | 'client' | 'clientFrom'> & Partial<Preset<'authorize'>>
export function google(options: GoogleOptions & { hd: string | readonly string[] }): GooglePreset & Preset<'authorize'>
export function google(
  options: GoogleOptions,
): GooglePreset & Partial<Preset<'audience' | 'client' | 'clientFrom' | 'authorize'>> {
  const given = new Options('google', options, ['clientId', 'authorizedParty', 'hd', 'authorize'])
  const clients = given.read('clientId', texts)
  const others = given.read('authorizedParty', texts)
  const domains = given.read('hd', domainNames)
  const own = given.read('authorize', callable<Rule>)
  if (clients === undefined && domains === undefined) {
    throw optionError('clientId', 'or `hd` is required: anyone can get a token of Google')
  }
  if (clients === undefined && others !== undefined) throw optionError('authorizedParty', 'requires `clientId`')
  const authorize = domains === undefined ? own : requireClaim('hd', domains, own)
  return {
    issuer: ['https://accounts.google.com', 'accounts.google.com'],
    algorithms: ['RS256'],
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    // `azp` is the client that requested the token; without it, `aud` is.
    ...(clients !== undefined && { audience: clients, client: [...clients, ...(others ?? [])], clientFrom: ['aud'] }),
    ...(authorize !== undefined && { authorize }),
  }
}

const DOMAIN = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/
const domainNames = /* @__PURE__ */ textsLike(DOMAIN, 'the domain of a Workspace in lower case, such as `example.com`')

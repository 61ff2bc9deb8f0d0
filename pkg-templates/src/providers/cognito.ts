/** The preset for Amazon Cognito user pools. */
import { callable, Options, texts } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import { type Preset, requireClaim, type Rule, textLike } from './preset.js'

/** The user pool, and its app clients that are yours. */
export interface CognitoOptions {
  /** The identifier of the user pool, such as `eu-west-1_AbCdEfGhI`. It begins with the region. */
  userPoolId: string
  /** The identifiers of your app clients. A pool may have clients that are not yours. */
  clientId: string | readonly string[]
  /** The accepted tokens: access tokens, which have `client_id` and no `aud`, or ID tokens, which have `aud`. Default: `access`. */
  tokenUse?: 'access' | 'id'
  /**
   * The issuer configuration of the pool: `iss` begins with `https://cognito-idp.`, or with `https://issuer-cognito-idp.` if updated.
   * Default: `original`.
   */
  issuerType?: 'original' | 'updated'
  /** Your own rule. It is called last. A rule that you give to `createGate` replaces the check of `token_use`. */
  authorize?: Rule
}

/**
 * Returns the options for the tokens of a Cognito user pool.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong
 *
 * @example
 * ```js
 * const gate = createGate({ ...cognito({ userPoolId: 'eu-west-1_AbCdEfGhI', clientId: 'my-app-client' }) })
 * ```
 */
export function cognito(
  options: CognitoOptions & { tokenUse: 'id' },
): Preset<'issuer' | 'audience' | 'algorithms' | 'authorize'>
export function cognito(
  options: CognitoOptions,
): Preset<'issuer' | 'audience' | 'algorithms' | 'authorize'> & Partial<Preset<'client'>>
export function cognito(
  options: CognitoOptions,
): Preset<'issuer' | 'audience' | 'algorithms' | 'authorize'> & Partial<Preset<'client'>> {
  const given = new Options('cognito', options, ['userPoolId', 'clientId', 'tokenUse', 'issuerType', 'authorize'])
  const userPoolId = given.require('userPoolId', poolId)
  const clients = given.require('clientId', texts)
  const use = given.read('tokenUse', oneOf('access', 'id')) ?? 'access'
  const updated = given.read('issuerType', oneOf('original', 'updated')) === 'updated'
  const authorize = requireClaim('token_use', [use], given.read('authorize', callable<Rule>))
  const region = userPoolId.slice(0, userPoolId.indexOf('_'))
  const common = {
    issuer: `https://${updated ? 'issuer-' : ''}cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    algorithms: ['RS256' as const],
    authorize,
  }
  // `client_id` of access tokens and `aud` of ID tokens are checked by the gate even if your rule replaces this one.
  return use === 'id' ? { ...common, audience: clients } : { ...common, audience: false, client: clients }
}

const POOL_ID = /^[a-z]{2,}(?:-[a-z]+)+-\d+_[0-9A-Za-z]+$/
const poolId = /* @__PURE__ */ textLike(POOL_ID, 'the identifier of a user pool, such as `eu-west-1_AbCdEfGhI`')

function oneOf<Choice extends string>(...choices: readonly Choice[]): (name: string, value: unknown) => Choice {
  return (name, value) => {
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw optionError(name, `must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`)
    return found
  }
}

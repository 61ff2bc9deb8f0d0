/** The preset for tokens of GitHub Actions workflows. */
import { Options } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import { type Preset, textsLike } from './preset.js'

/** The workflows that may call your API. Exactly one of the three options is required. */
export interface GithubActionsOptions {
  /** The repositories, as `owner/name`. A name may pass to another owner; an identifier never does. */
  repository?: string | readonly string[]
  /** The identifiers of the repositories, as digits. */
  repositoryId?: string | readonly string[]
  /** The identifiers of the users or organizations that own the repositories, as digits. All their repositories are accepted. */
  repositoryOwnerId?: string | readonly string[]
}

/**
 * Returns the options for tokens of GitHub Actions. Every workflow on GitHub gets tokens of this issuer and chooses their `aud`, so the
 * repository or its owner is required. Your gate adds `audience`.
 *
 * @throws `TypeError` that names the option that is missing, unknown or wrong
 *
 * @example
 * ```js
 * const gate = createGate({ ...githubActions({ repositoryOwnerId: '9919' }), audience: 'https://api.example' })
 * ```
 */
export function githubActions(
  options: GithubActionsOptions,
): Preset<'issuer' | 'algorithms' | 'client' | 'clientFrom'> {
  const given = new Options('githubActions', options, Object.keys(CLAIMS))
  const [name, ...others] = Object.keys(CLAIMS).filter((name) => given.has(name))
  if (name === undefined) {
    throw optionError('repositoryOwnerId', 'or `repositoryId` or `repository` is required: every workflow on GitHub can get a token of this issuer')
  }
  if (others.length > 0) throw optionError(name, `cannot be combined with \`${others[0]}\``)
  const [claim, parse] = CLAIMS[name as keyof typeof CLAIMS]
  return {
    issuer: 'https://token.actions.githubusercontent.com',
    algorithms: ['RS256'],
    // These tokens have neither `client_id` nor `azp`, which come first.
    client: given.require(name, parse),
    clientFrom: [claim],
  }
}

const ids = /* @__PURE__ */ textsLike(/^[1-9]\d*$/, 'digits in a string')

const CLAIMS = {
  repository: ['repository', /* @__PURE__ */ textsLike(/^[\w.-]+\/[\w.-]+$/, '`owner/name`')],
  repositoryId: ['repository_id', ids],
  repositoryOwnerId: ['repository_owner_id', ids],
} as const

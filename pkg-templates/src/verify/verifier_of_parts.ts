/** The `Verifier` of `jotgate/verifier`, which uses the parts in `use`. */
import { Options } from '../base/options.js'
import { isGiven, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import type { RemoteKeySet } from '../remote/remote_key_set.js'
import { BaseVerifier, judgeFrom, VERIFIER_NAMES } from './base_verifier.js'
import type { IssuerOptions } from './issuers.js'
import type { OneKeys } from './keys_option.js'
import { Part, type PartName, type Parts } from './parts.js'
import type { PolicyOptions } from './policy.js'
import type { IssuersVerifierOptions } from './verifier.js'

/** Keys that need no fetch. */
type KeysInHand = Exclude<OneKeys, RemoteKeySet | (() => unknown)>

/** An issuer whose keys are given. */
type IssuerWithKeys = Pick<IssuerOptions, 'issuer' | 'algorithms' | 'audience'> & { keys: KeysInHand }

/** `Then` if the part is in use, else `Else`. */
type With<Part extends PartName, Used extends PartName, Then, Else> = Part extends Used ? Then : Else

/** The options that need a part, for those in use. */
type PartOptions<Used extends PartName> = Pick<
  PolicyOptions,
  With<'tokenCache', Used, 'tokenCache', never> | With<'hostRsa', Used, 'hostCrypto', never>
>

/** The rules for tokens, without the options of parts. */
type Rules<Options> = Omit<Options, 'issuers' | 'tokenCache' | 'hostCrypto' | 'status'>

/** The options of a verifier for one issuer. */
interface OneIssuer<Used extends PartName> extends Rules<PolicyOptions> {
  /** The keys. With the part `remoteKeys` also a `RemoteKeySet` or a function. */
  keys: With<'remoteKeys', Used, OneKeys, KeysInHand>
  issuers?: never
}

/** The options of a verifier for several issuers. */
interface SeveralIssuers<Used extends PartName> extends Rules<IssuersVerifierOptions> {
  /** The accepted issuers. A token is verified with the keys, algorithms and audiences of the issuer in its `iss`. */
  issuers: readonly With<'remoteKeys', Used, IssuerOptions, IssuerWithKeys>[]
  keys?: never
}

/**
 * The options of a {@link Verifier}: those of `jotgate`, as far as the parts in use take them.
 *
 * @typeParam Used - the names of the parts in `use`
 */
export type VerifierOptions<Used extends PartName = never> = PartOptions<Used> &
  (OneIssuer<Used> | With<'issuers', Used, SeveralIssuers<Used>, never>) & {
    /** The parts to use: `remoteKeys()`, `issuers()`, `tokenCache()`, `hostRsa()`. Default: none. */
    use?: readonly Part<Used>[]
  }

/**
 * Verifies tokens, like the `Verifier` of `jotgate`, with a key or a set in hand. Every other part is a value in `use`, so that a bundle
 * contains only the parts that the program names. Both classes share one core and give the same verdicts.
 *
 * @typeParam Claims - the claims of your tokens besides the registered ones; they are not checked
 * @typeParam Used - the names of the parts; found from `use` unless `Claims` is given
 *
 * @example
 * ```js
 * import { RemoteKeySet, remoteKeys, Verifier } from 'jotgate/verifier'
 *
 * const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
 * const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api', use: [remoteKeys()] })
 * ```
 */
export class Verifier<Claims = JWTPayload, Used extends PartName = never> extends BaseVerifier<Claims> {
  /**
   * @throws `TypeError` that names the option that is missing, unknown, present but `undefined`, empty or not a number, or that needs a
   *   part that `use` does not contain; {@link JWKInvalid}, {@link JWKSInvalid} or {@link JOSENotSupported} for keys that cannot be read
   */
  constructor(options: VerifierOptions<Used>) {
    const given = new Options('Verifier', options, [...VERIFIER_NAMES, 'use'])
    super(judgeFrom(given, partsFrom(given)))
  }
}

/** The options that need a part, with the name of that part. */
const OPTIONS = { issuers: 'issuers', tokenCache: 'tokenCache', hostCrypto: 'hostRsa' } as const

/** Returns the parts of the option `use`. Throws if another option needs a part that is missing. */
function partsFrom(given: Options): Parts {
  const parts = record<{ [Name in PartName]?: unknown }>({ remoteKeys: NO_REMOTE_KEYS })
  for (const { name, code } of given.read('use', partList) ?? []) parts[name] = code
  for (const [option, name] of Object.entries(OPTIONS)) if (given.has(option) && parts[name] === undefined) throw missing(option, name)
  return parts as Parts
}

function partList(name: string, value: unknown): Part[] {
  if (Array.isArray(value) && value.every((part) => part instanceof Part)) return value
  throw optionError(name, "must be an array of parts, such as `[remoteKeys()]` with `import { remoteKeys } from 'jotgate/verifier'`")
}

/** Replaces the part `remoteKeys` if it is not in use. Its functions throw an error that names the part. */
const NO_REMOTE_KEYS: Pick<Parts['remoteKeys'], 'from' | 'at' | 'of'> = {
  from(value) {
    const isObject = typeof value === 'object' && value !== null
    const isUrl = value instanceof URL || (typeof value === 'string' && /^https?:/i.test(value))
    if (isUrl || typeof value === 'function' || (isObject && isGiven(value, 'keySet'))) throw missing('keys', 'remoteKeys')
    return undefined
  },
  at(name) {
    throw missing(name, 'remoteKeys')
  },
  of() {
    throw missing('keys', 'remoteKeys', 'is required, or a part that fetches keys')
  },
}

function missing(option: string, part: PartName, problem = 'needs a part'): TypeError {
  return optionError(option, `${problem}: import \`${part}\` from 'jotgate/verifier', and add \`${part}()\` to \`use\``)
}

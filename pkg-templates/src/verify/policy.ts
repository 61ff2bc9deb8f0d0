/** The options with the rules for tokens, and the checked form that the core takes. */
import { type Duration, secondsUpTo } from '../base/duration.js'
import { flag, list, meant, type Options, size, text, texts } from '../base/options.js'
import { givenNames, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { requestsAreIsolated } from '../base/runtime.js'
import type { Algorithm } from '../base/types.js'
import type { Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'

/** The rules that a token must fulfil. The names are jose's. */
export interface PolicyOptions {
  /** The accepted algorithms, at least one. They are never taken from the token (RFC 8725 §3.1). */
  algorithms: readonly Algorithm[]
  /** The accepted issuers: `iss` is required and must equal one of them (RFC 7519 §4.1.1). */
  issuer?: string | readonly string[]
  /** The accepted audiences: `aud` is required and must contain one of them (RFC 7519 §4.1.3). */
  audience?: string | readonly string[]
  /** The value that `sub` must have (RFC 7519 §4.1.2). */
  subject?: string
  /** The accepted types: `typ` is required and must be one of them. `JWT` and `application/jwt` are equal. */
  typ?: string | readonly string[]
  /** Further required claims, besides those that the other options require. */
  requiredClaims?: readonly string[]
  /** Whether `exp` is required. Default: `true`. */
  requireExp?: boolean
  /**
   * The accepted clock difference for `exp`, `nbf` and, with `maxTokenAge`, `iat`: in seconds, not milliseconds, at most 600.
   * Default: 0.
   */
  clockTolerance?: Duration
  /** The greatest age of a token, in seconds since `iat`, at most ten years. `iat` is then required and must not be in the future. */
  maxTokenAge?: Duration
  /** The time to compare with, instead of the runtime's clock. A time in 1970 is rejected, except 0. */
  currentDate?: Date
  /**
   * The header parameters that your code understands when `crit` names them (RFC 7515 §4.1.11): their names, or jose's
   * object whose keys are the names. Your code must enforce what they mean.
   */
  crit?: readonly string[] | Readonly<Record<string, boolean>>
  /**
   * Whether the runtime may verify RSA signatures where it is faster: `node:crypto` in Node and Bun, `crypto.subtle` in Workers and
   * Chromium. The verdict is the same. Default: `true`.
   */
  hostCrypto?: boolean
  /**
   * Whether the constructor verifies a known token of each kind in `algorithms`, so that the first token finds compiled code. It is a
   * self-test at the same time. By default this happens only at the top of a Worker's module, once per isolate and for at most three kinds.
   * `true` does it in this constructor, in every runtime. `false` never does it.
   */
  warm?: boolean
  /**
   * Caches accepted tokens: the same text is not verified again while its times, its key and its key set are valid. Off by default. `{}`
   * takes the default bounds.
   */
  tokenCache?: TokenCacheOptions
  /** The longest accepted token, in bytes. Default: 16,384. */
  maxTokenLength?: number
  /** The shortest accepted secret, in bytes. Default: the length of the algorithm's hash (RFC 7518 §3.2). */
  minSecretLength?: number
  /**
   * The limit of the work for one token with the keys of a set, from 1 to 64, in signature checks of ES256. At most this many keys are
   * tried, and fewer if a check costs more. Default: 16 in Workers, where CPU time is short, and 64 elsewhere. A token with a `kid` needs one
   * check.
   */
  maxCandidates?: number
}

/** The checked form that the core takes. */
export interface PolicyFields {
  algorithms?: string[]
  issuer?: string[]
  audience?: string[]
  subject?: string
  typ?: string[]
  typOptional?: boolean
  requiredClaims?: string[]
  requireExp?: boolean
  clockTolerance?: number
  maxTokenAge?: number
  crit?: string[]
  maxTokenLength?: number
  minSecretLength?: number
  maxCandidates?: number
  /** Not an option of users: the gate sets it to refuse bound tokens, whose proof is not checked. */
  refuseBound?: boolean
}

/**
 * The bounds of a verifier's cache of accepted tokens. An entry is valid as long as its times allow and the key set has its key: the same
 * key for the same use, even under another `kid`.
 */
export interface TokenCacheOptions {
  /** The most tokens that are cached. Default: 1,000. */
  maxEntries?: number
  /**
   * The most memory that they take, in bytes. Each character of a token counts as 2 bytes. Each character of its claims counts as 8 bytes,
   * because claims are stored as text and as objects. Default: 8 MiB.
   */
  maxBytes?: number
}

/** Ten Julian years, in seconds. */
const TEN_YEARS = 315_576_000
/** The length of the shortest token: the header `{"alg":"HS256"}`, the claims `{}` and a signature of 32 bytes. */
const SHORTEST_TOKEN = 68
/** 1971-01-01 in milliseconds. A `Date` that was made from seconds by mistake lies in 1970. */
const YEAR_1971 = 31_536_000_000

/** The options that the core takes, each with its check. `currentDate` is not one of them, because the core has no clock. */
const CHECKS = {
  algorithms: algorithmList,
  issuer: texts,
  audience: texts,
  subject: text,
  typ: texts,
  requiredClaims: list,
  requireExp: flag,
  clockTolerance: secondsUpTo(600),
  maxTokenAge: secondsUpTo(TEN_YEARS),
  crit: names,
  maxTokenLength: tokenLength,
  minSecretLength: size,
  maxCandidates: candidates,
} as const

/** The name of an option that the core takes. */
export type PolicyName = keyof typeof CHECKS

/** The names of {@link PolicyFields}. */
export const FIELD_NAMES = Object.keys(CHECKS) as PolicyName[]

/** The names of {@link PolicyOptions}. */
export const POLICY_NAMES: readonly string[] = [...FIELD_NAMES, 'currentDate', 'hostCrypto', 'warm', 'tokenCache']

/**
 * Reads and checks the policy options. `wanted` lists the names to read. `checks` replaces the checks of some names.
 */
export function policyFields(
  options: Options,
  wanted: readonly PolicyName[] = FIELD_NAMES,
  checks: { readonly [Name in PolicyName]?: (name: string, value: unknown) => unknown } = CHECKS,
): PolicyFields {
  const fields: Record<string, unknown> = record({})
  for (const name of wanted) {
    const value = options.read<unknown>(name, memberOf(checks, name) ?? CHECKS[name])
    if (value !== undefined) fields[name] = value
  }
  if (fields['maxCandidates'] === undefined && requestsAreIsolated()) fields['maxCandidates'] = WORKER_CANDIDATES
  return fields
}

/** Makes the core's policy from the JSON text of {@link PolicyFields}. */
export function policyFrom(text: string): Policy {
  return new (boot().Policy)(text)
}

/** Returns the clock of a policy: the option `currentDate`, or the runtime's clock, in whole seconds as in jose. */
export function clockFrom(options: Options): () => number {
  const fixed = options.read('currentDate', date)
  return fixed === undefined ? () => Math.floor(Date.now() / 1000) : () => fixed
}

const ALGORITHMS: readonly string[] = [
  ...['HS', 'RS', 'PS', 'ES'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits)),
  'EdDSA',
  'Ed25519',
]

/** Checks the names of algorithms. The core refuses those that it was built without. */
export function algorithmList(name: string, value: unknown): string[] {
  const found = list(name, value)
  const unknown = found.find((algorithm) => !ALGORITHMS.includes(algorithm))
  if (unknown === undefined) return found
  const choices = meant(unknown, ALGORITHMS) || `; the known algorithms are ${ALGORITHMS.join(', ')}`
  throw optionError(name, `has a wrong name: \`${unknown.slice(0, 16)}\` is not a known algorithm${choices}`)
}

/** The default of `maxCandidates` in Workers. This much work fits into the CPU time that a free plan allows. */
const WORKER_CANDIDATES = 16

function candidates(name: string, value: unknown): number {
  const found = size(name, value)
  if (found > 64) throw optionError(name, 'must be a whole number from 1 to 64')
  return found
}

function tokenLength(name: string, value: unknown): number {
  const length = size(name, value)
  if (length < SHORTEST_TOKEN) throw optionError(name, `must be at least ${SHORTEST_TOKEN}, the length of the shortest token`)
  return length
}

function date(name: string, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Number.NaN
  if (Number.isNaN(time)) throw optionError(name, 'must be a valid Date')
  if (time > 0 && time < YEAR_1971) throw optionError(name, 'is in 1970: if you have seconds, use `new Date(seconds * 1000)`')
  return Math.floor(time / 1000)
}

function names(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return list(name, value)
  if (typeof value !== 'object' || value === null) throw optionError(name, 'must be an array of names, or an object')
  const found = givenNames(value)
  for (const parameter of found) flag(name, (value as Record<string, unknown>)[parameter])
  return list(name, [...new Set(found)])
}

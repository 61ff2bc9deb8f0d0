/** What a verifier asks of a token: the options that users write, and the checked form that the core takes. */
import { type Duration, secondsUpTo } from '../base/duration.js'
import { flag, list, type Options, size, text, texts } from '../base/options.js'
import { givenNames, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { requestsAreIsolated } from '../base/runtime.js'
import type { Algorithm } from '../base/types.js'
import type { Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'

/** What a token must be; the names are jose's. */
export interface PolicyOptions {
  /** The algorithms accepted, at least one. Never taken from the token (RFC 8725 §3.1). */
  algorithms: readonly Algorithm[]
  /** The issuers accepted: `iss` must be there and equal to one of them (RFC 7519 §4.1.1). */
  issuer?: string | readonly string[]
  /** The audiences accepted: `aud` must be there and hold one of them (RFC 7519 §4.1.3). */
  audience?: string | readonly string[]
  /** What `sub` must be (RFC 7519 §4.1.2). */
  subject?: string
  /** The types accepted: `typ` must be there and be one of them; `JWT` and `application/jwt` are the same. */
  typ?: string | readonly string[]
  /** Claims that must be there, besides those that the other options ask for. */
  requiredClaims?: readonly string[]
  /** Whether `exp` must be there. Default: `true`. */
  requireExp?: boolean
  /**
   * By how much the clocks may differ, for `exp`, `nbf` and, with `maxTokenAge`, `iat`: seconds, not milliseconds, at most 600.
   * Default: 0.
   */
  clockTolerance?: Duration
  /** How old a token may be, in seconds from `iat`, which is then required and must not be in the future. At most ten years. */
  maxTokenAge?: Duration
  /** The time to compare with instead of the clock's; not before 1971. */
  currentDate?: Date
  /**
   * The header parameters that your code understands when `crit` names them (RFC 7515 §4.1.11): their names, or jose's
   * object whose keys are the names. What they mean is yours to enforce.
   */
  crit?: readonly string[] | Readonly<Record<string, boolean>>
  /**
   * Whether RSA signatures may be verified by the host where that was measured to be faster: by `node:crypto` in Node and
   * Bun, by `crypto.subtle` in Workers and Chromium. The verdict is the same. Default: `true`.
   */
  hostCrypto?: boolean
  /**
   * Whether tokens that were accepted are remembered, and how many: the same text is then not verified again while its times,
   * its key and its key set hold. Off by default. `{}` takes the default bounds.
   */
  tokenCache?: TokenCacheOptions
  /** The longest token accepted, in bytes. Default: 16,384. */
  maxTokenLength?: number
  /** The shortest secret accepted, in bytes. Default: the length of the algorithm's hash (RFC 7518 §3.2). */
  minSecretLength?: number
  /**
   * How much work the keys of a set may make for one token, from 1 to 64, in signature checks of ES256: so many keys are tried at most,
   * and fewer where a check costs more. Default: 16 in Workers, where CPU time is short, and 64 elsewhere. Tokens that name their key
   * by `kid` need one check.
   */
  maxCandidates?: number
}

/** The checked form that crosses the boundary. */
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
  /** Not a user's option: the gate refuses bound tokens, since nobody behind it asks for the proof. */
  refuseBound?: boolean
}

/**
 * How much a verifier remembers of tokens that it accepted. Each is good for as long as its times allow and its key is there: the same
 * key, for the same use, be it under another `kid` by then.
 */
export interface TokenCacheOptions {
  /** How many tokens at most. Default: 1,000. */
  maxEntries?: number
  /**
   * How much memory they may take, in bytes: two for each character of a token, eight for each of its claims, which are kept as text and
   * as what was read of it. Default: 8 MiB.
   */
  maxBytes?: number
}

/** Ten Julian years, in seconds. */
const TEN_YEARS = 315_576_000
/** The length of the shortest token: the header `{"alg":"HS256"}`, the claims `{}` and a signature of 32 bytes. */
const SHORTEST_TOKEN = 68
/** 1971-01-01 in milliseconds. A `Date` made from seconds is before it. */
const YEAR_1971 = 31_536_000_000

/** The options that cross the boundary, each with its check; `currentDate` stays here, the core has no clock. */
const CHECKS = {
  algorithms: list,
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

/** The name of an option that crosses the boundary. */
export type PolicyName = keyof typeof CHECKS

/** The names of {@link PolicyFields}. */
export const FIELD_NAMES = Object.keys(CHECKS) as PolicyName[]

/** The names of {@link PolicyOptions}. */
export const POLICY_NAMES: readonly string[] = [...FIELD_NAMES, 'currentDate', 'hostCrypto', 'tokenCache']

/**
 * The policy part of some options, checked; `wanted` are those that count where it is made. `checks` replaces the checks of some.
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

/** The JSON text of {@link PolicyFields} becomes the core's policy. */
export function policyFrom(text: string): Policy {
  return new (boot().bindings.Policy)(text)
}

/** The clock of a policy: the caller's fixed date, or the host's clock, in whole seconds as jose counts. */
export function clockFrom(options: Options): () => number {
  const fixed = options.read('currentDate', date)
  return fixed === undefined ? () => Math.floor(Date.now() / 1000) : () => fixed
}

/** What a free plan's 10 ms of CPU time can bear. */
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
  if (time < YEAR_1971) throw optionError(name, 'is before 1971: of seconds, make it `new Date(seconds * 1000)`')
  return Math.floor(time / 1000)
}

function names(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return list(name, value)
  if (typeof value !== 'object' || value === null) throw optionError(name, 'must be an array of names, or an object')
  const found = givenNames(value)
  for (const parameter of found) flag(name, (value as Record<string, unknown>)[parameter])
  return list(name, [...new Set(found)])
}

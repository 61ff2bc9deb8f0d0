/**
 * A bag of options enters, checked values leave: what is present but `undefined`, empty, not a number or unknown is a
 * `TypeError` that names it. A check that is switched off by a forgotten environment variable is how tokens for others
 * get accepted.
 */
import type { Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { type Duration, seconds } from './duration.js'
import { misuse } from './refusal.js'
import type { TokenCacheOptions } from '../verify/token_cache.js'
import type { Algorithm } from './types.js'

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
  /** By how much the clocks may differ, for `exp`, `nbf` and, with `maxTokenAge`, `iat`. Default: 0 seconds. */
  clockTolerance?: Duration
  /** How old a token may be, counted from `iat`, which then must be there and not lie in the future. */
  maxTokenAge?: Duration
  /** The time to compare with instead of the clock's. */
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
  /** Not a user's option: the gate refuses bound tokens, since nobody behind it asks for the proof. */
  refuseBound?: boolean
}

/** The JSON text of an object's own members, whatever anybody has given to all objects. */
export function jsonOf(members: object): string {
  return JSON.stringify({ ...members, toJSON: undefined })
}

/** Options, each read once and only if it is there. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>

  /** @param known - the names that may stand in it; without them, unknown ones are not looked at */
  constructor(owner: string, options: unknown, known?: readonly string[]) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new TypeError(`the options of ${owner} must be an object`)
    }
    if (known !== undefined) {
      const unknown = Object.keys(options).find((name) => !known.includes(name))
      if (unknown !== undefined) throw misuse(unknown.slice(0, 64), `is no option of ${owner}`)
    }
    this.#values = options as Record<string, unknown>
  }

  /** Whether the option is there, be it `undefined`. */
  has(name: string): boolean {
    // What every object inherits is nobody's choice: an option must not come from a polluted prototype.
    return name in this.#values && (Object.hasOwn(this.#values, name) || !(name in Object.prototype))
  }

  /** The option's value; absent is `undefined`, present but `undefined` a mistake. */
  read<T>(name: string, parse: (name: string, value: unknown) => T): T | undefined {
    if (!this.has(name)) return undefined
    const value = this.#values[name]
    if (value === undefined) throw misuse(name, 'is undefined: leave it out, or give it a value')
    return parse(name, value)
  }

  /** The option's value, which must be there. */
  require<T>(name: string, parse: (name: string, value: unknown) => T): T {
    if (!this.has(name)) throw misuse(name, 'is required')
    return this.read(name, parse) as T
  }
}

/** The options that cross the boundary, each with its check; `currentDate` stays here, the core has no clock. */
const CHECKS = {
  algorithms: list,
  issuer: texts,
  audience: texts,
  subject: text,
  typ: texts,
  requiredClaims: list,
  requireExp: flag,
  clockTolerance: seconds,
  maxTokenAge: seconds,
  crit: names,
  maxTokenLength: size,
  minSecretLength: size,
} as const

/** The name of an option that crosses the boundary. */
export type PolicyName = keyof typeof CHECKS

/** The names of {@link PolicyFields}. */
export const FIELD_NAMES = Object.keys(CHECKS) as PolicyName[]

/** The names of {@link PolicyOptions}. */
export const POLICY_NAMES: readonly string[] = [...FIELD_NAMES, 'currentDate', 'hostCrypto', 'tokenCache']

/** The policy part of some options, checked; `wanted` are those that count where it is made. */
export function policyFields(options: Options, wanted: readonly PolicyName[] = FIELD_NAMES): PolicyFields {
  const fields: Record<string, unknown> = {}
  for (const name of wanted) {
    const value = options.read<unknown>(name, CHECKS[name])
    if (value !== undefined) fields[name] = value
  }
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

/** A string. */
export function string(name: string, value: unknown): string {
  if (typeof value !== 'string') throw misuse(name, 'must be a string')
  return value
}

/** A string that is not empty. */
export function text(name: string, value: unknown): string {
  const found = filled(name, string(name, value))
  // The core's text is UTF-8, which has no place for half a character.
  if (/[\ud800-\udfff]/u.test(found)) throw misuse(name, 'is not well-formed text')
  return found
}

/** A text or an array that is not empty. */
export function filled<T extends { readonly length: number }>(name: string, value: T): T {
  if (value.length === 0) throw misuse(name, 'must not be empty')
  return value
}

/** An array of strings, neither it nor they empty. */
export function list(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw misuse(name, 'must be an array of strings')
  return Array.from(filled<unknown[]>(name, value), (item) => text(name, item))
}

/** A string as a list of one, or an array of strings. */
export function texts(name: string, value: unknown): string[] {
  return Array.isArray(value) ? list(name, value) : [text(name, value)]
}

/** The audiences, or `false` where tokens name none. */
export function audiences(name: string, value: unknown): string[] | false {
  return value !== false && texts(name, value)
}

/** `true` or `false`. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw misuse(name, 'must be true or false')
  return value
}

/** A whole number, at least 1. */
export function size(name: string, value: unknown): number {
  return whole(name, value, '')
}

/** The same, of units that the message names. */
export function whole(name: string, value: unknown, units: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  throw misuse(name, `must be a whole number${units}, at least 1`)
}

/** A function; what it returns is looked at when it is called. */
export function callable<F>(name: string, value: unknown): F {
  if (typeof value !== 'function') throw misuse(name, 'must be a function')
  return value as F
}

/** Milliseconds: a finite number, not below 0. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw misuse(name, 'must be a number of milliseconds, not below 0')
  }
  return value
}

function date(name: string, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Number.NaN
  if (Number.isNaN(time)) throw misuse(name, 'must be a valid Date')
  return Math.floor(time / 1000)
}

function names(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return list(name, value)
  if (typeof value !== 'object' || value === null) throw misuse(name, 'must be an array of names, or an object')
  for (const known of Object.values(value)) flag(name, known)
  return list(name, Object.keys(value))
}

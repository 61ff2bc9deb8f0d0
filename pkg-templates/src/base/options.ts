/**
 * Checks options. One that is present but `undefined`, empty, not a number or unknown is a `TypeError` that names it: otherwise a missing
 * environment variable would switch a check off.
 */
import { isGiven, givenNames, record } from './record.js'
import { optionError } from './refusal.js'
import { bareUrls } from './url.js'

/**
 * The options of one call, each read once, by the constructor. Members of a class or of an object of defaults count as given. Members of
 * `Object.prototype` are ignored.
 */
export class Options {
  readonly #values: Record<string, unknown> = record({})

  /**
   * @param known - the names of the options
   * @param others - whether other names are ignored; by default they are rejected
   * @param defaults - values of options that are absent; `undefined` counts as no default
   * @throws `TypeError` if `options` is no object, or names an option that is not known
   */
  constructor(
    owner: string,
    options: unknown,
    known: readonly string[],
    others: 'rejected' | 'ignored' = 'rejected',
    defaults: Readonly<Record<string, unknown>> = {},
  ) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new TypeError(`the options of ${owner} must be an object`)
    }
    if (others === 'rejected') {
      const unknown = givenNames(options).find((name) => !known.includes(name))
      if (unknown !== undefined) throw optionError(unknown.slice(0, 64), `is no option of ${owner}${meant(unknown, known)}`)
    }
    for (const name of known) {
      if (isGiven(options, name)) this.#values[name] = (options as Record<string, unknown>)[name]
      else if (isGiven(defaults, name) && defaults[name] !== undefined) this.#values[name] = defaults[name]
    }
  }

  /** Whether the option is present, even as `undefined`. */
  has(name: string): boolean {
    return name in this.#values
  }

  /** Returns the option's value; `undefined` if it is absent. A value of `undefined` is an error. */
  read<T>(name: string, parse: (name: string, value: unknown) => T): T | undefined {
    if (!this.has(name)) return undefined
    const value = this.#values[name]
    if (value === undefined) throw optionError(name, 'is undefined: leave it out, or give it a value')
    try {
      return parse(name, value)
    } catch (thrown) {
      throw withValue(thrown, name, value)
    }
  }

  /** Returns the value of a required option. */
  require<T>(name: string, parse: (name: string, value: unknown) => T): T {
    if (!this.has(name)) throw optionError(name, 'is required')
    if (this.#values[name] === undefined) throw optionError(name, 'is required, and undefined: give it a value')
    return this.read(name, parse) as T
  }
}

/** The known name that a mistaken one may stand for, as the end of a message. Empty if no known name is similar. */
export function meant(mistaken: string, known: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replace(/[-_]|s$/g, '')
  /** How many characters differ. */
  const distance = (name: string) => {
    const [a, b] = [plain(mistaken), plain(name)]
    return a.length === b.length ? [...a].filter((character, at) => character !== b[at]).length : 9
  }
  const [found] = known.filter((name) => distance(name) < 3).sort((a, b) => distance(a) - distance(b))
  return found === undefined ? '' : `; did you mean \`${found}\`?`
}

/** Options whose values may be secret. */
const SECRET = ['keys', 'headers', 'nonce', 'clientSecret', 'privateKey']

/** The mistake with the value that was given, where a message may show it. */
function withValue(thrown: unknown, name: string, value: unknown): unknown {
  const mistake = thrown as { code?: string; message: string }
  if (!(thrown instanceof TypeError) || mistake.code !== 'ERR_OPTION' || SECRET.includes(name)) return thrown
  if (!mistake.message.startsWith(`\`${name}\``) || /[)?]$/.test(mistake.message)) return thrown
  const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
  const short = typeof value === 'string' ? JSON.stringify(bareUrls(value.slice(0, 64))) : String(value)
  const shown = ['string', 'number', 'boolean'].includes(typeof value) ? short : kind
  mistake.message += ` (it is ${shown})`
  return thrown
}

/** A string. */
export function string(name: string, value: unknown): string {
  if (typeof value !== 'string') throw optionError(name, 'must be a string')
  return value
}

/** A string that is not empty. */
export function text(name: string, value: unknown): string {
  const found = filled(name, string(name, value))
  // The core's text is UTF-8, which cannot contain half a surrogate pair.
  if (/[\ud800-\udfff]/u.test(found)) throw optionError(name, 'is not well-formed text')
  return found
}

/** A text or an array that is not empty. */
export function filled<T extends { readonly length: number }>(name: string, value: T): T {
  if (value.length === 0) throw optionError(name, 'must not be empty')
  return value
}

/** A non-empty array of non-empty strings. */
export function list(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw optionError(name, 'must be an array of strings')
  return Array.from(filled<unknown[]>(name, value), (item) => text(name, item))
}

/** A string as a list of one, or an array of strings. */
export function texts(name: string, value: unknown): string[] {
  return Array.isArray(value) ? list(name, value) : [text(name, value)]
}

/** The audiences, or `false` if tokens have none. */
export function audiences(name: string, value: unknown): string[] | false {
  return value !== false && texts(name, value)
}

/** `true` or `false`. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw optionError(name, 'must be true or false')
  return value
}

/** A whole number, at least 1. */
export function size(name: string, value: unknown): number {
  return whole(name, value, '')
}

/** The same; `units` follows the number in the message. */
export function whole(name: string, value: unknown, units: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  throw optionError(name, `must be a whole number${units}, at least 1`)
}

/** A function. Its result is checked when it is called. */
export function callable<F>(name: string, value: unknown): F {
  if (typeof value !== 'function') throw optionError(name, 'must be a function')
  return value as F
}

/** The longest time that the timers of all runtimes can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Milliseconds that a timer can wait. With more, `setTimeout` would not wait at all. */
export function timer(name: string, value: unknown): number {
  if ((value as number) > LONGEST_TIMER) throw optionError(name, `must be at most ${LONGEST_TIMER} milliseconds`)
  return milliseconds(name, value)
}

/** Milliseconds: a finite number, not below 0. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw optionError(name, 'must be a number of milliseconds, not below 0')
  }
  return value
}

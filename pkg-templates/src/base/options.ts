/**
 * Checks options. An option that is unknown, or present but `undefined`, empty or not a number, is a `TypeError` that names it. Otherwise a
 * missing environment variable would disable a check.
 */
import { isGiven, givenNames, record } from './record.js'
import { optionError } from './refusal.js'
import { bareUrls } from './url.js'

/**
 * The options of one call. The constructor reads each once. Members that are inherited from a class or from another object count as given.
 * Members of `Object.prototype` are ignored.
 */
export class Options {
  readonly #values: Record<string, unknown> = record({})

  /**
   * @param owner - the name of the function or class, for messages
   * @param known - the names of the options
   * @param others - whether other names are ignored; by default they are rejected
   * @param defaults - values of options that are absent; a default of `undefined` is ignored
   * @throws `TypeError` if `options` is not an object, or has an unknown option
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
      if (unknown !== undefined) throw optionError(unknown.slice(0, 64), `is not an option of ${owner}${meant(unknown, known)}`)
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

  /** Returns the option's parsed value, or `undefined` if it is absent. @throws `TypeError` if its value is `undefined` or invalid */
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

  /** Returns the parsed value of a required option. @throws `TypeError` if it is absent, `undefined` or invalid */
  require<T>(name: string, parse: (name: string, value: unknown) => T): T {
    if (!this.has(name)) throw optionError(name, 'is required')
    if (this.#values[name] === undefined) throw optionError(name, 'is required, but is undefined: give it a value')
    return this.read(name, parse) as T
  }
}

/** Returns a hint with the known name that is most similar, as the end of a message. Returns an empty text if no name is similar. */
export function meant(mistaken: string, known: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replace(/[-_]|s$/g, '')
  /** The number of characters that differ. */
  const distance = (name: string) => {
    const [a, b] = [plain(mistaken), plain(name)]
    return a.length === b.length ? [...a].filter((character, at) => character !== b[at]).length : 9
  }
  const [found] = known.filter((name) => distance(name) < 3).sort((a, b) => distance(a) - distance(b))
  return found === undefined ? '' : `; did you mean \`${found}\`?`
}

/** Options whose values may be secret. */
const SECRET = ['keys', 'headers', 'nonce', 'clientSecret', 'privateKey']

/** Adds the value to the message of an error, unless the value may be secret or the message already ends with a hint. */
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

/** Parses a string. */
export function string(name: string, value: unknown): string {
  if (typeof value !== 'string') throw optionError(name, 'must be a string')
  return value
}

/** Parses a string that is not empty. */
export function text(name: string, value: unknown): string {
  const found = filled(name, string(name, value))
  // The core takes UTF-8, which cannot encode half a surrogate pair.
  if (/[\ud800-\udfff]/u.test(found)) throw optionError(name, 'is not well-formed text')
  return found
}

/** Returns a string or an array, if it is not empty. */
export function filled<T extends { readonly length: number }>(name: string, value: T): T {
  if (value.length === 0) throw optionError(name, 'must not be empty')
  return value
}

/** Parses a non-empty array of non-empty strings. */
export function list(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw optionError(name, 'must be an array of strings')
  return Array.from(filled<unknown[]>(name, value), (item) => text(name, item))
}

/** Parses a string or an array of strings. Returns an array in both cases. */
export function texts(name: string, value: unknown): string[] {
  return Array.isArray(value) ? list(name, value) : [text(name, value)]
}

/** Parses the audiences, or `false` if tokens have none. */
export function audiences(name: string, value: unknown): string[] | false {
  return value !== false && texts(name, value)
}

/** Parses `true` or `false`. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw optionError(name, 'must be true or false')
  return value
}

/** Parses a whole number, at least 1. */
export function size(name: string, value: unknown): number {
  return whole(name, value, '')
}

/** Parses a whole number, at least 1. `units` follows "a whole number" in the message. */
export function whole(name: string, value: unknown, units: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  throw optionError(name, `must be a whole number${units}, at least 1`)
}

/** Parses a function. Its caller has to check the result. */
export function callable<F>(name: string, value: unknown): F {
  if (typeof value !== 'function') throw optionError(name, 'must be a function')
  return value as F
}

/** The longest time that a timer can wait in every runtime, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Parses milliseconds that a timer can wait. With a larger number, `setTimeout` would not wait at all. */
export function timer(name: string, value: unknown): number {
  if ((value as number) > LONGEST_TIMER) throw optionError(name, `must be at most ${LONGEST_TIMER} milliseconds`)
  return milliseconds(name, value)
}

/** Parses milliseconds: a finite number, not below 0. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw optionError(name, 'must be a number of milliseconds, not below 0')
  }
  return value
}

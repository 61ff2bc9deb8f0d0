/**
 * Builds claims from their JSON text and its outline, which the core made. The result is a new object each time, equal to the result of
 * `JSON.parse`. `src/core/json/outline.rs` documents the words of the outline.
 */
import type { JWTPayload } from '../base/types.js'

/** The names of an object's members, in their order. */
interface Layout {
  /** Its ID in the core. IDs are never reused. */
  readonly id: number
  readonly names: readonly string[]
  /** An object with these members. New objects are copies of it, which is faster. */
  readonly blank: Record<string, unknown>
  /** Whether the members of a copy are in the order of the text. */
  readonly inOrder: boolean
}

/** The number of layouts that the core stores. Each is at its ID modulo this number. */
const MAX_LAYOUTS = 64
const layouts = new Array<Layout | undefined>(MAX_LAYOUTS).fill(undefined)

/** The kinds of words: the lowest three bits. */
const STRING = 0
const WHOLE = 1
const WORD = 2
const ARRAY = 3
const OBJECT = 4

const WORDS = [false, true, null]

/** The text and the outline that are being read. Module variables are safe, because nothing here calls other code. */
let text = ''
let words: Uint32Array = new Uint32Array(0)
let position = 0

/** Thrown if a layout is unknown, or its objects cannot be built by copying. */
const UNKNOWN = Symbol('unknown layout')

/** Returns the claims of a text. `index` is where their outline begins in `outline`. */
export function claimsFrom(claims: string, outline: Uint32Array, index: number): JWTPayload {
  text = claims
  words = outline
  position = index
  try {
    return value() as JWTPayload
  } catch (thrown) {
    if (thrown !== UNKNOWN) throw thrown
    const payload = JSON.parse(claims) as JWTPayload
    position = index
    learn(payload)
    return payload
  } finally {
    text = ''
  }
}

/** Reads the value at the current position. */
function value(): unknown {
  const word = words[position++] as number
  const rest = word >>> 3
  switch (word & 7) {
    case STRING:
      return text.substring(rest, words[position++])
    case WHOLE:
      return rest * 2 ** 32 + (words[position++] as number)
    case WORD:
      return WORDS[rest]
    case ARRAY: {
      const items: unknown[] = []
      for (let count = 0; count < rest; count++) items.push(value())
      return items
    }
    case OBJECT: {
      const layout = layouts[rest % MAX_LAYOUTS]
      if (layout?.id !== rest || !layout.inOrder) throw UNKNOWN
      const { names, blank } = layout
      const object = { ...blank }
      for (let index = 0; index < names.length; index++) {
        const member = words[position] as number
        // Most members are strings. Reading them here saves a call.
        object[names[index] as string] =
          (member & 7) === STRING ? text.substring(member >>> 3, words[(position += 2) - 1]) : value()
      }
      return object
    }
    default:
      return JSON.parse(text.substring(rest, words[position++]))
  }
}

/** Stores the layouts of a parsed value. Returns `false` if the position of the next word is unknown. */
function learn(value: unknown): boolean {
  const word = words[position++] as number
  const rest = word >>> 3
  switch (word & 7) {
    case WORD:
      return true
    case ARRAY:
      return (value as unknown[]).every(learn)
    case OBJECT: {
      const object = value as Record<string, unknown>
      const names = Object.keys(object)
      // Integer-like names come first in every object, and `__proto__` is not copied by a spread.
      const inOrder = !names.some((name) => /^\d/.test(name) || name === '__proto__')
      const blank = { ...object }
      for (const name of names) blank[name] = undefined
      layouts[rest % MAX_LAYOUTS] = { id: rest, names, blank, inOrder }
      return inOrder && names.every((name) => learn(object[name]))
    }
    default:
      position++
      return true
  }
}

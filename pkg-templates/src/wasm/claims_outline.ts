/**
 * Builds claims from their text and its outline: a new object each time, equal to what `JSON.parse` returns. The core has
 * read the text already. The table of the outline's words is in `src/core/json/outline.rs`.
 */
import type { JWTPayload } from '../base/types.js'

/** The names of an object's members, in their order. */
interface Layout {
  /** The ID that the core gave it. IDs are never reused. */
  readonly id: number
  readonly names: readonly string[]
  /** An object with these members, to be copied. */
  readonly blank: Record<string, unknown>
  /** Whether a copy has its members in the order of the text. */
  readonly inOrder: boolean
}

/** As many as the core knows, each at its ID modulo this. */
const MAX_LAYOUTS = 64
const layouts = new Array<Layout | undefined>(MAX_LAYOUTS).fill(undefined)

const STRING = 0
const WHOLE = 1
const WORD = 2
const ARRAY = 3
const OBJECT = 4

const WORDS = [false, true, null]

/** The text and outline being read. Module-level is safe: nothing here calls other code. */
let text = ''
let words: Uint32Array = new Uint32Array(0)
let position = 0

/** Thrown if a layout is unknown, or cannot be built this way. */
const UNKNOWN = Symbol('unknown layout')

/** The claims of a text, by the outline that begins at an index. */
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
        // Most members are strings: this saves the call.
        object[names[index] as string] =
          (member & 7) === STRING ? text.substring(member >>> 3, words[(position += 2) - 1]) : value()
      }
      return object
    }
    default:
      return JSON.parse(text.substring(rest, words[position++]))
  }
}

/** Remembers the layouts of a parsed value. Returns whether the words after it can be found. */
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

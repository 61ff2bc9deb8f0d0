/**
 * The text of claims and its outline enter, the claims leave: an object of its own each time, equal to what `JSON.parse` makes of the
 * text. The core has read the text; what it found is not looked for again.
 *
 * The outline is written in `src/core/json/outline.rs`, where a table tells what its words say.
 */
import type { JWTPayload } from '../base/types.js'

/** How an object's members are laid out. */
interface Layout {
  /** The number that the core gave it, and no other ever. */
  readonly number: number
  readonly names: readonly string[]
  /** An object with these members, to be copied. */
  readonly blank: Record<string, unknown>
  /** Whether the members of a copy stand in the order of the text. */
  readonly inOrder: boolean
}

/** As many as the core knows, each at the place that its number gives it. */
const LAYOUTS = 64
const layouts = new Array<Layout | undefined>(LAYOUTS).fill(undefined)

const STRING = 0
const WHOLE = 1
const WORD = 2
const ARRAY = 3
const OBJECT = 4

const WORDS = [false, true, null]

/** What is being read: nothing in here calls anybody else, so that it can't be exchanged meanwhile. */
let text = ''
let words: Uint32Array = new Uint32Array(0)
let at = 0

/** Thrown where an object is laid out in a way that is not known yet, or can't be built as fast. */
const UNKNOWN = Symbol('unknown layout')

/** The claims that `claims` holds, by the outline that begins at a place. */
export function claimsFrom(claims: string, outline: Uint32Array, place: number): JWTPayload {
  text = claims
  words = outline
  at = place
  try {
    return value() as JWTPayload
  } catch (thrown) {
    if (thrown !== UNKNOWN) throw thrown
    const payload = JSON.parse(claims) as JWTPayload
    at = place
    learn(payload)
    return payload
  } finally {
    text = ''
  }
}

function value(): unknown {
  const word = words[at++] as number
  const rest = word >>> 3
  switch (word & 7) {
    case STRING:
      return text.substring(rest, words[at++])
    case WHOLE:
      return rest * 2 ** 32 + (words[at++] as number)
    case WORD:
      return WORDS[rest]
    case ARRAY: {
      const items: unknown[] = []
      for (let count = 0; count < rest; count++) items.push(value())
      return items
    }
    case OBJECT: {
      const layout = layouts[rest % LAYOUTS]
      if (layout?.number !== rest || !layout.inOrder) throw UNKNOWN
      const { names, blank } = layout
      const object = { ...blank }
      for (let place = 0; place < names.length; place++) {
        const member = words[at] as number
        // Most are strings: no call for them.
        object[names[place] as string] =
          (member & 7) === STRING ? text.substring(member >>> 3, words[(at += 2) - 1]) : value()
      }
      return object
    }
    default:
      return JSON.parse(text.substring(rest, words[at++]))
  }
}

/** Remembers the layouts of the objects in a value that was read otherwise; whether the words behind it can be found. */
function learn(value: unknown): boolean {
  const word = words[at++] as number
  const rest = word >>> 3
  switch (word & 7) {
    case WORD:
      return true
    case ARRAY:
      return (value as unknown[]).every(learn)
    case OBJECT: {
      const object = value as Record<string, unknown>
      const names = Object.keys(object)
      // Names like those of an array's places come first, whatever the text says; and this one is no member of a literal's copy.
      const inOrder = !names.some((name) => /^\d/.test(name) || name === '__proto__')
      const blank = { ...object }
      for (const name of names) blank[name] = undefined
      layouts[rest % LAYOUTS] = { number: rest, names, blank, inOrder }
      return inOrder && names.every((name) => learn(object[name]))
    }
    default:
      at++
      return true
  }
}

/**
 * Reads the options of a `createGate({…})` or `new Verifier({…})` call from pasted text. The text is parsed and never run: strings,
 * numbers, booleans, arrays and objects are read, everything else is reported by its name and left out.
 */

/** What was read. */
export interface ReadOptions {
  /** Options that are literals. */
  readonly values: Record<string, Literal>
  /** Names of options whose values are not literals. */
  readonly left: readonly string[]
  /** `Verifier` or `createGate`; the gate where the text names neither. */
  readonly of: 'createGate' | 'Verifier'
}

/** A value that can be read without running anything. */
export type Literal = string | number | boolean | null | Literal[] | { [name: string]: Literal }

class NotLiteral extends Error {}

/** Reads the options; throws an `Error` with a sentence for people where the text contains no object. */
export function readOptions(text: string): ReadOptions {
  const of = /\bVerifier\s*\(/.test(text) ? 'Verifier' : 'createGate'
  const call = /\b(?:createGate|Verifier|createRemoteGate)\s*\(\s*/.exec(text)
  const start = text.indexOf('{', call === null ? 0 : call.index)
  if (start < 0) throw new Error('There is no object in this text: paste the call with its `{ … }`.')
  const reader = new Reader(text, start)
  const left: string[] = []
  const values = reader.object((name) => left.push(name))
  return { values, left, of }
}

class Reader {
  readonly #text: string
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  /** An object; members that are not literals are reported by `leave`, or refuse the whole where it is absent. */
  object(leave?: (name: string) => void): Record<string, Literal> {
    const members: Record<string, Literal> = Object.create(null)
    this.#take('{')
    for (;;) {
      this.#space()
      if (this.#text[this.#at] === '}') break
      if (this.#at >= this.#text.length) throw new Error('The object has no end: its last `}` is missing.')
      const begun = this.#at
      let name = ''
      try {
        name = this.#name()
        this.#space()
        this.#take(':')
        members[name] = this.#value()
        this.#end()
      } catch (error) {
        if (!(error instanceof NotLiteral)) throw error
        if (leave === undefined) throw error
        delete members[name]
        this.#at = begun
        leave(name || this.#text.slice(begun, begun + 24).split(/[\s,({]/)[0] || '…')
        this.#skip()
      }
      this.#space()
      if (this.#text[this.#at] === ',') this.#at++
    }
    this.#at++
    return members
  }

  #value(): Literal {
    this.#space()
    const character = this.#text[this.#at] ?? ''
    if (character === '{') return this.object()
    if (character === '[') return this.#array()
    if (character === '"' || character === "'" || character === '`') return this.#string(character)
    const [word] = /^(?:-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)/i.exec(this.#text.slice(this.#at, this.#at + 40)) ?? []
    if (word === undefined) throw new NotLiteral()
    this.#at += word.length
    return JSON.parse(word.replaceAll('_', '').toLowerCase()) as Literal
  }

  #array(): Literal[] {
    const items: Literal[] = []
    this.#take('[')
    for (;;) {
      this.#space()
      if (this.#text[this.#at] === ']') break
      items.push(this.#value())
      this.#end()
      if (this.#text[this.#at] === ',') this.#at++
    }
    this.#at++
    return items
  }

  #string(quote: string): string {
    let read = ''
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === quote) {
        this.#at = at + 1
        return read
      }
      if (quote === '`' && character === '$' && this.#text[at + 1] === '{') throw new NotLiteral()
      if (character === '\\') {
        const next = this.#text[++at] ?? ''
        read += { n: '\n', r: '\r', t: '\t' }[next] ?? next
      } else read += character
    }
    throw new Error('A string has no end.')
  }

  #name(): string {
    const character = this.#text[this.#at] ?? ''
    if (character === '"' || character === "'") return this.#string(character)
    const [word] = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(this.#text.slice(this.#at, this.#at + 80)) ?? []
    if (word === undefined) throw new NotLiteral()
    this.#at += word.length
    return word
  }

  /** After a value: a comma or the end. `'a' + b` is not a literal. */
  #end(): void {
    this.#space()
    if (!',]}'.includes(this.#text[this.#at] ?? '}')) throw new NotLiteral()
  }

  /** Goes on to the comma or the bracket that ends a member, past nested brackets and strings. */
  #skip(): void {
    let depth = 0
    while (this.#at < this.#text.length) {
      this.#space()
      const character = this.#text[this.#at] ?? ''
      if (depth === 0 && (character === ',' || character === '}')) return
      if (character === '`') {
        this.#skipTemplate()
        continue
      }
      if (character === '"' || character === "'") {
        this.#string(character)
        continue
      }
      if ('([{'.includes(character)) depth++
      if (')]}'.includes(character)) depth--
      this.#at++
    }
  }

  /** Goes past a template, whatever its `${…}` contain. */
  #skipTemplate(): void {
    this.#at++
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]
      if (character === '\\') this.#at++
      else if (character === '`') {
        this.#at++
        return
      } else if (character === '$' && this.#text[this.#at + 1] === '{') this.#skipBraces()
    }
    throw new Error('A template string has no end.')
  }

  /** Goes to the `}` that ends a `${`. */
  #skipBraces(): void {
    let depth = 0
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]
      if (character === '{') depth++
      else if (character === '}' && --depth === 0) return
    }
  }

  /** White space and comments. */
  #space(): void {
    const [space] = /^(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/.exec(this.#text.slice(this.#at)) ?? ['']
    this.#at += space.length
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) throw new NotLiteral()
    this.#at++
  }
}

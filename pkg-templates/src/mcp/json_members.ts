/** Finds problems that `JSON.parse` accepts: duplicate member names in an object, and deep nesting. */

/** The deepest accepted nesting. The verifier's core has the same limit. */
const MAX_DEPTH = 128

/** Returns the problem of a text that `JSON.parse` accepts. Returns `undefined` if it has none. */
export function memberProblem(json: string): 'duplicate_member' | 'too_deep' | undefined {
  // The names of each open object; `undefined` for an array.
  const open: (Set<string> | undefined)[] = []
  for (let index = 0; index < json.length; index++) {
    const character = json[index]
    if (character === '{' || character === '[') {
      if (open.length === MAX_DEPTH) return 'too_deep'
      open.push(character === '{' ? new Set() : undefined)
    } else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = stringEnd(json, index)
      const names = open.at(-1)
      if (names !== undefined && isName(json, end)) {
        const name = nameOf(json.slice(index, end))
        if (names.has(name)) return 'duplicate_member'
        names.add(name)
      }
      index = end - 1
    }
  }
  return undefined
}

/** Returns the index after the closing quote of the string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  let index = start + 1
  for (; index < json.length && json[index] !== '"'; index++) if (json[index] === '\\') index++
  return index + 1
}

/** Whether the string that ends at `end` is the name of a member: a colon follows. */
function isName(json: string, end: number): boolean {
  let index = end
  while (' \t\n\r'.includes(json[index] ?? 'x')) index++
  return json[index] === ':'
}

/** Decodes a member name. Two spellings, such as `\u0061` and `a`, are the same name. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
}

/** Looks for what `JSON.parse` overlooks: member names that stand twice in one object, and nesting without bound. */

/** The deepest nesting that is read. The verifier's core has the same bound. */
const MAX_DEPTH = 128

/** What is wrong with a text that `JSON.parse` accepts; `undefined` if nothing is. */
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

/** The index after the closing quote of the string that opens at `start`. */
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

/** Two spellings of one name are one name: `\u0061` is `a`. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
}

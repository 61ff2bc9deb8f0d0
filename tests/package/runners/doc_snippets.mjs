/** Reads the snippets of a page of the documentation: JavaScript after a comment that names its file. */
import { readFile } from 'node:fs/promises'

/** The code of each snippet, by the name of its file. JavaScript without a name is an error: it would not be run. */
export async function snippetsOf(file) {
  const text = await readFile(file, 'utf8')
  const named = text.matchAll(/^<!-- snippet: (\S+) -->\n```[jt]s\n([\s\S]*?)^```$/gm)
  const snippets = new Map([...named].map(([, name, code]) => [name, code]))
  const all = [...text.matchAll(/^```[jt]s$/gm)].length
  if (all !== snippets.size) throw new Error(`${file}: ${all} pieces of code, but ${snippets.size} with a name`)
  return snippets
}

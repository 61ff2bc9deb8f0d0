/** Reads the vectors of `tests/vectors` that end in a verdict on a token, in the form of a `Verifier`. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { makeOf, outcomeLater, codeOf } from './cases.mjs'

/** The time of cases whose outcome does not depend on it, in seconds. */
const ANY_TIME = 1_300_000_000

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'vectors')

/** `[{ name, key, token, options, expect }]`: `expect` is `accept`, or the code of the refusal. */
export async function verdicts() {
  const found = []
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
    const { cases } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    for (const entry of cases) {
      const { kind, key, token_b64u: encoded, now = ANY_TIME, code, expect = code } = entry
      const token = encoded === undefined ? entry.token : textOf(encoded)
      // The crates' tests run the other kinds, and tokens that are not text.
      if ((kind !== undefined && kind !== 'refuse') || expect === undefined || token === null) continue
      const policy = entry.policy ?? { algorithms: entry.algorithms ?? [entry.alg] }
      if (policy.algorithms?.[0] === undefined || key === undefined || 'typOptional' in policy) continue
      const options = { ...policy, currentDate: new Date(now * 1000) }
      found.push({ name: `${file}: ${entry.name}`, key, token, options, expect })
    }
  }
  return found
}

/**
 * Writes the cases into a project as `cases.json`, for runtimes that can't read files; `expect` is what the core said in this
 * Node, of options that are mistakes, too. Whether that is right is asked in Node.
 */
export async function writeCases(project) {
  const entry = join(project, 'node_modules', 'jotgate', 'dist', 'index.js')
  const make = makeOf(await import(pathToFileURL(entry)), { hostCrypto: false })
  const cases = await verdicts()
  for (const one of cases) {
    try {
      one.expect = await outcomeLater(make(one), one.token)
    } catch (mistake) {
      one.expect = codeOf(mistake)
    }
  }
  await writeFile(join(project, 'cases.json'), JSON.stringify(cases))
}

/** The text behind the bytes, `null` if they are no text. */
function textOf(encoded) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64url'))
  } catch {
    return null
  }
}

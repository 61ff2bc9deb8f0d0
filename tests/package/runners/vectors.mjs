/** The vectors that end in a verdict on a token enter from `tests/vectors`, what a `Verifier` wants leaves. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'vectors')

/** `[{ name, key, token, options, expect }]`: `expect` is `accept`, or the code of the refusal. */
export async function verdicts() {
  const found = []
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
    const { cases } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    for (const entry of cases) {
      const { kind, key, token_b64u: encoded, now = 0, code, expect = code } = entry
      const token = encoded === undefined ? entry.token : textOf(encoded)
      // What is no verdict on a token, or on bytes that are no text, is the crates' affair.
      if ((kind !== undefined && kind !== 'refuse') || expect === undefined || token === null) continue
      const policy = entry.policy ?? { algorithms: entry.algorithms ?? [entry.alg] }
      if (policy.algorithms?.[0] === undefined || key === undefined || 'typOptional' in policy) continue
      const options = { ...policy, currentDate: new Date(now * 1000) }
      found.push({ name: `${file}: ${entry.name}`, key, token, options, expect })
    }
  }
  return found
}

/** The text behind the bytes, `null` where they are none. */
function textOf(encoded) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64url'))
  } catch {
    return null
  }
}

/**
 * Judges cases: `make` gives a verifier for the options of each, `outcome` what became of its token. `judged` counts those that
 * came so far; `mistakes` those whose key can't be read or fits no algorithm of the list, which end before there is a token,
 * with another code than the case has.
 */
export async function judge(cases, make, outcome) {
  const failures = []
  let passed = 0
  let judged = 0
  let mistakes = 0
  for (const { name, token, expect, ...of } of cases) {
    let verifier
    try {
      verifier = make(of)
    } catch (error) {
      if (error.refusal === expect) passed += 1
      else mistakes += 1
      continue
    }
    judged += 1
    const found = await outcome(verifier, token)
    if (found === expect) passed += 1
    else failures.push({ name, problem: `${found} instead of ${expect}` })
  }
  return { passed, failures, judged, mistakes }
}

/** `accept`, or the code of the refusal. */
export async function outcomeLater(verifier, token) {
  try {
    await verifier.verify(token)
    return 'accept'
  } catch (error) {
    return error.refusal
  }
}

/** A vector's key, as the option `keys` takes it; `KeySet` is the package's. */
export function keysOf(key, KeySet) {
  if (key.keys !== undefined) return new KeySet(key)
  if (key.pem !== undefined) return key.pem
  if (key.secret_b64u !== undefined) return new Uint8Array(Buffer.from(key.secret_b64u, 'base64url'))
  return key
}

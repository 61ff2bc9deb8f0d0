/** Judges cases of the vectors, in any runtime. */

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
      if (codeOf(error) === expect) passed += 1
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

/** What an error says: the code of a refusal, or the name of a mistake that has none. */
export function codeOf({ name, refusal = name }) {
  return refusal
}

/** `accept`, or the code of the refusal. */
export async function outcomeLater(verifier, token) {
  try {
    await verifier.verify(token)
    return 'accept'
  } catch (error) {
    return codeOf(error)
  }
}

/** The same without waiting. */
export function outcomeNow(verifier, token) {
  try {
    verifier.verifySync(token)
    return 'accept'
  } catch (error) {
    return codeOf(error)
  }
}

/** What makes a case's verifier, by this package; of `cases.json` times come as text. */
export function makeOf({ KeySet, Verifier }, more = {}) {
  return ({ key, options: { currentDate, ...options } }) =>
    new Verifier({ ...options, ...more, currentDate: new Date(currentDate), keys: keysOf(key, KeySet) })
}

/** A vector's key, as the option `keys` takes it; `KeySet` is the package's. */
export function keysOf(key, KeySet) {
  if (key.keys !== undefined) return new KeySet(key)
  if (key.pem !== undefined) return key.pem
  if (key.secret_b64u !== undefined) {
    const base64 = key.secret_b64u.replace(/-/g, '+').replace(/_/g, '/')
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  }
  return key
}

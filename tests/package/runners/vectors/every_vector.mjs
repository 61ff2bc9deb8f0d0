/**
 * Verifies every case of the vectors in several ways: `own` is the core alone, `node` and `subtle` let the runtime verify RSA. The verdicts
 * must be equal in every way and in every runtime.
 */
import { judge, makeOf, outcomeLater, outcomeNow } from './cases.mjs'

/**
 * Judges all cases in each of the ways. `mistakes` is how many cases may end before there is a token, by another code; `disguised` makes
 * a runtime pass for one that asks `crypto.subtle` each time.
 */
export async function everyVector(jotgate, cases, ways, { mistakes: most = 0, disguised = false } = {}) {
  const seen = watched()
  const { Deno } = globalThis
  if (disguised) disguise()
  const all = { passed: 0, failures: [] }
  for (const way of ways) {
    Object.assign(seen, { asked: 0, aside: 0 })
    const make = makeOf(jotgate, { hostCrypto: way !== 'own' })
    const { passed, failures, mistakes } = await judge(cases, make, (...of) => outcome(...of, seen))
    all.passed += passed
    all.failures.push(...failures.map(({ name, problem }) => ({ name: `${way}: ${name}`, problem })))
    const wrong = (problem) => all.failures.push({ name: way, problem })
    // Otherwise it would be the core again that was looked at.
    if (way === 'own' ? seen.asked > 0 : seen.asked < 40) wrong(`the host was asked ${seen.asked} times`)
    if (way === 'node' && seen.aside < 20) wrong(`the host answered ${seen.aside} times later`)
    if (way === 'subtle' && seen.aside < seen.asked) wrong('another host was asked')
    if (mistakes > most) wrong(`${mistakes} were mistakes`)
  }
  // To end a process takes Deno what it is known by.
  if (disguised && Deno !== undefined) globalThis.Deno = Deno
  return all
}

/** As Chromium looks. */
function disguise() {
  delete globalThis.Deno
  Object.defineProperty(globalThis, 'navigator', { value: { userAgentData: {} }, configurable: true })
}

/** What became of a case: `accept`, or the code of the refusal; of calls that differ, all of them. */
async function outcome(verifier, token, { imports }) {
  const found = [outcomeNow(verifier, token)]
  // The first question begins the key's import, where there is one. Of two calls at once the second finds the first under way.
  for (let turn = 0; turn < 2; turn++) {
    found.push(...(await Promise.all([outcomeLater(verifier, token), outcomeLater(verifier, token)])))
    await Promise.allSettled(imports.splice(0))
  }
  return new Set(found).size === 1 ? found[0] : found.join(', then ')
}

/** How often a host was asked, how often it was to answer later, and the imports of keys that it began. */
function watched() {
  const seen = { asked: 0, aside: 0, imports: [] }
  const node = globalThis.process?.getBuiltinModule?.('node:crypto')
  if (node !== undefined) {
    const { verify } = node
    node.verify = (...all) => {
      seen.asked += 1
      if (typeof all[4] === 'function') seen.aside += 1
      return verify(...all)
    }
  }
  const prototype = Object.getPrototypeOf(crypto.subtle)
  const { verify, importKey } = prototype
  prototype.verify = function (...all) {
    seen.asked += 1
    seen.aside += 1
    return verify.apply(this, all)
  }
  prototype.importKey = function (...all) {
    const imported = importKey.apply(this, all)
    seen.imports.push(imported)
    return imported
  }
  return seen
}

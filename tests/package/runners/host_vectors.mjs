/**
 * Every vector, by the core alone and by each host that may verify RSA in its place: the verdicts must be those that the
 * vectors ask for, whoever computes. `HOST` says whom to use: `own`, `node` or `subtle`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { report } = await load('runners/report.mjs')
const { judge, keysOf, outcomeLater, verdicts } = await load('runners/vectors.mjs')
const { HOST } = process.env

/** How often a host was asked, and how often it was to answer later. */
let asked = 0
let askedAside = 0
const node = process.getBuiltinModule('node:crypto')
const { verify } = node
node.verify = (...all) => {
  asked += 1
  if (typeof all[4] === 'function') askedAside += 1
  return verify(...all)
}
const { prototype } = SubtleCrypto
const { verify: later } = prototype
prototype.verify = function (...all) {
  asked += 1
  return later.apply(this, all)
}
if (HOST === 'subtle') {
  // As Chromium has it.
  Object.defineProperty(globalThis, 'navigator', { value: { userAgentData: {} }, configurable: true })
}
const { KeySet, Verifier } = await import('jotgate')

/** What became of a case: `accept`, or the code of the refusal. */
async function outcome(verifier, token) {
  const now = outcomeNow(verifier, token)
  if (HOST === 'subtle') {
    // The first asks for the key's import; where that has ended, the host is asked.
    await outcomeLater(verifier, token)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  // Of two at once the second finds the first under way.
  const [then, beside] = await Promise.all([outcomeLater(verifier, token), outcomeLater(verifier, token)])
  return then === now && beside === now ? now : `${now} at once, ${then} later, ${beside} beside`
}

function outcomeNow(verifier, token) {
  try {
    verifier.verifySync(token)
    return 'accept'
  } catch (error) {
    return error.refusal
  }
}

const make = ({ key, options }) => new Verifier({ ...options, hostCrypto: HOST !== 'own', keys: keysOf(key, KeySet) })
const { passed, failures, mistakes } = await judge(await verdicts(), make, outcome)
if (HOST === 'own' ? asked > 0 : asked < 40) failures.push({ name: 'the host', problem: `was asked ${asked} times` })
if (HOST === 'node' && askedAside < 20) failures.push({ name: 'the host', problem: `answered ${askedAside} times later` })
if (mistakes > 25) failures.push({ name: 'options', problem: `${mistakes} were mistakes` })
process.exit(report({ passed, failures }))

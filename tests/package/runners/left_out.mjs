/**
 * Every vector, with a package that was built for fewer algorithms: `BUILT` names those that it has. Their tokens must be judged as
 * ever, and the others refused as options, by name, before there is a token.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { report } = await load('runners/report.mjs')
const { keysOf, verdicts } = await load('runners/vectors.mjs')
const { KeySet, Verifier } = await import('jotgate')

const built = process.env.BUILT.split(',')
const failures = []
let passed = 0
const expect = (name, found, wanted) => {
  if (found === wanted) passed += 1
  else failures.push({ name, problem: `${found} instead of ${wanted}` })
}

/** `accept`, or the code of the refusal. */
async function outcome(verifier, token) {
  try {
    await verifier.verify(token)
    return 'accept'
  } catch (error) {
    return error.refusal
  }
}

function complaint(make) {
  try {
    make()
    return 'taken'
  } catch (error) {
    return error instanceof TypeError && /this build leaves out/.test(error.message) ? 'left out' : String(error)
  }
}

/** Cases that were judged, and those whose options are a mistake before there is a token. */
let judged = 0
let mistakes = 0
/** A key that can be used. */
let usableKey
/** The public keys of all vectors, whatever their kind. */
const publicKeys = []
for (const { name, key, token, options, expect: wanted } of await verdicts()) {
  if (['EC', 'OKP', 'RSA'].includes(key.kty)) publicKeys.push(key)
  if (!options.algorithms.every((name) => built.includes(name))) continue
  let verifier
  try {
    verifier = new Verifier({ ...options, keys: keysOf(key, KeySet) })
  } catch (error) {
    if (error.refusal === wanted) passed += 1
    else mistakes += 1
    continue
  }
  expect(name, await outcome(verifier, token), wanted)
  if (wanted === 'accept') usableKey ??= key
  judged += 1
}
if (mistakes > 25) failures.push({ name: 'options', problem: `${mistakes} were mistakes` })
if (judged < 30) failures.push({ name: 'the vectors', problem: `only ${judged} were of these algorithms` })

const names = 'HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')
for (const name of names.filter((name) => !built.includes(name))) {
  const make = () => new Verifier({ algorithms: [name], keys: keysOf(usableKey, KeySet) })
  expect(`${name} as an option`, complaint(make), 'left out')
}

// A set may hold any keys: those that can't be used here are skipped, and said to be.
const { keys, skipped } = new KeySet({ keys: publicKeys })
const usable = keys.flatMap(({ algorithms }) => algorithms)
expect('the usable keys of a set', usable.filter((name) => !built.includes(name)).join(), '')
expect('keys and skipped ones', keys.length + skipped.length, publicKeys.length)
expect('whether a key can be used', keys.length > 0, built.some((name) => !name.startsWith('HS')))
if (skipped.length < 10) failures.push({ name: 'the set', problem: `only ${skipped.length} keys were skipped` })
process.exit(report({ passed, failures }))

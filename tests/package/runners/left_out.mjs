/**
 * Every vector, with a package that was built for fewer algorithms: `BUILT` names those that it has. Their tokens must be judged as
 * ever, and the others refused as options, by name, before there is a token.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { report } = await load('runners/report.mjs')
const { judge, keysOf, outcomeLater, verdicts } = await load('runners/vectors.mjs')
const { KeySet, Verifier } = await import('jotgate')

const built = process.env.BUILT.split(',')

function complaint(make) {
  try {
    make()
    return 'taken'
  } catch (error) {
    return error instanceof TypeError && /this build leaves out/.test(error.message) ? 'left out' : String(error)
  }
}

const cases = await verdicts()
const ours = cases.filter(({ options }) => options.algorithms.every((name) => built.includes(name)))
const make = ({ key, options }) => new Verifier({ ...options, keys: keysOf(key, KeySet) })
let { passed, failures, judged, mistakes } = await judge(ours, make, outcomeLater)
const expect = (name, found, wanted) => {
  if (found === wanted) passed += 1
  else failures.push({ name, problem: `${found} instead of ${wanted}` })
}
if (mistakes > 25) failures.push({ name: 'options', problem: `${mistakes} were mistakes` })
if (judged < 30) failures.push({ name: 'the vectors', problem: `only ${judged} were of these algorithms` })

const names = 'HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')
const usable = ours.find(({ expect }) => expect === 'accept')
for (const name of names.filter((name) => !built.includes(name))) {
  const left = () => make({ key: usable.key, options: { algorithms: [name] } })
  expect(`${name} as an option`, complaint(left), 'left out')
}

// A set may hold any keys: those that can't be used here are skipped, and said to be.
const publicKeys = cases.map(({ key }) => key).filter(({ kty }) => ['EC', 'OKP', 'RSA'].includes(kty))
const { keys, skipped } = new KeySet({ keys: publicKeys })
const able = keys.flatMap(({ algorithms }) => algorithms)
expect('the usable keys of a set', able.filter((name) => !built.includes(name)).join(), '')
expect('keys and skipped ones', keys.length + skipped.length, publicKeys.length)
expect('whether a key can be used', keys.length > 0, built.some((name) => !name.startsWith('HS')))
if (skipped.length < 10) failures.push({ name: 'the set', problem: `only ${skipped.length} keys were skipped` })
process.exit(report({ passed, failures }))

/**
 * Every vector, with a package that was built for fewer algorithms: `BUILT` names those that it has. Their tokens must be judged as
 * ever, and the others refused as options, by name, before there is a token.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { report } = await load('runners/report.mjs')
const { judge, keysOf, outcomeLater } = await load('runners/vectors/cases.mjs')
const { verdicts } = await load('runners/vectors/files.mjs')
const { createGate, KeySet, RemoteKeySet, Verifier } = await import('jotgate')
const { jwtVerify } = await import('jotgate/jose')

const built = process.env.BUILT.split(',')

function complaint(make) {
  try {
    make()
    return 'taken'
  } catch (error) {
    return error instanceof TypeError && /this build leaves out/.test(error.message) ? 'left out' : String(error)
  }
}

function refused(make) {
  try {
    make()
    return 'taken'
  } catch ({ code, refusal, message }) {
    return code ? `${code} ${refusal}` : message
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
if (built.some((name) => !name.startsWith('HS'))) {
  const { keys, skipped } = new KeySet({ keys: publicKeys })
  const able = keys.flatMap(({ algorithms }) => algorithms)
  expect('the usable keys of a set', able.filter((name) => !built.includes(name)).join(), '')
  expect('keys and skipped ones', keys.length + skipped.length, publicKeys.length)
  if (keys.length === 0) failures.push({ name: 'the set', problem: 'no key can be used' })
  if (skipped.length < 10) failures.push({ name: 'the set', problem: `only ${skipped.length} keys were skipped` })
} else {
  // With secrets alone, options for public keys are refused instead of read as an empty set.
  const pem = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----'
  const options = { algorithms: built, issuer: 'https://issuer.example', audience: 'api' }
  for (const [name, make] of Object.entries({
    'a set': () => new KeySet({ keys: publicKeys }),
    'an empty set': () => new KeySet({ keys: [] }),
    'a remote set': () => new RemoteKeySet('https://issuer.example/jwks.json'),
    'a gate with a remote set': () => createGate({ ...options, jwksUri: 'https://issuer.example/jwks.json' }),
    'a key in PEM': () => new Verifier({ ...options, keys: pem }),
  })) {
    expect(name, refused(make), 'ERR_JOSE_NOT_SUPPORTED key_kind_unsupported')
  }
  // What asks for its key as soon as all else is right needs no set for that.
  const asked = []
  const key = ({ alg }) => {
    asked.push(alg)
    return keysOf(usable.key, KeySet)
  }
  const { currentDate } = usable.options
  const outcome = (token) => jwtVerify(token, key, { algorithms: built, currentDate }).then(() => 'accept', ({ code }) => code)
  expect('a token without parts', await outcome('a'), 'ERR_JWS_INVALID')
  expect('how often its key was asked for', asked.length, 0)
  expect('a forged token', await outcome(usable.token.replace(/.{8}$/, 'AAAAAAAA')), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  expect('how often its key was asked for', asked.length, 1)
}
process.exit(report({ passed, failures }))

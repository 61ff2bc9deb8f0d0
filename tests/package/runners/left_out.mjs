/**
 * Every vector, with a package that was built for fewer algorithms: `BUILT` names those that it has. Their tokens must be judged as
 * ever, and the others refused as options, by name, before there is a token.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { report } = await import(pathToFileURL(join(process.env.TESTS, 'runners/report.mjs')))
const { KeySet, Verifier } = await import('jotgate')

const built = process.env.BUILT.split(',')
const failures = []
let passed = 0
const expect = (name, found, wanted) => {
  if (found === wanted) passed += 1
  else failures.push({ name, problem: `${found} instead of ${wanted}` })
}

function keysOf(key) {
  if (key.keys !== undefined) return new KeySet(key)
  if (key.pem !== undefined) return key.pem
  if (key.secret_b64u !== undefined) return new Uint8Array(Buffer.from(key.secret_b64u, 'base64url'))
  return key
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
const folder = join(process.env.TESTS, '..', 'vectors')
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
  const { cases } = JSON.parse(await readFile(join(folder, file), 'utf8'))
  for (const entry of cases) {
    const { kind, key, token, token_b64u: encoded, now = 0, code, expect: wanted = code } = entry
    if ((kind !== undefined && kind !== 'refuse') || wanted === undefined || encoded !== undefined) continue
    if (['EC', 'OKP', 'RSA'].includes(key?.kty)) publicKeys.push(key)
    const policy = entry.policy ?? { algorithms: entry.algorithms ?? [entry.alg] }
    const { algorithms } = policy
    if (algorithms?.[0] === undefined || key === undefined || 'typOptional' in policy) continue
    if (!algorithms.every((name) => built.includes(name))) continue
    let verifier
    try {
      verifier = new Verifier({ ...policy, currentDate: new Date(now * 1000), keys: keysOf(key) })
    } catch (error) {
      if (error.refusal === wanted) passed += 1
      else mistakes += 1
      continue
    }
    expect(`${file}: ${entry.name}`, await outcome(verifier, token), wanted)
    if (wanted === 'accept') usableKey ??= key
    judged += 1
  }
}
if (mistakes > 25) failures.push({ name: 'options', problem: `${mistakes} were mistakes` })
if (judged < 30) failures.push({ name: 'the vectors', problem: `only ${judged} were of these algorithms` })

const names = 'HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')
for (const name of names.filter((name) => !built.includes(name))) {
  const make = () => new Verifier({ algorithms: [name], keys: keysOf(usableKey) })
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

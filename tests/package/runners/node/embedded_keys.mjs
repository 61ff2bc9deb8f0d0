/**
 * What keys leave in the core's memory: one that is used often gets a table, where there may be any; one that a token brings along is gone
 * with it.
 */
import { pathToFileURL } from 'node:url'
import { checks, report } from '../report.mjs'

const { exportJWK, generateKeyPair, SignJWT } = await import(pathToFileURL(process.env.JOSE))
const { Instance } = WebAssembly
let memory
WebAssembly.Instance = function (...args) {
  const instance = new Instance(...args)
  memory = instance.exports.memory
  return instance
}
const { ready } = await import('jotgate')
const { EmbeddedJWK, importJWK, jwtVerify } = await import('jotgate/jose')

/** Memory grows by pages: so many keys that their tables take a hundred. */
const KEYS = 48
/** More successes than the first table asks for. */
const TIMES = 40

const made = []
for (let n = 0; n < KEYS; n++) {
  const alg = n % 2 === 0 ? 'ES256' : 'EdDSA'
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const jwk = await exportJWK(publicKey)
  const signing = new SignJWT({ sub: `user-${n}` }).setProtectedHeader({ alg, jwk }).setExpirationTime('1h')
  made.push({ alg, jwk, token: await signing.sign(privateKey) })
}

/** By how many bytes memory grows while each token is verified often, by the key that `keyOf` makes for it. */
async function growth(keyOf) {
  const before = memory.buffer.byteLength
  for (const one of made) {
    const key = await keyOf(one)
    for (let turn = 0; turn < TIMES; turn++) await jwtVerify(one.token, key)
    globalThis.gc()
    await new Promise((settle) => setImmediate(settle))
  }
  return memory.buffer.byteLength - before
}

const { check, outcome } = checks()
// The core and what it remembers of headers are there before anything is measured.
for (const { token } of made) await jwtVerify(token, EmbeddedJWK)
const embedded = await growth(() => EmbeddedJWK)
const held = []
const hold = async ({ alg, jwk }) => {
  held.push(await importJWK(jwk, alg))
  return held.at(-1)
}
await ready({ tableMemory: 1 })
const unfit = await growth(hold)
await ready({ tableMemory: 8 * 1024 * 1024 })
const imported = await growth(hold)
check('keys that are held get tables', imported > KEYS * 32_768, `${imported} bytes for ${held.length} keys`)
check('keys that tokens bring along get none', embedded < imported / 8, `${embedded} bytes, ${imported} with tables`)
check('where tables have no memory, no key gets any', unfit < imported / 8, `${unfit} bytes, ${imported} with tables`)
for (const options of [{ tableMemory: 0 }, { tableMemory: undefined }, { tables: 1 }, null]) {
  const thrown = await ready(options).catch((thrown) => thrown)
  check(`${JSON.stringify(options)} is refused`, thrown instanceof TypeError, thrown)
}
process.exitCode = report(outcome)

/** What is left of a shared secret in the core's memory: one copy while a key holds it, none where it was refused or is forgotten. */
import { createHmac, randomBytes } from 'node:crypto'
import { checks, report, thrownBy } from '../report.mjs'

const { Instance } = WebAssembly
let memory
WebAssembly.Instance = function (...args) {
  const instance = new Instance(...args)
  memory = instance.exports.memory
  return instance
}
const { KeySet, Verifier } = await import('jotgate')
const { importJWK, jwtVerify } = await import('jotgate/jose')

const { check, outcome } = checks()

/** How often a text occurs in the core's memory. */
function copies(bytes) {
  const all = Buffer.from(memory.buffer)
  let count = 0
  for (let at = all.indexOf(bytes); at >= 0; at = all.indexOf(bytes, at + 1)) count++
  return count
}

/**
 * Copies of a secret, of what HMAC makes of it (RFC 2104 §2), and of it as base64url text. Of each the middle is looked for, since
 * an allocator writes over the edges of what it is given back.
 */
function remains(secret) {
  const middle = secret.subarray(24, 72)
  const padded = [0x36, 0x5c].map((pad) => copies(middle.map((byte) => byte ^ pad)))
  return { raw: copies(middle), padded: Math.max(...padded), text: copies(secret.toString('base64url').slice(32, 96)) }
}

function is({ raw, padded, text }, most) {
  return raw <= most && padded === 0 && text === 0
}

const rules = { algorithms: ['HS256'], issuer: 'https://issuer.example', audience: 'api' }
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
function token(secret) {
  const claims = { iss: rules.issuer, aud: rules.audience, exp: Math.floor(Date.now() / 1000) + 600 }
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
const oct = (secret, more) => ({ kty: 'oct', k: secret.toString('base64url'), ...more })

const secrets = {}
const WAYS = {
  bytes: (secret) => new Verifier({ keys: secret, ...rules }).verifySync(token(secret)),
  JWK: (secret) => new Verifier({ keys: oct(secret), ...rules }).verifySync(token(secret)),
  'jotgate/jose': async (secret) => jwtVerify(token(secret), await importJWK(oct(secret), 'HS256')),
}
for (const [name, verify] of Object.entries(WAYS)) {
  secrets[name] = randomBytes(96)
  await verify(secrets[name])
  const left = remains(secrets[name])
  check(`${name}: a key keeps one copy`, is(left, 1), JSON.stringify(left))
}

const REFUSED = {
  'a JWK whose `k` ends in what is no base64url': (secret) =>
    new Verifier({ keys: { kty: 'oct', k: `${secret.toString('base64url')}!` }, ...rules }),
  'a JWK of an unknown kind': (secret) => new Verifier({ keys: oct(secret, { kty: 'secret' }), ...rules }),
  'a JWK with a private part': (secret) =>
    new Verifier({ keys: { kty: 'OKP', crv: 'Ed25519', d: secret.toString('base64url') }, ...rules }),
  'PEM of a private key': (secret) => {
    const body = secret.toString('base64')
    return new Verifier({ keys: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`, ...rules })
  },
}
// It was a key before it was refused, and is one until it is collected.
const MISPLACED = { 'a secret where a public key is wanted': (secret) => new Verifier({ keys: secret, ...rules, algorithms: ['ES256'] }) }
for (const [name, make] of Object.entries({ ...MISPLACED, ...REFUSED })) {
  // Letters only, for which base64 and base64url are equal.
  const secret = Buffer.from(randomBytes(72).toString('hex'))
  const refused = thrownBy(() => make(secret)) !== undefined
  secrets[name] = secret
  const left = remains(secret)
  check(`${name}: nothing else is left`, refused && is(left, name in MISPLACED ? 1 : 0), JSON.stringify(left))
}

const inSet = (secrets['a key set'] = randomBytes(96))
check('a key set skips it', new KeySet({ keys: [oct(inSet)] }).size === 0, 'it was taken')
check('and keeps nothing of it', is(remains(inSet), 0), JSON.stringify(remains(inSet)))

// The engine collects the unreferenced keys some turns of the loop later.
const forgotten = () => Object.values(secrets).every((secret) => is(remains(secret), 0))
for (let turn = 0; turn < 200 && !forgotten(); turn++) {
  globalThis.gc()
  await new Promise((settle) => setImmediate(settle))
}
for (const [name, secret] of Object.entries(secrets)) {
  check(`${name}: a key that is collected leaves nothing`, is(remains(secret), 0), JSON.stringify(remains(secret)))
}
process.exitCode = report(outcome)

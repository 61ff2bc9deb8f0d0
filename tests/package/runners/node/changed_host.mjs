/** A host that changes, or is changed, while the package runs: what was accepted stays right, what was asked for is asked. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { checks, report, thrownBy } from '../report.mjs'

const { createGate, Verifier } = await import('jotgate')

const { check, outcome } = checks()

const secret = Buffer.alloc(32, 7)
const exp = Math.floor(Date.now() / 1000) + 600
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
function token(claims, { alg = 'HS256', key } = {}) {
  const signed = `${part({ alg })}.${part(claims)}`
  const signature =
    key === undefined ? createHmac('sha256', secret).update(signed).digest() : sign('sha256', Buffer.from(signed), key)
  return `${signed}.${signature.toString('base64url')}`
}
const rules = { keys: secret, algorithms: ['HS256'] }
const verifier = new Verifier({ ...rules, maxTokenLength: 1 << 24 })

// What the core writes was settled at the first call, and is read so ever after.
const names = ['Ã©milie', 'émilie', 'é']
verifier.verifySync(token({ exp }))
globalThis.EdgeRuntime = 'edge-runtime'
const { Buffer: real } = globalThis
globalThis.Buffer = undefined
thrownBy(() => verifier.verifySync('x'.repeat(9_000_000)))
globalThis.Buffer = real
for (const sub of names) {
  const read = verifier.verifySync(token({ exp, sub, n: 1 })).payload.sub
  check(`after the host has changed and memory has grown, ${sub} is read as it was sent`, read === sub, read)
}
delete globalThis.EdgeRuntime

// A member of `Object.prototype` is neither an option nor an answer.
Object.prototype.toJSON = () => ({})
const wrong = thrownBy(() => {
  const strict = new Verifier({ ...rules, issuer: 'https://issuer.example' })
  strict.verifySync(token({ exp, iss: 'https://other.example' }))
})
const unasked = thrownBy(() => {
  const gate = createGate({ ...rules, issuer: 'https://issuer.example', audience: 'api' })
  const bearer = `Bearer ${token({ exp, iss: 'https://issuer.example', aud: 'api' })}`
  const request = new Request('https://api.example', { headers: { authorization: bearer } })
  if (!gate.checkSync(request, { scopes: ['admin'] }).ok) throw new Error('refused')
})
delete Object.prototype.toJSON
check('with a toJSON for all objects no policy gets lost', wrong instanceof Error, 'another issuer was accepted')
check('and no scope', unasked instanceof Error, 'a scope was not asked for')
Object.prototype.clockTolerance = 1e12
const late = thrownBy(() => new Verifier(rules).verifySync(token({ exp: exp - 6_000 })))
delete Object.prototype.clockTolerance
check('an option of all objects counts for none', late?.code === 'ERR_JWT_EXPIRED', late)

// The host's cryptography fails in the middle of a verification.
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = new Verifier({ keys: publicKey.export({ format: 'jwk' }), algorithms: ['RS256'] })
const { getBuiltinModule } = process
process.getBuiltinModule = () => {
  throw new Error('no modules today')
}
const good = token({ exp, sub: 'ada' }, { alg: 'RS256', key: privateKey })
for (let turn = 0; turn < 20; turn++) {
  const thrown = thrownBy(() => rsa.verifySync(good))
  check('a host that throws leaves the core to find out', thrown === undefined, thrown?.stack)
}
process.getBuiltinModule = getBuiltinModule
check('and it goes on', verifier.verifySync(token({ exp, sub: 'ada' })).payload.sub === 'ada', 'it does not')

// Bytes that say they are fewer than they are.
class Short extends Uint8Array {
  get length() {
    return 32
  }
}
const short = thrownBy(() => new Verifier({ ...rules, keys: new Short(60_000).fill(65) }))
check('bytes with a length of their own are written nowhere else', short instanceof Error, 'they were taken')
check('and it goes on', verifier.verifySync(token({ exp, sub: 'ada' })).payload.sub === 'ada', 'it does not')

// A list that says something else each time.
const forged = `${part({ alg: 'HS256' })}.${part({ exp, sub: 'mallory' })}.${'A'.repeat(43)}`
const fickle = [undefined, token({ exp, sub: 'ada' })]
let reads = 0
Object.defineProperty(fickle, 0, { enumerable: true, get: () => (reads++ === 1 ? token({ exp, sub: 'bob' }) : forged) })
const remembering = new Verifier({ ...rules, tokenCache: {} })
const [first, second] = await remembering.verifyBatch(fickle)
check('a batch reads each token once', reads === 1 && first.status === 'rejected' && second.status === 'fulfilled', reads)
check('and remembers what it judged', thrownBy(() => remembering.verifySync(forged)) !== undefined, 'a forged token')
const withHole = new Array(2)
withHole[1] = token({ exp })
const [hole] = await verifier.verifyBatch(withHole)
check('a hole is no token', hole.status === 'rejected' && hole.reason.refusal === 'token_not_text', hole.reason)

process.exitCode = report(outcome)

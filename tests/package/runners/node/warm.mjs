/** The known answers at construction, outside of Workers: off by default, on by `warm: true`, and an error if one is wrong. */
import { core } from '../counted_core.mjs'
import { createGate, RemoteKeySet, Verifier } from 'jotgate'
import { checks, report, thrownBy } from '../report.mjs'

const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const rules = { issuer: 'https://issuer.example', audience: 'api' }
const make = (warm) => new Verifier({ keys: jwk, algorithms: ['EdDSA'], ...rules, ...warm })
const { check, outcome } = checks()
const rejections = []
process.on('unhandledRejection', (thrown) => rejections.push(thrown))
/** Resolves when every promise that needs no event has settled. */
const settled = () => new Promise((settle) => setImmediate(settle))
/** How many tokens the core verifies by a call, and after it. */
async function verifications(call) {
  const before = core.verifications
  call()
  await settled()
  return core.verifications - before
}

make()
make({ warm: false })
check('nothing is verified by default', core.verifications === 0, core.verifications)
core.tamper = true
const wrong = thrownBy(() => make({ warm: true }))
check('a wrong known answer throws', /self-test of EdDSA failed/.test(wrong?.message), wrong?.stack)
core.tamper = false
const first = await verifications(() => make({ warm: true }))
check('a kind is verified by both methods', first === 2, first)
const second = await verifications(() => make({ warm: true }))
check('each kind is verified once', second === 0, second)

// For keys that are fetched, the known key is read as a set, and fetched without a request and a timer.
const asked = () => Promise.reject(new Error('it was fetched'))
const keys = new RemoteKeySet('https://issuer.example/jwks', { fetch: asked })
const { parse } = JSON
const { setTimeout } = globalThis
let [sets, timers] = [0, 0]
JSON.parse = (text, ...rest) => {
  if (text.includes('"skipped":[]')) sets += 1
  return parse(text, ...rest)
}
globalThis.setTimeout = (...words) => {
  timers += 1
  return setTimeout(...words)
}
const algorithms = ['HS256', 'ES256', 'ES384', 'ES512', 'RS256', 'PS512', 'EdDSA']
const fetching = await verifications(() => new Verifier({ keys, algorithms, ...rules, warm: true }))
JSON.parse = parse
globalThis.setTimeout = setTimeout
// Of the first kind that can be in a fetched set, also before the fetch and after it.
check('each new kind is verified with a set in hand, and one with a fetched set', fetching === 5 + 2 && sets === 4 + 1, `${fetching}, ${sets} sets`)
check('no timer is set', timers === 0, timers)

// The known token passes a gate, but not the rules of this one: it is nobody's.
const { catch: original } = Promise.prototype
const passes = []
Promise.prototype.catch = function (...handlers) {
  this.then((pass) => passes.push(pass?.ok), () => passes.push('rejected'))
  return original.apply(this, handlers)
}
const calls = []
const own = { principal: () => calls.push('principal'), authorize: () => calls.push('authorize'), onDecision: () => calls.push('onDecision') }
for (const kind of ['ES256', 'HS256']) {
  createGate({ keys: kind === 'ES256' ? () => asked : new Uint8Array(32), algorithms: [kind], ...rules, ...own, warm: true })
}
await settled()
Promise.prototype.catch = original
check('a gate accepts the known token', passes.includes(true) && !passes.some((ok) => ok === false || ok === 'rejected'), passes)
check('no function of the caller gets the known token', calls.length === 0, calls)

createGate({ jwksUri: 'https://issuer.example/jwks', algorithms: ['ES384'], ...rules, warm: true })
JSON.parse = () => {
  throw new Error('no set can be read')
}
await settled()
JSON.parse = parse
check('a failure on the way after the self-test is not reported', rejections.length === 0, rejections)
process.exitCode = report(outcome)

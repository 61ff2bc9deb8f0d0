/** Importing and constructing, with every source of time, randomness and network replaced by something that throws. */
import { createRequire } from 'node:module'
import { report } from '../report.mjs'

const forbidden = []
function forbid(object, name) {
  const real = object[name]
  object[name] = () => {
    forbidden.push(name)
    throw new Error(`${name} was called at module scope`)
  }
  return () => (object[name] = real)
}
const RealDate = Date
const real = [
  forbid(Date, 'now'),
  forbid(Math, 'random'),
  forbid(globalThis, 'fetch'),
  forbid(globalThis, 'setTimeout'),
  forbid(globalThis, 'setInterval'),
  forbid(globalThis, 'setImmediate'),
  forbid(globalThis, 'queueMicrotask'),
  forbid(crypto, 'getRandomValues'),
  forbid(crypto, 'randomUUID'),
  forbid(performance, 'now'),
  forbid(AbortSignal, 'timeout'),
]
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...args)
    if (args.length === 0) forbidden.push('new Date')
  }
}

const failures = []
let passed = 0
function check(name, body) {
  try {
    const before = forbidden.length
    const value = body()
    if (forbidden.length > before) throw new Error(`called: ${forbidden.slice(before)}`)
    passed++
    return value
  } catch (thrown) {
    failures.push({ name, problem: `${thrown?.stack ?? thrown}` })
    return undefined
  }
}

// Node's module loader may read the clock. The stack shows whether the package did.
forbidden.length = 0
const require = createRequire(import.meta.url)
const jotgate = check('the package loads', () => require('jotgate'))
const facade = check('jotgate/jose loads', () => require('jotgate/jose'))
const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'a' }
const rules = { algorithms: ['EdDSA'], issuer: 'https://issuer.example', audience: 'api' }
check('a key set is made', () => new jotgate.KeySet({ keys: [jwk] }))
check(
  'a remote key set is made',
  () => new jotgate.RemoteKeySet('https://issuer.example/jwks', { headers: { a: 'b' } }),
)
check('a verifier with a key is made', () => new jotgate.Verifier({ keys: jwk, ...rules }))
check('a verifier with a set is made', () => new jotgate.Verifier({ keys: { keys: [jwk] }, ...rules }))
check(
  'a verifier with a secret is made',
  () => new jotgate.Verifier({ ...rules, keys: new Uint8Array(32).fill(1), algorithms: ['HS256'] }),
)
const gate = check('a gate with a URL is made', () =>
  jotgate.createGate({ jwksUri: 'https://issuer.example/jwks', cookie: true, query: true, ...rules }),
)
check('a gate that knows its issuer alone is made', () => jotgate.createGate(rules))
check('a gate of several issuers is made', () => {
  const issuers = [{ issuer: 'https://a.example' }, { issuer: 'https://b.example', keys: jwk }]
  return jotgate.createGate({ issuers, algorithms: ['EdDSA', 'RS256'], audience: 'api', tokenCache: {} })
})
check('a remote key set is hydrated', () => {
  const [source, sentAt] = ['https://issuer.example/jwks', 1_790_000_000_000]
  const keys = new jotgate.RemoteKeySet(source)
  keys.hydrate({ source, jwks: { keys: [jwk] }, sentAt, arrivedAt: sentAt, cacheControl: '' })
  return jotgate.createGate({ keys, ...rules })
})
check('jotgate/decode loads', () => require('jotgate/decode'))
check('a guard for Hono is made', () => require('jotgate/hono').guard(gate, { scopes: ['a'] }))
check('a guard for Express is made', () => require('jotgate/express').guard(gate, { scopes: ['a'] }))
check('a hook for Fastify is made', () => require('jotgate/express').guardHook(gate, { scopes: ['a'] }))
check('a local set of jotgate/jose is made', () => facade.createLocalJWKSet({ keys: [jwk] }))
check('a remote set of jotgate/jose is made, with a cache', () => {
  const jwksCache = { jwks: { keys: [jwk] }, uat: 1_790_000_000_000 }
  return facade.createRemoteJWKSet(new URL('https://issuer.example/jwks'), { [facade.jwksCache]: jwksCache })
})
check('jotgate/inline loads, and makes a gate', () => require('jotgate/inline').createGate({ keys: jwk, ...rules }))
for (const restore of real) restore()
globalThis.Date = RealDate
process.exitCode = report({ passed, failures })

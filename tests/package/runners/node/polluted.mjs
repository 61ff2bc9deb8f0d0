/**
 * V1, V2: every identifier of the built package is set on `Object.prototype`, and some on `Array.prototype`. Nothing that
 * is refused without that may be accepted with it, whether verifiers and gates were made before or after.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checks, report } from '../report.mjs'
import { createGate, decodeProtectedHeader, KeySet, RemoteKeySet, Verifier } from 'jotgate'
import { dpop } from 'jotgate/dpop'
import { introspection } from 'jotgate/introspection'
import { statusLists } from 'jotgate/status'
import * as facade from 'jotgate/jose'
import { guard as expressGuard, guardHandler, guardHook } from 'jotgate/express'
import { guard as honoGuard } from 'jotgate/hono'
import { mtls } from 'jotgate/mtls'
import { Verifier as PartVerifier, tokenCache } from 'jotgate/verifier'

const load = (name) => import(pathToFileURL(join(process.env.TESTS, 'runners', name)))
const { accepted, identifiers, pollutions } = await load('node/pollution.mjs')
const { buildProofs, introspectionAnswers, statusAnswers } = await load('node/polluted_proofs.mjs')
const { check, outcome } = checks()
const issuer = 'https://issuer.example'
const audience = 'api'
const jwksUri = `${issuer}/jwks`
const evil = 'https://evil.example'

// Keys and tokens.

const now = Math.floor(Date.now() / 1000)
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const secret = Buffer.from('a secret that only the issuer and the API have, honestly')
function keyPair(kid) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA' } }
}
const own = keyPair('own')
const evils = keyPair('evil')
const CLAIMS = { iss: issuer, aud: audience, sub: 'user', iat: now - 10, exp: now + 600, scope: 'read' }
function signed(header, claims, signatureOf) {
  const text = `${part(header)}.${part({ ...CLAIMS, ...claims })}`
  return `${text}.${signatureOf(text).toString('base64url')}`
}
const hmac = (claims, header, key = secret) =>
  signed({ alg: 'HS256', ...header }, claims, (text) => createHmac('sha256', key).update(text).digest())
const eddsa = (claims, header, { privateKey, jwk } = own) =>
  signed({ alg: 'EdDSA', kid: jwk.kid, ...header }, claims, (text) => sign(null, Buffer.from(text), privateKey))
const [goodSecret, good] = [hmac(), eddsa()]
const stolen = eddsa({ sub: 'evil' }, {}, evils)
const stolenPlain = eddsa({ sub: 'evil' }, { kid: undefined }, evils)
const BAD_CLAIMS = {
  'expired': [{ exp: now - 60 }],
  'without exp': [{ exp: undefined }],
  'not valid yet': [{ nbf: now + 600 }],
  'too old': [{ iat: now - 7_200 }],
  'of another issuer': [{ iss: evil }],
  'without an issuer': [{ iss: undefined }],
  'for another audience': [{ aud: 'other' }],
  'without an audience': [{ aud: undefined }],
  'of another type': [{}, { typ: 'logout+jwt' }],
  'with an unknown crit': [{}, { crit: ['x'], x: 1 }],
}
const badSecret = Object.entries(BAD_CLAIMS).map(([name, made]) => [name, hmac(...made)])
badSecret.push(['under another secret', hmac({}, {}, Buffer.alloc(64, 1))], ['of another algorithm', good])
const rules = { issuer, audience, algorithms: ['HS256'], maxTokenAge: 3_600, typ: 'JWT' }
const goodTyped = hmac({}, { typ: 'JWT' })
for (const [index, [name]] of badSecret.entries()) {
  const made = BAD_CLAIMS[name]
  if (made !== undefined && made[1] === undefined) badSecret[index] = [name, hmac(made[0], { typ: 'JWT' })]
}

/** The rules as a class with getters. */
class Rules {
  #keys
  constructor(keys) {
    this.#keys = keys
  }
  get keys() {
    return this.#keys
  }
  get issuer() {
    return rules.issuer
  }
  get audience() {
    return rules.audience
  }
  get algorithms() {
    return rules.algorithms
  }
  get maxTokenAge() {
    return rules.maxTokenAge
  }
  get typ() {
    return rules.typ
  }
}
class OwnJwks {
  get keys() {
    return [own.jwk]
  }
}

// Answers to fetches are made while nothing is polluted.

const ANSWERS = {
  [jwksUri]: { keys: [own.jwk] },
  [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: jwksUri, introspection_endpoint: `${issuer}/introspect` },
  [`${evil}/jwks`]: { keys: [evils.jwk] },
  ...Object.fromEntries(introspectionAnswers(issuer, CLAIMS)),
  ...Object.fromEntries(statusAnswers(issuer, hmac)),
}
let prepared
function prepare() {
  prepared = Object.entries(ANSWERS).map(([url, body]) => {
    const isList = typeof body === 'string'
    const headers = { 'cache-control': 'max-age=60', ...(isList && { 'content-type': 'application/statuslist+jwt' }) }
    return [url, Array.from({ length: 24 }, () => new Response(isList ? body : JSON.stringify(body), { headers }))]
  })
}
const answer = async (url) => {
  const text = String(url)
  for (const [known, responses] of prepared) if (known === text && responses.length > 0) return responses.pop()
  throw new Error('unreachable')
}
globalThis.fetch = answer

// Node's streams, which decompress status lists, take a polluted name such as `resume` for a listener, and throw where no caller is. Then
// nothing is accepted. An error of the package's own code is thrown again.
process.on('uncaughtException', (thrown) => {
  if (!(thrown instanceof Error) || thrown.stack.includes('/jotgate/')) throw thrown
})

const bearer = (token) => ({
  method: 'GET',
  url: '/',
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
})
const realNow = Date.now
/** Calls `work` an hour later, by the clock that the package reads. */
function later(work) {
  Date.now = () => realNow() + 3_600_000
  try {
    return work()
  } finally {
    Date.now = realNow
  }
}
function pending() {
  let settle
  const promise = new Promise((resolve) => (settle = resolve))
  return { promise, settle }
}
const response = () => ({ statusCode: 200, setHeader() {}, end() {} })

/**
 * Makes verifiers and gates. The result is what must be refused – functions that return, or resolve to, `true` where
 * something is accepted – and what must pass while nothing is polluted.
 */
function build({ refusals = [], passes = [] } = {}) {
  const refuse = (name, call) => refusals.push({ name, call })
  const pass = (name, call) => passes.push({ name, call })
  /** What can't even be made accepts nothing. */
  const make = (work) => {
    try {
      work()
    } catch {}
  }
  const accepts = (verifier, token) => () => verifier.verifySync(token) !== undefined

  const forms = {
    'a literal': () => ({ ...rules, keys: secret }),
    'an instance': () => new Rules(secret),
    'defaults': () => Object.create({ ...rules, keys: secret }),
  }
  for (const [form, options] of Object.entries(forms)) {
    make(() => {
      const verifier = new Verifier(options())
      pass(`a Verifier from ${form}`, accepts(verifier, goodTyped))
      for (const [name, token] of badSecret) refuse(`a Verifier from ${form}: a token ${name}`, accepts(verifier, token))
      refuse(`verifyBatch from ${form}`, async () => {
        const results = await verifier.verifyBatch(badSecret.map(([, token]) => token))
        for (const result of results) if (Object.hasOwn(result, 'value') && result.status === 'fulfilled') return true
        return false
      })
    })
  }
  const publicRules = { issuer, audience, algorithms: ['EdDSA'] }
  const sets = { jwk: own.jwk, jwks: { keys: [own.jwk] }, class: new OwnJwks() }
  const made = Object.entries(sets).flatMap(([form, keys]) => [
    [form, () => new Verifier({ ...publicRules, keys })],
    [`${form}, without parts`, () => new PartVerifier({ ...publicRules, keys })],
    [`${form}, with a part`, () => new PartVerifier({ ...publicRules, keys, tokenCache: {}, use: [tokenCache()] })],
  ])
  for (const [form, makeVerifier] of made) {
    make(() => {
      const verifier = makeVerifier()
      pass(`a Verifier with ${form}`, accepts(verifier, good))
      refuse(`a Verifier with ${form}: an evil key`, accepts(verifier, stolen))
      refuse(`a Verifier with ${form}: an evil key without kid`, accepts(verifier, stolenPlain))
      refuse(`verifyBatch with ${form}`, async () => {
        const [result] = await verifier.verifyBatch([stolen])
        return result.status === 'fulfilled'
      })
    })
  }
  make(() => {
    const set = new KeySet('{}')
    refuse('a key set without keys', () => set.size > 0 && set.keys[0].kid === 'evil')
  })
  make(() => {
    const cached = new Verifier({ ...publicRules, keys: { keys: [own.jwk] }, tokenCache: {} })
    const endless = new Verifier({ ...publicRules, keys: own.jwk, tokenCache: {}, requireExp: false })
    const withoutEnd = eddsa({ exp: undefined })
    cached.verifySync(good)
    endless.verifySync(withoutEnd)
    pass('a cached token', accepts(cached, good))
    refuse('a cached token that expired', () => later(accepts(cached, good)))
    refuse('a cached token that expired, awaited', () => later(() => cached.verify(good)).then(() => true))
    refuse('a cached token that expired, in a batch', async () => {
      const [result] = await later(() => cached.verifyBatch([good]))
      return result.status === 'fulfilled'
    })
  })
  make(() => {
    const keys = new RemoteKeySet(jwksUri, { fetch: answer })
    const [sentAt, arrivedAt] = [realNow(), realNow()]
    keys.hydrate({ source: jwksUri, jwks: { keys: [own.jwk] }, sentAt, arrivedAt, cacheControl: '' })
    const verifier = new Verifier({ ...publicRules, keys })
    pass('a hydrated set', accepts(verifier, good))
    refuse('a hydrated set: an evil key', async () => (await verifier.verify(stolen)) && true)
  })
  make(() => {
    const keys = new RemoteKeySet(`${evil}/none`, { fetch: answer })
    keys.hydrate({ source: `${evil}/none`, sentAt: realNow(), arrivedAt: realNow(), cacheControl: '' })
    const verifier = new Verifier({ ...publicRules, keys })
    refuse('a hydrated set without keys', async () => (await verifier.verify(stolen)) && true)
  })

  const gates = {
    'with discovery': { ...publicRules },
    'with discovery and a fetch': { ...publicRules, fetch: answer },
    'with a URL': { ...publicRules, jwksUri },
    'of several issuers': {
      issuers: [{ issuer }, { issuer: 'https://second.example', keys: own.jwk }],
      ...{ algorithms: ['EdDSA'], audience },
    },
    'with keys': { ...publicRules, keys: { keys: [own.jwk] } },
    'from defaults': Object.create({ ...publicRules, keys: own.jwk }),
  }
  for (const [form, options] of Object.entries(gates)) {
    make(() => {
      const gate = createGate(options)
      const passed = async (request, needs) => (await gate.check(request, needs)).ok === true
      pass(`a gate ${form}`, () => passed(bearer(good)))
      refuse(`a gate ${form}: an evil key`, () => passed(bearer(stolen)))
      refuse(`a gate ${form}: an evil key without kid`, () => passed(bearer(stolenPlain)))
    })
  }
  make(() => {
    const settings = { issuer, audience, algorithms: ['HS256'], keys: secret }
    const gate = createGate({ ...settings, cookie: true, query: true, header: 'x-token' })
    const passed = (request, needs) => () => gate.checkSync(request, needs).ok === true
    const cookie = `__Host-access_token=${goodSecret}`
    pass('a gate for a secret', passed(bearer(goodSecret), { scopes: ['read'] }))
    refuse('a gate: nothing sent', passed(bearer()))
    refuse('a gate: nothing sent, of a server', passed({ ...bearer(), rawHeaders: ['host', 'api.example'] }))
    refuse('a gate: another type', passed(bearer(hmac({}, { typ: 'logout+jwt' }))))
    refuse('a gate: a bound token', passed(bearer(hmac({ cnf: { jkt: 'x' } }))))
    refuse('a gate: a scope that lacks', passed(bearer(goodSecret), { scopes: ['write'] }))
    refuse('a gate: any scope that lacks', passed(bearer(goodSecret), { anyScope: ['write'] }))
    refuse('a gate: a role that lacks', passed(bearer(goodSecret), { roles: ['admin'] }))
    refuse('a gate: a rule', passed(bearer(goodSecret), { authorize: () => false }))
    refuse('a gate: needs from defaults', passed(bearer(goodSecret), Object.create({ scopes: ['write'] })))
    refuse('a gate: a pre-flight', passed({ ...bearer(), method: 'OPTIONS' }))
    refuse('a gate: a cookie from another site', passed({ method: 'POST', url: '/', headers: { cookie } }))
    refuse('a gate: a cookie without a method', passed({ url: '/', headers: { cookie, 'sec-fetch-site': 'cross-site' } }))
    const optional = { optional: true }
    refuse('a gate: optional, with a token under another secret', passed(bearer(hmac({}, {}, Buffer.alloc(64, 1))), optional))
    refuse('a gate: optional, but only for this request', passed(bearer(), { optional: false }))
    refuse('a gate: a rule with an answer', passed(bearer(goodSecret), { authorize: () => ({}) }))
    const { audience: _, ...rest } = settings
    const described = createGate({ ...rest, resource: 'https://api.example/mcp', cors: [issuer] })
    refuse('a resource: another audience', () => described.checkSync(bearer(goodSecret)).ok === true)
    refuse('a resource: the audience of its origin', () => described.checkSync(bearer(hmac({ aud: 'https://api.example/' }))).ok === true)
    refuse('a resource: the document elsewhere', () => described.metadata({ ...bearer(), url: '/mcp' }) !== undefined)
    refuse('a resource: a page of another site', () => {
      const answer = described.cors({ headers: { origin: evil } }, { fields: [], setHeader(name) { this.fields.push(name) } })
      return answer.fields.includes('access-control-allow-origin')
    })
    const rights = createGate({ ...settings, implies: { write: ['list'] }, rolesFrom: ['realm', 'roles'], scopesFrom: ['scope'] })
    pass('rights: an implied scope', () => rights.checkSync(bearer(hmac({ scope: 'write' })), { scopes: ['list'] }).ok === true)
    refuse('rights: a scope that is not implied', () => rights.checkSync(bearer(goodSecret), { scopes: ['list'] }).ok === true)
    refuse('rights: a role at no path', () => rights.checkSync(bearer(hmac({ realm: {} })), { roles: ['admin'] }).ok === true)
    const clients = createGate({ ...settings, client: ['app'], clientFrom: ['cid'] })
    pass('clients: the one accepted', () => clients.checkSync(bearer(hmac({ cid: 'app' }))).ok === true)
    refuse('clients: none', () => clients.checkSync(bearer(goodSecret)).ok === true)
    refuse('clients: another', () => clients.checkSync(bearer(hmac({ client_id: 'evil', cid: 'app' }))).ok === true)
    const tenant = '0d1f3c5e-7a9b-4c2d-8e6f-0123456789ab'
    const template = 'https://login.example/{tenantid}/'
    const tenants = createGate({ ...settings, issuer: { template, tenants: [tenant] } })
    const iss = template.replace('{tenantid}', tenant)
    pass('tenants: the one accepted', () => tenants.checkSync(bearer(hmac({ iss, tid: tenant }))).ok === true)
    refuse('tenants: no tid', () => tenants.checkSync(bearer(hmac({ iss }))).ok === true)
    refuse('tenants: no iss', () => tenants.checkSync(bearer(hmac({ iss: undefined, tid: tenant }))).ok === true)
    refuse('tenants: another issuer', () => tenants.checkSync(bearer(hmac({ tid: tenant }))).ok === true)
    const strict = createGate({ ...settings, principal: () => undefined, preflight: true })
    refuse('a gate: no user', () => strict.checkSync(bearer(goodSecret)).ok === true)
    refuse('a gate: an incomplete pre-flight', () => strict.checkSync({ ...bearer(), method: 'OPTIONS' }).ok === true)
    let letIn = false
    expressGuard(gate, { scopes: ['write'] })
    const handler = guardHandler(strict, (_request, _response, auth) => (letIn ||= auth !== undefined))
    refuse('guardHandler: no user for a pre-flight', async () => {
      const headers = { 'origin': evil, 'access-control-request-method': 'GET' }
      await handler({ ...bearer(), method: 'OPTIONS', headers }, response())
      return letIn
    })
    const middleware = expressGuard(gate)
    refuse('express: nothing sent', () => {
      const { promise, settle } = pending()
      middleware(bearer(), { ...response(), end: () => settle(false) }, (error) => settle(error === undefined))
      return promise
    })
    refuse('hono: nothing sent', async () => {
      let on = false
      await honoGuard(gate)({ req: { raw: bearer() }, set() {} }, async () => void (on = true))
      return on
    })
    refuse('fastify: nothing sent', async () => {
      const reply = { code() {}, header() {}, send() {} }
      return (await guardHook(gate)(bearer(), reply)) === undefined
    })
  })

  const libraries = { createGate, dpop, introspection, mtls, statusLists }
  buildProofs({ settings: { issuer, audience, algorithms: ['HS256'], keys: secret }, issuer, hmac, answer, make, pass, refuse, ...libraries })

  const jose = (name, call) => refuse(`jotgate/jose: ${name}`, async () => (await call()) !== undefined)
  const verifies = (token, key, options) => facade.jwtVerify(token, key, options)
  const given = { issuer, audience, algorithms: ['HS256'], maxTokenAge: 3_600, typ: 'JWT', requiredClaims: ['exp'] }
  pass('jotgate/jose: jwtVerify', async () => (await verifies(goodTyped, secret, given)) !== undefined)
  for (const [name, token] of badSecret) jose(`a token ${name}`, () => verifies(token, secret, given))
  jose('options from defaults', () => verifies(badSecret[4][1], secret, Object.create(given)))
  jose('compactVerify', () => facade.compactVerify(hmac({}, {}, Buffer.alloc(64, 1)), secret))
  jose('EmbeddedJWK', () => verifies(stolen, facade.EmbeddedJWK))
  jose('a JWK', () => verifies(stolen, own.jwk))
  make(() => {
    const local = facade.createLocalJWKSet({ keys: [own.jwk] })
    pass('jotgate/jose: a local set', async () => (await verifies(good, local)) !== undefined)
    jose('a local set', () => verifies(stolen, local))
    jose('a local set, without kid', () => verifies(stolenPlain, local))
  })
  make(() => {
    const remote = facade.createRemoteJWKSet(new URL(jwksUri), { [facade.customFetch]: answer, [facade.jwksCache]: {} })
    pass('jotgate/jose: a remote set', async () => (await verifies(good, remote)) !== undefined)
    jose('a remote set', () => verifies(stolen, remote))
    jose('a remote set, without kid', () => verifies(stolenPlain, remote))
  })
  jose('importJWK', async () => verifies(stolen, await facade.importJWK({ kty: 'OKP', crv: 'Ed25519' }, 'EdDSA')))
  refuse('a header that is not there', () => decodeProtectedHeader({}).kid === 'evil')
  return { refusals, passes }
}

// What to set, and to what.

const names = identifiers(join(process.cwd(), 'node_modules', 'jotgate', 'dist'))
const [header, payload] = [{ alg: 'EdDSA', kid: 'evil', jwk: evils.jwk }, { ...CLAIMS, sub: 'evil' }]
const VALUES = {
  'an address': `${evil}/jwks`,
  'a token': good,
  'credentials': `Bearer ${goodSecret}`,
  'true': true,
  'a number': 1e12,
  'a list of keys': [evils.jwk],
  'a list of texts': ['authorization', `Bearer ${goodSecret}`],
  'a key, a set and a verdict': {
    ...{ ...evils.jwk, keys: [evils.jwk], ok: true, header, payload, claims: JSON.stringify(payload), keyIndex: 0 },
    ...{ status: 'fulfilled', value: {}, kind: 'token', token: good },
  },
}
/** Names whose values may be one of these texts. */
const OF_TOKENS = ['alg', 'kid', 'kty', 'issuer', 'iss', 'audience', 'typ', 'header']
const OF_REQUESTS = ['method', 'origin', 'sec-fetch-site', 'cookie', 'query']
const TEXTS = { ...['same-origin', 'GET', 'OPTIONS', 'EdDSA', 'evil', evil, 'access_token', 'oct'] }
const TO_JSON = {
  'a function for an object': () => ({}),
  'a function for a list': () => [],
  'a function for nothing': () => undefined,
  'a function for a set': () => ({ keys: [evils.jwk] }),
  'a function for a text': () => 'x',
}

const plain = async () => {
  prepare()
  const { refusals, passes } = build()
  return { wrong: await accepted(refusals), right: (await accepted(passes)).length, all: passes.length }
}
const before = await plain()
check('V1: without pollution what is bad is refused', before.wrong.length === 0, before.wrong)
check('V1: without pollution what is good passes', before.right === before.all, `${before.right} of ${before.all}`)

const { attemptAll, found, totals } = pollutions(build, prepare)
await attemptAll(Object.prototype, names, VALUES)
await attemptAll(Object.prototype, [...OF_TOKENS, ...OF_REQUESTS], TEXTS)
const OF_ARRAYS = ['0', '1', '', ...OF_TOKENS, 'key', 'keys', 'url', 'ok', 'token']
await attemptAll(Array.prototype, OF_ARRAYS, VALUES, ', of all arrays')
for (const prototype of [Object.prototype, Array.prototype]) await attemptAll(prototype, ['toJSON'], TO_JSON)
const seconds = Math.round(performance.now() / 1000)
console.log(`${totals.names} pollutions in ${totals.trials} trials, ${seconds} s; with these names something breaks:`)
console.log([...totals.broken].join(' '))

for (const [pollution, wrong] of found) check(`V2: with ${pollution} nothing else is accepted`, false, wrong.join(', '))
check('V2: no pollution makes anything else accepted', found.size === 0, `${found.size} do`)
const share = totals.passes / totals.wanted
check('V2: under pollution good tokens still pass', share > 0.9, `${(share * 100).toFixed(1)} %`)
process.exitCode = report(outcome)

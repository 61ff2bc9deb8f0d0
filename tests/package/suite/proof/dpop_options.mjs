/** The options of `dpop`, the URL of a request, and arbitrary input. */
import { misused, ok, refused, same } from '../harness.mjs'
import { base64url } from '../mint.mjs'
import { seeded } from '../random.mjs'
import { API, proofClient, proven, rules } from './proofs.mjs'

export function dpopOptionTests(context) {
  const { jotgate, dpop: { dpop, replayMemory }, test, world } = context
  const gateWith = (options, extra) => jotgate.createGate(rules(world, { proof: dpop(options), ...extra }))

  test('DPoP: wrong options are a TypeError that names the option', async () => {
    const wrong = {
      required: ['yes', undefined],
      replay: [{}, 'redis', null, { seen: true }],
      nonce: ['short', 7, new Uint8Array(31)],
      publicOrigin: ['api.example', 'https://api.example/', 'https://api.example/notes', 7],
      basePath: ['', '/', 'base', '/base/', '/a//b', '/base?x', '/base#x', 'https://api.example/base', 7, undefined],
      algorithms: [['HS256'], ['ES256', 'HS512'], [], 'ES256', ['none']],
      other: [1],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) await misused(() => dpop({ [name]: value }), name, String(value))
    }
    for (const proof of [{}, [], true, 'dpop', null, [dpop(), {}], [dpop(), dpop()]]) {
      await misused(() => jotgate.createGate(rules(world, { proof })), 'proof')
    }
    await misused(() => replayMemory({ maxEntries: 0 }), 'maxEntries')
    await misused(() => replayMemory({ maxEntries: 5, maxPerKey: 6 }), 'maxPerKey')
    ok(jotgate.createGate(rules(world, { proof: [dpop()] })))
  })

  test('DPoP: checkSync says that it cannot wait', async () => {
    const client = await proofClient(context)
    const token = await client.token()
    const proof = await client.proof(token)
    const late = { message: '`proof`, `principal` and `authorize` must not return a promise where `checkSync` is used' }
    await refused(() => gateWith().checkSync(proven(token, proof)), late)
    // What needs no proof is answered.
    same(gateWith().checkSync(proven('x', proof)).refusal, 'token_parts')
  })

  test('DPoP: the origin is publicOrigin, else that of the resource, else that of a standard Request', async () => {
    const client = await proofClient(context)
    const token = await client.token()
    const send = async (gate, htu, options, headers = {}) => {
      const { headers: own, ...request } = proven(token, await client.proof(token, { htu }), options)
      for (const [name, value] of Object.entries(headers)) own.set(name, value)
      const pass = await gate.check({ ...request, headers: own })
      return pass.ok ? 'passed' : pass.refusal
    }
    const internal = { url: 'http://10.0.0.7:3000/base/notes' }
    same(await send(gateWith(), 'http://10.0.0.7:3000/base/notes', internal), 'passed')
    const byResource = gateWith({}, { resource: 'https://api.example/base' })
    same(await send(byResource, 'https://api.example/base/notes', internal), 'passed')
    const byOption = gateWith({ publicOrigin: 'https://www.example' }, { resource: 'https://api.example/base' })
    const based = gateWith({ publicOrigin: 'https://www.example', basePath: '/v1/of' })
    same(await send(based, 'https://www.example/v1/of/base/notes', internal), 'passed')
    for (const path of ['/base/notes', '/v1/base/notes', '/v1/of/v1/of/base/notes']) same(await send(based, `https://www.example${path}`, internal), 'dpop_proof_url', path)
    // As behind a proxy: the path of the URL counts, and no header field.
    const forged = { 'host': 'evil.example', 'forwarded': 'host=evil.example;proto=https', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    same(await send(byOption, 'https://www.example/base/notes', internal, forged), 'passed')
    for (const htu of ['https://evil.example/base/notes', 'https://api.example/base/notes', 'http://10.0.0.7:3000/base/notes']) {
      same(await send(byOption, htu, internal, forged), 'dpop_proof_url', htu)
    }
  })

  test('DPoP: requests of Node need a configured origin; a mounted router and a prefix keep their path', async () => {
    const client = await proofClient(context)
    const token = await client.token()
    const node = async (htu, request) => {
      const dpopField = await client.proof(token, { htu })
      const headers = { authorization: `DPoP ${token}`, dpop: dpopField, host: 'evil.example' }
      return { method: 'GET', headers, rawHeaders: Object.entries(headers).flat(), ...request }
    }
    const gate = gateWith({ publicOrigin: 'https://api.example' })
    const mounted = await node('https://api.example/v1/notes', { url: '/notes?x=1', originalUrl: '/v1/notes?x=1' })
    ok((await gate.check(mounted)).ok)
    same((await gate.check(await node('https://api.example/notes', { url: '/notes', originalUrl: '/v1/notes' }))).refusal, 'dpop_proof_url')
    ok((await gate.check(await node('https://api.example/', { url: '' }))).ok)
    const unknown = gateWith()
    const noOrigin = { name: 'TypeError', message: 'the origin of the request is not known: set `publicOrigin` of `dpop`, or `resource` of the gate' }
    await refused(async () => unknown.check(await node(API, { url: '/notes' })), noOrigin)
    // The client writes an absolute URL into its request line.
    await refused(async () => unknown.check(await node('https://evil.example/notes', { url: 'https://evil.example/notes' })), noOrigin)
    await refused(async () => gate.check(await node(API, { url: '/notes', method: undefined })), { name: 'TypeError' })
    // Two header fields, as Node reports them.
    const twice = await node('https://api.example/notes', { url: '/notes' })
    twice.rawHeaders.push('DPoP', 'x')
    same((await gate.check(twice)).refusal, 'dpop_proof_repeated')
  })

  test('DPoP: arbitrary bytes in the header field and in every part of a proof are refused with a code', async () => {
    const gate = gateWith({ nonce: 'a secret that is long enough for an HMAC' })
    const client = await proofClient(context)
    const token = await client.token()
    const good = await client.proof(token)
    const random = seeded(23)
    const pick = (list) => list[random(list.length)]
    const bytes = (length) => Uint8Array.from({ length }, () => random(256))
    const text = (length) => String.fromCharCode(...Uint8Array.from({ length }, () => 33 + random(94)))
    const json = () => pick([null, true, 7, 'x', [], {}, { jwk: client.jwk, alg: 'ES256', typ: 'dpop+jwt' }, { kty: 'EC' }, text(20)])
    const parts = good.split('.')
    const makers = [
      () => text(1 + random(200)),
      () => parts.map((part) => (random(3) === 0 ? base64url(bytes(random(300))) : part)).join('.'),
      () => parts.map((part) => (random(2) === 0 ? part.slice(0, random(part.length)) : part)).join('.'),
      () => [base64url(JSON.stringify({ typ: 'dpop+jwt', alg: pick(['ES256', 'none', 7]), jwk: json(), x: json() })), parts[1], parts[2]].join('.'),
      () => [base64url(JSON.stringify(json())), base64url(JSON.stringify(json())), parts[2]].join('.'),
      () => [base64url('['.repeat(random(4_000))), parts[1], parts[2]].join('.'),
      () => 'A'.repeat(random(30_000)),
    ]
    const codes = new Set()
    for (let round = 0; round < 400; round++) {
      const proof = pick(makers)()
      if (proof === good) continue
      const denied = await gate.check(proven(token, proof))
      ok(!denied.ok && [401].includes(denied.status), proof)
      ok(denied.refusal.startsWith('dpop_'), denied.refusal)
      codes.add(denied.refusal)
    }
    ok(codes.size >= 5, [...codes].join())
    // Signed claims of any kind.
    for (let round = 0; round < 60; round++) {
      const names = ['htm', 'htu', 'iat', 'ath', 'nonce', 'jti']
      const claims = Object.fromEntries(names.filter(() => random(3) === 0).map((name) => [name, json()]))
      const denied = await gate.check(proven(token, await client.proof(token, claims)))
      ok(!denied.ok && denied.refusal.startsWith('dpop_'), JSON.stringify(claims))
    }
  })
}

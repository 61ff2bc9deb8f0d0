/** The snippets of `docs/gate.md` and `docs/observability.md`: each runs as it is shown, and does what the page says. */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import * as jose from 'jose'
import { createGate } from 'jotgate'

const { TESTS } = process.env
const load = (name) => import(pathToFileURL(join(TESTS, name)))
const [{ harness, ok, same }, { mint }, { report }, { snippetsOf }] = await Promise.all(
  ['suite/harness.mjs', 'suite/mint.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs'].map(load),
)
const docs = join(TESTS, '..', '..', 'docs')
const world = await mint(jose)
const now = Math.floor(Date.now() / 1000)
const token = (claims) => world.token('ES256', { iat: now, exp: now + 600, ...claims })
const good = await token({ aud: ['https://api.example', 'https://api.example/notes'], scope: 'notes:read' })
const ISSUER = 'https://issuer.example'
const options = { issuer: ISSUER, audience: 'https://api.example', algorithms: ['ES256'], jwksUri: `${ISSUER}/jwks` }
const { test, run } = harness()

// The issuer of the snippets. Nothing else can be reached.
const realFetch = globalThis.fetch
let down = false
globalThis.fetch = async (url, init) => {
  if (String(url).startsWith('http://127.0.0.1')) return realFetch(url, init)
  ok(String(url).startsWith(ISSUER), url)
  if (down) return new Response('', { status: 502 })
  return Response.json(String(url).includes('.well-known/o') ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } : world.jwks)
}

const run_ = new Map()
for (const page of ['gate', 'observability']) {
  const folder = join(process.cwd(), page)
  await mkdir(folder)
  for (const [name, code] of await snippetsOf(join(docs, `${page}.md`))) {
    const file = join(folder, name.replace(/\.js$/, '.mjs'))
    await writeFile(file, code)
    run_.set(`${page}/${name}`, () => import(pathToFileURL(file)))
  }
}
const used = new Set()
const snippet = (name) => (used.add(name), run_.get(name)())
const request = (headers = {}, url = 'https://api.example/notes') => new Request(url, { headers })
const bearer = { authorization: `Bearer ${good}` }

test('gate: the worker serves its metadata, pre-flights and answers that pages can read', async () => {
  const { default: worker } = await snippet('gate/worker.js')
  const document = await worker.fetch(request({}, 'https://api.example/.well-known/oauth-protected-resource/notes'))
  same((await document.json()).scopes_supported, ['notes:read', 'notes:write'])
  const origin = { origin: 'https://app.example' }
  const asked = { ...origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
  const preflight = await worker.fetch(new Request('https://api.example/notes', { method: 'OPTIONS', headers: asked }))
  same([preflight.status, preflight.headers.get('access-control-allow-headers')], [204, 'authorization'])
  const passed = await worker.fetch(request({ ...origin, ...bearer }))
  same([await passed.json(), passed.headers.get('access-control-allow-origin')], [{ hello: 'user-1' }, 'https://app.example'])
  same((await worker.fetch(request(origin))).status, 401)
})

test('gate: node:http and Fastify serve the metadata by their guards', async () => {
  const { server, app } = await snippet('gate/node.js')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await app.listen({ port: 0, host: '127.0.0.1' })
  for (const { port } of [server.address(), app.server.address()]) {
    const at = (path, headers) => realFetch(`http://127.0.0.1:${port}${path}`, { headers })
    same((await (await at('/.well-known/oauth-protected-resource/notes')).json()).resource, 'https://api.example/notes')
    const refused = await at('/notes')
    ok(refused.headers.get('www-authenticate').includes('resource_metadata="https://api.example/.well-known/'))
    same([refused.status, await (await at('/notes', bearer)).text()], [401, 'user-1'])
  }
  server.close()
  await app.close()
})

test('gate: the page greets strangers and users, and refuses bad tokens', async () => {
  const { page } = await snippet('gate/optional.js')
  const text = async (headers) => (await page(request(headers))).text()
  same([await text({}), await text(bearer)], ['Hello stranger', 'Hello user-1'])
  const refused = await page(request({ cookie: '__Host-access_token=x.y.z' }))
  same([refused.status, refused.headers.getSetCookie().length], [401, 1])
})

test('gate: keys from a function, a binding, with a renewed header, and as a pair', async () => {
  const { own, bound, renewed, pair } = await snippet('gate/keys.js')
  const passes = async (gate, sent = good) => (await gate.check(request({ authorization: `Bearer ${sent}` }))).claims?.sub
  same(await passes(own({ api: { getJwks: async () => world.jwks } })), 'user-1')
  const asked = []
  const AUTH = { fetch: (url, init) => (asked.push(String(url)), globalThis.fetch(url, init)) }
  same(await passes(bound({ AUTH })), 'user-1')
  same(asked.length, 2)
  let reads = 0
  same(await passes(renewed(async () => `token-${++reads}`)), 'user-1')
  ok(reads > 0, 'the header was not asked for')
  const both = pair(world.keys.HS256.secret, world.jwks)
  const hmac = await world.token('HS256', { iat: now, exp: now + 600, aud: 'https://api.example' })
  same([await passes(both), await passes(both, hmac)], ['user-1', 'user-1'])
})

test('gate: a payment needs a strong login of the last five minutes', async () => {
  const { pay } = await snippet('gate/step_up.js')
  const send = async (claims) => pay(request({ authorization: `Bearer ${await token({ aud: 'https://api.example', ...claims })}` }))
  same(await (await send({ acr: 'urn:example:code', auth_time: now - 200 })).text(), 'paid')
  for (const [claims, code] of [[{ acr: 'urn:example:code', auth_time: now - 400 }, 'login_too_old'], [{ acr: 'urn:example:code' }, 'login_too_old'], [{ auth_time: now }, 'login_too_weak']]) {
    const denied = await send(claims)
    same([denied.status, (await denied.json()).code], [401, code])
    ok(denied.headers.get('www-authenticate').includes('error="insufficient_user_authentication", acr_values="urn:example:security-key urn:example:code", max_age="300"'))
  }
})

test('gate: a refused upgrade is answered', async () => {
  const { guardUpgrades } = await snippet('gate/upgrade.js')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = []
  guardUpgrades(server, createGate(options), (_, socket, __, { claims }) => (accepted.push(claims.sub), socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  const upgrade = async (headers) => {
    const outgoing = send({ port: server.address().port, headers: { connection: 'upgrade', upgrade: 'websocket', ...headers } }).end()
    const [response] = await once(outgoing, 'response')
    response.resume()
    return response.statusCode
  }
  same([await upgrade({}), await upgrade(bearer), accepted], [401, 400, ['user-1']])
  server.close()
})

test('observability: one line of the log for each decision', async () => {
  const { gateWithLog } = await snippet('observability/logs.js')
  const lines = []
  const gate = gateWithLog(options, (line) => lines.push(line))
  await gate.check(request(bearer))
  await gate.check(request())
  same(lines.map(({ ms, ...line }) => [line, Number.isInteger(ms)]), [
    [{ level: 'info', status: 200, refusal: undefined, sub: 'user-1', path: '/notes' }, true],
    [{ level: 'warn', status: 401, refusal: 'credentials_absent', sub: undefined, path: '/notes' }, true],
  ])
})

test('observability: a failed fetch is logged with its address and status', async () => {
  const { gateWithKeyLog } = await snippet('observability/keys.js')
  const lines = []
  const gate = gateWithKeyLog(options, (line) => lines.push(line))
  down = true
  same((await gate.check(request(bearer))).status, 503)
  down = false
  same(lines, [{ level: 'error', url: `${ISSUER}/jwks`, status: 502, stale: false, code: 'key_set_status', cause: undefined }])
})

test('observability: counters', async () => {
  const { gateWithCounters } = await snippet('observability/counters.js')
  const { gate, metrics } = gateWithCounters(options)
  for (const headers of [bearer, bearer, {}]) await gate.check(request(headers))
  same(metrics().split('\n').sort(), [
    'gate_decisions_total{status="200",refusal=""} 2',
    'gate_decisions_total{status="401",refusal="credentials_absent"} 1',
    'gate_key_fetches_total{outcome="renewed"} 1',
  ])
})

test('observability: spans of the real OpenTelemetry', async () => {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  const { gateWithSpans } = await snippet('observability/tracing.js')
  const gate = gateWithSpans(options)
  await gate.check(request(bearer))
  await gate.check(request({ authorization: 'Bearer x.y.z' }))
  const spans = exporter.getFinishedSpans()
  same(spans.map(({ name, attributes, status }) => [name, attributes, status.code]), [
    ['gate.check', { 'gate.status': 200, 'gate.refusal': '', 'gate.issuer': ISSUER }, 0],
    ['gate.check', { 'gate.status': 401, 'gate.refusal': 'header_base64url', 'gate.issuer': '' }, 0],
  ])
})

test('every snippet was run, but for the types, which are compiled elsewhere', () => {
  same([...run_.keys()].filter((name) => !used.has(name)), ['gate/types.ts'])
})

process.exit(report(await run()))

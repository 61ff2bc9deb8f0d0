/** `jotgate/mcp` in Node: who may call which tool, hostile requests, and both versions of the MCP SDK's own gate. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createServer, request as send } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express from 'express'
import { createMcpHandler, McpServer, OAuthError, requireBearerAuth } from '@modelcontextprotocol/server'
import { InsufficientScopeError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth as expressBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { createGate } from 'jotgate'
import { authInfo, guardTools, tokenVerifier } from 'jotgate/mcp'
import { testIssuer } from 'jotgate/testing'

const { TESTS } = process.env
const load = (name) => import(pathToFileURL(join(TESTS, name)))
const [{ harness, misused, ok, same }, { report }, { snippetsOf }] = await Promise.all(
  ['suite/harness.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs'].map(load),
)
const { test, run } = harness()

const resource = 'https://mcp.example.com/mcp'
const issuer = await testIssuer({ issuer: 'https://issuer.example', audience: resource })
const options = { resource, issuer: issuer.issuer, algorithms: ['ES256'], fetch: issuer.fetch }
const gate = createGate(options)
const PUBLIC = ['initialize', 'tools/list', 'tools/call']
const toolScopes = { 'now': [], 'read-notes': ['notes:read'], 'move-note': ['notes:read', 'notes:write'] }
const guard = guardTools(gate, { toolScopes, publicMethods: PUBLIC })

const reader = await issuer.token({ sub: 'ada' }, { scope: 'notes:read' })
const writer = await issuer.token({ sub: 'ada', client_id: 'editor' }, { scope: 'notes:write notes:read' })
const call = (name, id = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } })
const method = (name) => ({ jsonrpc: '2.0', id: 1, method: name })

/** A request whose body is that text, or the JSON of that value. */
function post(body, { token, headers = {}, url = resource } = {}) {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const fields = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...headers }
  return new Request(url, { method: 'POST', headers: fields, body: text })
}
const bare = (method, headers = {}) => new Request(resource, { method, headers })

/** The decision of the guard: the status, and why. */
async function verdict(request, own = guard) {
  const found = await own.check(request)
  return found.ok ? [200, found.authInfo?.extra.claims.sub] : [found.status, found.refusal]
}

test('a public method and a public tool need no token, and what is sent all the same is checked', async () => {
  for (const body of [method('initialize'), method('tools/list'), call('now')]) {
    same(await verdict(post(body)), [200, undefined])
    same(await verdict(post(body, { token: reader })), [200, 'ada'])
    same(await verdict(post(body, { token: await issuer.bad.expired() })), [401, 'expired'])
    same(await verdict(post(body, { headers: { authorization: 'Bearer' } })), [400, 'credentials_missing'])
  }
})

test('a tool needs a token with all of its scopes, and the challenge names them, on 401 as well', async () => {
  for (const [token, status, error] of [
    [undefined, 401, undefined],
    [reader, 403, 'insufficient_scope'],
    [await issuer.token({}, { scope: 'notes:write' }), 403, 'insufficient_scope'],
  ]) {
    const denied = await guard.check(post(call('move-note'), { token }))
    same(denied.ok, false)
    const response = denied.response()
    same([denied.status, response.status], [status, status])
    const challenge = response.headers.get('www-authenticate')
    same(/error="([^"]*)"/.exec(challenge)?.[1], error)
    same(/scope="([^"]*)"/.exec(challenge)?.[1], 'notes:read notes:write', challenge)
    same(/resource_metadata="([^"]*)"/.exec(challenge)?.[1], 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp')
  }
  same(await verdict(post(call('move-note'), { token: writer })), [200, 'ada'])
  same(await verdict(post(call('read-notes'), { token: reader })), [200, 'ada'])
})

test('what is not listed needs a token: methods, tools, notifications, responses, GET, DELETE and others', async () => {
  const unlisted = [
    method('resources/list'),
    call('unknown'),
    { jsonrpc: '2.0', id: 1, method: 'tools/call' },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 5 } },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: [{ name: 'now' }] },
    { jsonrpc: '2.0', id: 1, method: 'Tools/Call', params: { name: 'now' } },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 1, result: {} },
    {},
    ...['constructor', 'toString', '__proto__', 'hasOwnProperty'].flatMap((name) => [call(name), method(name)]),
  ]
  for (const body of unlisted) {
    same(await verdict(post(body)), [401, 'credentials_absent'], JSON.stringify(body))
    same(await verdict(post(body, { token: reader })), [200, 'ada'], JSON.stringify(body))
  }
  for (const name of ['GET', 'DELETE', 'HEAD', 'PUT', 'PATCH', 'OPTIONS']) {
    same(await verdict(bare(name)), [401, 'credentials_absent'], name)
    same(await verdict(bare(name, { authorization: `Bearer ${reader}` })), [200, 'ada'], name)
  }
})

test('without `publicMethods` nothing is public, not even a tool without scopes', async () => {
  const closed = guardTools(gate, { toolScopes })
  for (const body of [method('initialize'), call('now')]) same(await verdict(post(body), closed), [401, 'credentials_absent'])
  same(await verdict(post(call('now'), { token: reader }), closed), [200, 'ada'])
})

test('a batch needs what its messages need together', async () => {
  same(await verdict(post([method('tools/list'), call('now')])), [200, undefined])
  same(await verdict(post([method('tools/list'), call('read-notes')])), [401, 'credentials_absent'])
  same(await verdict(post([call('now'), method('resources/list')])), [401, 'credentials_absent'])
  same(await verdict(post([call('read-notes'), call('move-note')], { token: reader })), [403, 'insufficient_scope'])
  same(await verdict(post([call('read-notes'), call('move-note')], { token: writer })), [200, 'ada'])
  for (const body of [[], [[]], [call('now'), 5], [call('now'), null]]) {
    same(await verdict(post(body, { token: writer })), [400, 'not_a_message'], JSON.stringify(body))
  }
})

test('the headers that repeat the body must agree with it, and never decide', async () => {
  const agrees = { 'mcp-method': 'tools/call', 'mcp-name': 'move-note' }
  same(await verdict(post(call('move-note'), { token: writer, headers: agrees })), [200, 'ada'])
  same(await verdict(post(call('move-note'), { token: writer, headers: { 'mcp-name': '=?base64?bW92ZS1ub3Rl?=' } })), [200, 'ada'])
  same(await verdict(post(method('tools/list'), { headers: { 'mcp-method': ' tools/list ' } })), [200, undefined])
  const lies = [
    { 'mcp-method': 'tools/list' },
    { 'mcp-name': 'now' },
    { ...agrees, 'mcp-name': 'now' },
    { ...agrees, 'mcp-method': 'Tools/call' },
    { ...agrees, 'mcp-method': 'tools/call, tools/call' },
    { ...agrees, 'mcp-name': '=?base64?bm93?=' },
    { ...agrees, 'mcp-name': '=?base64?bW92ZS1ub3Rl' },
    { ...agrees, 'mcp-name': '=?base64?bW92ZS1ub3R=?=' },
    { ...agrees, 'mcp-name': '=?base64?/w==?=' },
    { ...agrees, 'mcp-name': '' },
  ]
  for (const headers of lies) {
    const denied = await guard.check(post(call('move-note', 'seven'), { token: writer, headers }))
    same([denied.status, denied.refusal], [400, 'header_mismatch'], JSON.stringify(headers))
    const { error, id, jsonrpc } = await denied.response().json()
    same([error.code, error.data.code, id, jsonrpc], [-32020, 'header_mismatch', 'seven', '2.0'])
  }
  const nameless = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }
  same(await verdict(post(nameless, { token: writer, headers: { 'mcp-name': 'now' } })), [400, 'header_mismatch'])
  same(await verdict(post([call('now')], { headers: { 'mcp-method': 'tools/call' } })), [200, undefined])
  same(await verdict(post([call('now'), call('now')], { headers: { 'mcp-method': 'tools/call' } })), [400, 'header_mismatch'])
  same(await verdict(post({ jsonrpc: '2.0', id: 1, result: {} }, { token: reader, headers: { 'mcp-method': 'ping' } })), [400, 'header_mismatch'])
})

test('a duplicate member is refused, however it is written', async () => {
  const bodies = [
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"move-note"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now","name":"move-note"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now","n\\u0061me":"move-note"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now"} , "params" : {"name":"move-note"}}',
    '[{"method":"tools/list","method":"x"}]',
    '{"method":"tools/list","a":{"b":[{"c":1,"c":2}]}}',
    '{"method":"tools/list","__proto__":1,"__proto__":2}',
    '{"method":"tools/list","":1,"":2}',
  ]
  for (const body of bodies) same(await verdict(post(body, { token: writer })), [400, 'body_duplicate_member'], body)
  const fine = [
    '{"method":"tools/list","a":"method","b":["method","method"],"c":{"method":1}}',
    '{"method":"tools/list","a":"\\",\\"method\\":1","b":"\\\\"}',
    '{"method" : "tools/list", "a" : {"x":1}, "b" : {"x":1}, "c":[{"x":1},{"x":1}]}',
  ]
  for (const body of fine) same(await verdict(post(body)), [200, undefined], body)
})

test('whatever the body is, the answer is a coded refusal', async () => {
  const nested = (depth) => `{"method":"tools/list","a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const cases = [
    ['', 'body_not_json'],
    ['{', 'body_not_json'],
    ['{"method":"tools/list"}{}', 'body_not_json'],
    ["{'method':'tools/list'}", 'body_not_json'],
    ['\0', 'body_not_json'],
    [Uint8Array.of(0xff, 0xfe), 'body_not_utf8'],
    [new TextEncoder().encode('{"method":"tools/list"}').subarray(0, -1), 'body_not_json'],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), 'body_not_utf8'],
    ['5', 'not_a_message'],
    ['null', 'not_a_message'],
    ['"tools/list"', 'not_a_message'],
    ['{"method":5}', 'not_a_message'],
    ['{"method":null}', 'not_a_message'],
    ['{"method":["tools/list"]}', 'not_a_message'],
    [nested(128), 'body_too_deep'],
    [nested(100_000), 'body_too_deep'],
    ['['.repeat(100_000), 'body_not_json'],
  ]
  for (const [body, code] of cases) same(await verdict(post(body, { token: writer })), [400, code], String(body).slice(0, 60))
  same(await verdict(post(nested(127))), [200, undefined])
  same(await verdict(new Request(resource, { method: 'POST' })), [400, 'body_not_json'])
  // Chance: bytes, and a good body with one byte changed. Nothing throws, and what passes parses to something public.
  const good = new TextEncoder().encode(JSON.stringify(call('now')))
  for (let round = 0; round < 2_000; round++) {
    const body = good.slice()
    body[Math.floor(Math.random() * body.length)] = Math.floor(Math.random() * 256)
    const found = await guard.check(post(body))
    if (found.ok) ok(found.parsedBody.method === 'tools/call' ? found.parsedBody.params.name === 'now' : PUBLIC.includes(found.parsedBody.method))
    else ok([400, 401].includes(found.status), found.refusal)
  }
})

test('a body beyond the limit is 413, and no more of it is read', async () => {
  const small = guardTools(gate, { toolScopes, publicMethods: PUBLIC, maxBodyBytes: 100 })
  const padded = (bytes) => JSON.stringify(method('tools/list')).padEnd(bytes, ' ')
  same(await verdict(post(padded(100)), small), [200, undefined])
  same(await verdict(post(padded(101)), small), [413, 'body_too_large'])
  same(await verdict(post('é'.repeat(51)), small), [413, 'body_too_large'])
  let pulled = 0
  let cancelled = false
  const endless = new ReadableStream({
    pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(1000).fill(32))),
    cancel: () => void (cancelled = true),
  })
  const request = new Request(resource, { method: 'POST', body: endless, duplex: 'half' })
  same(await verdict(request, small), [413, 'body_too_large'])
  ok(pulled < 5 && cancelled, `${pulled} pieces were read`)
  // The default is that of the SDKs.
  same(await verdict(post(padded(4 << 20))), [200, undefined])
  same(await verdict(post(padded((4 << 20) + 1))), [413, 'body_too_large'])
})

test('a body that was read before is a mistake of the program', async () => {
  const request = post(call('now'))
  await request.text()
  same((await guard.check(request).catch((error) => error)).name, 'TypeError')
  const caught = []
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    await guard.check(request).catch((error) => caught.push(error.name))
    response.end()
  })
  await listening(server, (port) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }))
  same(caught, ['TypeError'])
})

test('a method in small letters does not get around the scopes', async () => {
  const { body } = new Response(JSON.stringify(call('move-note')))
  const headers = new Headers({ authorization: `Bearer ${reader}` })
  const lower = { method: 'post', url: resource, headers, body, bodyUsed: false }
  same(await verdict(lower), [403, 'insufficient_scope'])
})

test('a page of a foreign origin is refused, before its token is looked at', async () => {
  const page = (origin, own, token) => verdict(post(call('read-notes'), { token, headers: { origin } }), own)
  for (const origin of ['https://evil.example', 'null', 'https://mcp.example.com.evil.example', 'http://mcp.example.com', '']) {
    same(await page(origin, guard, reader), [403, 'origin_refused'], origin)
  }
  same(await page('https://mcp.example.com', guard, reader), [200, 'ada'])
  const listed = guardTools(gate, { toolScopes, origins: ['https://app.example'] })
  same(await page('https://app.example', listed, reader), [200, 'ada'])
  same(await page('https://mcp.example.com', listed, reader), [403, 'origin_refused'])
  const cors = (cors) => guardTools(createGate({ ...options, cors }), { toolScopes })
  same(await page('https://app.example', cors(['https://app.example']), reader), [200, 'ada'])
  same(await page('https://evil.example', cors(['https://app.example']), reader), [403, 'origin_refused'])
  same(await page('https://evil.example', cors(true), reader), [200, 'ada'])
  same(await page('https://evil.example', cors(true), undefined), [401, 'credentials_absent'])
})

test('with `hosts` other names of this server are refused, as after DNS rebinding', async () => {
  const local = guardTools(gate, { toolScopes, hosts: ['localhost', '127.0.0.1:3000'] })
  const named = (host) => verdict({ headers: { host, authorization: `Bearer ${reader}` }, method: 'GET', url: '/' }, local)
  for (const host of ['localhost', 'localhost:8080', 'LOCALHOST:1', '127.0.0.1:3000']) same(await named(host), [200, 'ada'], host)
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1', '127.0.0.1:3001', '', 'evil.example:3000']) {
    same(await named(host), [403, 'host_refused'], host)
  }
  same(await verdict(post(call('read-notes'), { token: reader, url: 'http://localhost:3000/' }), local), [200, 'ada'])
  same(await verdict(post(call('read-notes'), { token: reader }), local), [403, 'host_refused'])
})

test('it serves the metadata of the resource and pre-flights, and its own answers can be read by pages', async () => {
  const document = await guard.check(new Request('https://mcp.example.com/.well-known/oauth-protected-resource/mcp'))
  same([document.ok, document.status, document.refusal], [false, 200, undefined])
  same((await document.response().json()).resource, resource)
  const open = guardTools(createGate({ ...options, cors: ['https://app.example'] }), { toolScopes })
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,mcp-method' }
  const preflight = await open.check(bare('OPTIONS', { origin: 'https://app.example', ...asked }))
  same([preflight.status, preflight.refusal], [204, undefined])
  same(preflight.response().headers.get('access-control-allow-headers'), 'authorization, mcp-method')
  const broken = (await open.check(post('{', { headers: { origin: 'https://app.example' } }))).response()
  same([broken.status, broken.headers.get('access-control-allow-origin')], [400, 'https://app.example'])
})

test('the call carries what the handler of the SDK takes', async () => {
  const found = await guard.check(post(call('move-note'), { token: writer }))
  same(found.parsedBody, call('move-note'))
  const { authInfo: info, pass } = found
  same([info.token, info.clientId, info.scopes, info.resource.href], [writer, 'editor', ['notes:write', 'notes:read'], resource])
  same([info.expiresAt, info.extra.claims.sub, info.extra.header.alg], [pass.claims.exp, 'ada', 'ES256'])
  same(info.resourceMetadataUrl, 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp')
  const handler = createMcpHandler(({ authInfo }) => {
    const server = new McpServer({ name: 'test', version: '1.0.0' })
    server.registerTool('move-note', {}, () => ({ content: [{ type: 'text', text: authInfo.extra.claims.sub }] }))
    return server
  })
  const headers = { accept: 'application/json, text/event-stream' }
  const request = post(call('move-note'), { token: writer, headers })
  const response = await handler.fetch(request, await guard.check(request))
  same(response.status, 200)
  ok((await response.text()).includes('"ada"'))
})

test('a token is in no log and in no JSON of a call or a pass', async () => {
  const { inspect } = await import('node:util')
  const pass = await gate.check(post(call('now'), { token: writer }))
  same([JSON.stringify(pass).includes(writer), inspect(pass, { depth: 9 }).includes(writer)], [false, false])
  same(Object.keys({ ...pass }).sort(), ['anonymous', 'claims', 'header', 'ok', 'preflight', 'principal', 'scopes'])
  for (const value of [{}, { ok: true, claims: {} }, { ...pass }]) {
    same((await (async () => authInfo(value))().catch((error) => error)).name, 'TypeError')
  }
})

test('the client is `client_id`, else `azp`, else `sub`; the resource is the one audience', async () => {
  const plain = createGate({ issuer: issuer.issuer, audience: ['https://api.example/', 'other'], algorithms: ['ES256'], fetch: issuer.fetch })
  const info = async (claims, audience = 'other') =>
    authInfo(await plain.check({ headers: { authorization: `Bearer ${await issuer.token(claims, { audience })}` } }))
  same((await info({ client_id: 'a', azp: 'b' })).clientId, 'a')
  same((await info({ client_id: undefined, azp: 'b' })).clientId, 'b')
  same((await info({ client_id: 5, azp: undefined, sub: 'c' })).clientId, 'c')
  same((await info({ client_id: undefined, sub: undefined })).clientId, '')
  same((await info({}, 'https://api.example/')).resource.href, 'https://api.example/')
  same(['resource' in (await info({})), 'resource' in (await info({}, ['https://api.example/', 'x']))], [false, false])
})

test('Express: the middleware sets `body` and `auth`, and answers the rest; a parsed body is taken as it is', async () => {
  for (const before of [[], [express.json()]]) {
    const app = express()
    app.use('/mcp', ...before, guard.middleware, (request, response) => response.json([request.auth?.clientId ?? null, request.body]))
    await listening(createServer(app), async (port) => {
      const ask = async (init) => fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', ...init })
      const json = (body, token) => ({
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      })
      same(await (await ask(json(call('now')))).json(), [null, call('now')])
      same(await (await ask(json(call('move-note'), writer))).json(), ['editor', call('move-note')])
      const denied = await ask(json(call('move-note')))
      same([denied.status, denied.headers.get('www-authenticate').includes('scope="notes:read notes:write"')], [401, true])
      same((await ask({ method: 'GET' })).status, 401)
      if (before.length === 0) same((await ask({ body: '{' })).status, 400)
    })
  }
})

test('what a body parser left decides only if the server gets the same', async () => {
  const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"move-note"}}'
  const secret = JSON.stringify(call('move-note'))
  // Express 4 leaves `{}` where a parser does not know the type, and the stream can still be read.
  const asExpress4 = (request, _, next) => next(void (request.body = {}))
  const parsers = [
    [[], 'application/json', 'body_duplicate_member'],
    // The last member counts, for the guard as for the server.
    [[express.json()], 'application/json', 'credentials_absent'],
    [[express.text({ type: '*/*' })], 'text/plain', 'body_duplicate_member'],
    [[express.raw({ type: '*/*' })], 'text/plain', 'body_duplicate_member'],
    [[express.json()], 'text/plain', 'body_duplicate_member'],
    [[asExpress4], 'text/plain', 'body_duplicate_member'],
  ]
  const small = guardTools(gate, { toolScopes, publicMethods: PUBLIC, maxBodyBytes: 1_000 })
  for (const [before, type, code] of parsers) {
    const app = express()
    app.use('/mcp', ...before, small.middleware, (request, response) => response.json([request.auth?.clientId ?? null, request.body]))
    await listening(createServer(app), async (port) => {
      const ask = async (body, token) => {
        const headers = { 'content-type': type, ...(token && { authorization: `Bearer ${token}` }) }
        return fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', headers, body })
      }
      const about = `${before.length} ${type}`
      const refused = await (await ask(twice)).json()
      same(refused.code ?? refused.error?.data.code, code, about)
      same([(await ask(secret)).status, (await ask(secret, reader)).status], [401, 403], about)
      same(await (await ask(secret, writer)).json(), ['editor', call('move-note')], about)
      if (type === 'text/plain') same((await ask(' '.repeat(1_001))).status, 413, about)
    })
  }
})

test("Node's http: a body beyond the limit is answered 413, one that breaks off ends the request", async () => {
  const small = guardTools(gate, { toolScopes, publicMethods: PUBLIC, maxBodyBytes: 1_000 })
  const found = []
  const server = createServer(async (request, response) => {
    const call = await small.check(request)
    found.push(call.ok ? 'passed' : call.refusal)
    response.writeHead(call.ok ? 200 : call.status).end()
  })
  await listening(server, async (port) => {
    const request = send({ host: '127.0.0.1', port, method: 'POST' })
    request.on('error', () => {})
    request.end(Buffer.alloc(1_000_000, 32))
    const [response] = await once(request, 'response')
    same(response.statusCode, 413)
    response.resume()
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{')
    await new Promise((settle) => setTimeout(settle, 50))
    socket.destroy()
    while (found.length < 2) await new Promise((settle) => setTimeout(settle, 10))
    same(found, ['body_too_large', 'body_incomplete'])
  })
})

for (const [name, sdk] of [
  ['OAuthError of SDK 2', { OAuthError }],
  ['the classes of SDK 1', { InvalidTokenError, InsufficientScopeError }],
]) {
  test(`tokenVerifier throws ${name}`, async () => {
    const refused = (own, token) => tokenVerifier(own, sdk).verifyAccessToken(token).catch((error) => error)
    const verifier = tokenVerifier(gate, sdk)
    const info = await verifier.verifyAccessToken(writer)
    same([info.clientId, info.scopes, info.resource.href], ['editor', ['notes:write', 'notes:read'], resource])
    const code = (error) => error.code ?? error.errorCode
    for (const bad of ['', 'a b', 'a,b', 'é', undefined, await issuer.bad.expired(), await issuer.bad.none()]) {
      const error = await refused(gate, bad)
      ok(Object.values(sdk).some((kind) => error instanceof kind), String(error))
      same(code(error), 'invalid_token', String(bad))
    }
    const ruled = createGate({ ...options, authorize: () => false })
    same(code(await refused(ruled, writer)), 'insufficient_scope')
    const down = createGate({ ...options, fetch: () => Promise.reject(new Error('down')) })
    const error = await refused(down, writer)
    same([error.constructor === Error, error.message.includes(writer)], [true, false])
    await misused(() => tokenVerifier(gate, {}), 'errors')
    await misused(() => tokenVerifier(gate, { OAuthError: 'x' }), 'OAuthError')
  })
}

test('requireBearerAuth of SDK 2 takes it: 200, 401, 403, and 500 without keys', async () => {
  const guardOf = (gate) => requireBearerAuth({ verifier: tokenVerifier(gate, { OAuthError }), requiredScopes: ['notes:write'], expectedResource: resource })
  const ask = async (gate, token) => guardOf(gate)(post(call('now'), { token }))
  same((await ask(gate, writer)).clientId, 'editor')
  same((await ask(gate, await issuer.bad.wrongAudience())).status, 401)
  same((await ask(gate, reader)).status, 403)
  const error = console.error
  console.error = () => {}
  same((await ask(createGate({ ...options, fetch: () => Promise.reject(new Error('down')) }), writer)).status, 500)
  console.error = error
})

test('requireBearerAuth of SDK 1 takes it: 200, 401, 403, and 500 without keys', async () => {
  const errors = { InvalidTokenError, InsufficientScopeError }
  const ask = async (gate, token) => {
    const app = express()
    app.use(expressBearerAuth({ verifier: tokenVerifier(gate, errors), requiredScopes: ['notes:write'], expectedResource: new URL(resource) }))
    app.get('/', (request, response) => response.json(request.auth.clientId))
    let status
    await listening(createServer(app), async (port) => {
      ;({ status } = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } }))
    })
    return status
  }
  same(await ask(gate, writer), 200)
  same(await ask(gate, await issuer.bad.wrongAudience()), 401)
  same(await ask(gate, reader), 403)
  same(await ask(createGate({ ...options, fetch: () => Promise.reject(new Error('down')) }), writer), 500)
})

test('what is written to Object.prototype makes nothing public', async () => {
  const polluted = { method: 'tools/list', name: 'now', params: { name: 'now' }, optional: true, constructor: [], scopes: [] }
  for (const [name, value] of Object.entries(polluted)) {
    const before = Object.getOwnPropertyDescriptor(Object.prototype, name)
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    try {
      const own = guardTools(gate, { toolScopes, publicMethods: PUBLIC })
      for (const body of ['{}', '{"method":"resources/list"}', '{"method":"tools/call"}', '{"method":"tools/call","params":{}}']) {
        same(await verdict(post(body)), [401, 'credentials_absent'], `${name} ${body}`)
        same(await verdict(post(body), own), [401, 'credentials_absent'], `${name} ${body}`)
      }
    } finally {
      if (before === undefined) delete Object.prototype[name]
      else Object.defineProperty(Object.prototype, name, before)
    }
  }
})

test('misused options are named', async () => {
  const make = (more) => () => guardTools(gate, { toolScopes, ...more })
  await misused(() => guardTools(gate, {}), 'toolScopes')
  await misused(make({ toolScopes: [] }), 'toolScopes')
  await misused(make({ toolScopes: { now: 'notes:read' } }), 'toolScopes.now')
  await misused(make({ toolScopes: { now: [''] } }), 'toolScopes.now')
  await misused(make({ publicMethods: 'initialize' }), 'publicMethods')
  await misused(make({ origins: 'https://app.example' }), 'origins')
  await misused(make({ hosts: [] }), 'hosts')
  await misused(make({ maxBodyBytes: 0 }), 'maxBodyBytes')
  await misused(make({ publicTools: [] }), 'publicTools')
})

const snippets = await snippetsOf(join(dirname(dirname(TESTS)), 'docs', 'mcp.md'))

test('docs/mcp.md: every JavaScript of the page is a snippet that is run', () => {
  same([...snippets.keys()].sort(), ['express.js', 'hono.js', 'notes.js', 'verifier.js', 'worker.js'])
})

// The snippets find the issuer by the global `fetch`.
const realFetch = globalThis.fetch
globalThis.fetch = (url, init) => (new URL(url?.url ?? url).hostname === '127.0.0.1' ? realFetch(url, init) : issuer.fetch(url, init))
await writeFile('package.json', '{ "type": "module" }\n')
for (const [name, code] of snippets) await writeFile(name, code)
const snippet = (name) => import(pathToFileURL(join(process.cwd(), name)))

/** What a client sees of the snippets' server: anyone may list the tools, one tool needs a scope. */
async function serves(ask) {
  const accept = 'application/json, text/event-stream'
  const send = async (body, token) => {
    const headers = { accept, 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await ask('/mcp', { method: 'POST', headers, body: JSON.stringify(body) })
    return [response.status, await response.text(), response.headers.get('www-authenticate')]
  }
  const [status, tools] = await send({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  same([status, tools.includes('read-notes')], [200, true], tools)
  const [denied, , challenge] = await send(call('read-notes'))
  same([denied, /scope="([^"]*)"/.exec(challenge)[1]], [401, 'notes:read'])
  const place = new URL(/resource_metadata="([^"]*)"/.exec(challenge)[1])
  same((await (await ask(place.pathname)).json()).authorization_servers, ['https://issuer.example'])
  const [passed, notes] = await send(call('read-notes'), reader)
  same([passed, notes.includes('the notes of ada')], [200, true], notes)
  same((await send(call('read-notes'), await issuer.token({}, { scope: 'other' })))[0], 403)
}

test('docs/mcp.md: the worker', async () => {
  const { default: worker } = await snippet('worker.js')
  const ctx = { waitUntil() {} }
  await serves(async (path, init) => worker.fetch(new Request(`https://mcp.example.com${path}`, init), {}, ctx))
})

test('docs/mcp.md: Hono', async () => {
  const { default: app } = await snippet('hono.js')
  await serves(async (path, init) => app.fetch(new Request(`https://mcp.example.com${path}`, init)))
})

test('docs/mcp.md: Express', async () => {
  const { app } = await snippet('express.js')
  await listening(createServer(app), (port) => serves((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)))
})

test('docs/mcp.md: the verifier for the SDK', async () => {
  const { check } = await snippet('verifier.js')
  same((await check(post(call('now'), { token: reader }))).clientId, 'test-client')
  same((await check(post(call('now')))).status, 401)
})

async function listening(server, use) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(server.address().port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

process.exit(report(await run()))

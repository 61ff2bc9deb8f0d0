/** Calls a gate of another origin, and starts the core where it is forbidden. Sends the outcome to where the page came from. */
import { createGate, KeySet, ready, Verifier } from 'jotgate'
import { decodeJwt } from 'jotgate/decode'
import { inspect } from 'jotgate/inspect'
import { harness, ok, outcome, same } from '@tests/suite/harness.mjs'

// `trouble.js` reports every other violation of the policy.
globalThis.expectedViolation = /^(wasm-eval|eval|)$/
const { url, issuer, tokens } = await (await fetch('/about')).json()
const { test, run } = harness(60_000)
const EXPOSED = ['mcp-session-id', 'x-internal', 'www-authenticate', 'retry-after']

/** What the page can read of the answer. */
async function read(path, token, init = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...init.headers }
  const response = await fetch(`${url}${path}`, { ...init, headers })
  const body = await response.json()
  return { status: response.status, body, ...Object.fromEntries(EXPOSED.map((name) => [name, response.headers.get(name)])) }
}
const metadataUrl = `${url}/.well-known/oauth-protected-resource`

for (const path of ['/open', '/listed']) {
  test(`${path}: a 200 can be read, with the exposed fields and no other`, async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const found = await read(path, tokens.good, { method })
      same(found.body, { sub: 'ada', method })
      same([found.status, found['mcp-session-id'], found['x-internal'], found['www-authenticate']], [200, 's1', null, null])
    }
  })
  test(`${path}: a 401 and a 403 can be read, with the challenge`, async () => {
    const challenge = (rest) => `Bearer realm="api", resource_metadata="${metadataUrl}", ${rest}`
    const anonymous = await read(path)
    same([anonymous.status, anonymous.body.code], [401, 'credentials_absent'])
    same(anonymous['www-authenticate'], challenge('scope="notes:read"'))
    const expired = await read(path, tokens.expired)
    same([expired.status, expired.body.code], [401, 'expired'])
    same(expired['www-authenticate'], challenge('error="invalid_token", scope="notes:read", error_description="the token has expired"'))
    const weak = await read(path, tokens.weak)
    same([weak.status, weak.body.code], [403, 'insufficient_scope'])
    same(weak['www-authenticate'], challenge('error="insufficient_scope", scope="notes:read", error_description="the token lacks scopes"'))
    const malformed = await read(path, 'a b')
    same([malformed.status, malformed.body.code], [400, 'credentials_malformed'])
  })
}

test('a 503 can be read, with `Retry-After`', async () => {
  const found = await read('/down', tokens.good)
  same([found.status, found.body.code, found['retry-after'], found['www-authenticate']], [503, 'discovery_status', '7', null])
})

test('the metadata that the challenge names can be read', async () => {
  const response = await fetch(metadataUrl, { headers: { 'mcp-protocol-version': '2026-07-28' } })
  const { resource, authorization_servers: servers } = await response.json()
  same([response.status, resource, servers], [200, url, [issuer]])
})

test('a cookie is sent along only where `credentials` allows it, and changes nothing from here', async () => {
  document.cookie = `session=${tokens.good}; path=/`
  same((await read('/cookie', undefined, { credentials: 'include' })).body, { sub: 'ada', method: 'GET' })
  const changed = await read('/cookie', undefined, { credentials: 'include', method: 'POST' })
  same([changed.status, changed.body.code], [403, 'cross_site_request'])
  for (const path of ['/open', '/listed']) await unreadable(() => read(path, tokens.good, { credentials: 'include' }), path)
})

test('a page that `cors` does not name reads nothing, nor does it send other fields', async () => {
  for (const path of ['/others', '/without']) {
    await unreadable(() => read(path, tokens.good), path)
    await unreadable(() => fetch(`${url}${path}`), path)
  }
  await unreadable(() => read('/listed', tokens.good, { headers: { 'x-other': '1' } }), 'x-other')
})

test('a policy without wasm-unsafe-eval: an error of our own that names it, and claims can be read', async () => {
  const options = { issuer, audience: url, algorithms: ['ES256'] }
  const calls = {
    ready: () => ready(),
    Verifier: () => new Verifier({ ...options, keys: { keys: [] } }),
    createGate: () => createGate({ ...options, jwksUri: `${url}/jwks` }),
    KeySet: () => new KeySet({ keys: [] }),
    inspect: () => inspect(tokens.good),
  }
  for (const [name, call] of Object.entries(calls)) blocked((await outcome(call)).thrown, name)
  same(decodeJwt(tokens.good).sub, 'ada')
})

test('the same in a worker, which has the policy of its own answer', async () => {
  const worker = new Worker('/worker.js', { type: 'module' })
  const said = await new Promise((settle, reject) => {
    worker.onmessage = ({ data }) => settle(data)
    worker.onerror = (event) => reject(new Error(event.message))
  })
  worker.terminate()
  blocked(said, 'the worker')
})

function blocked(thrown, name) {
  ok(thrown?.code === 'ERR_WASM_BLOCKED', `${name}: ${thrown?.code ?? 'no code'} ${thrown?.message ?? 'no error'}`)
  for (const word of ["'wasm-unsafe-eval'", 'Content-Security-Policy', '`jotgate/decode`']) ok(thrown.message.includes(word), `${name}: ${word}`)
}

/** The browser gives the page an error without any fact. */
async function unreadable(call, about) {
  const { thrown, value } = await outcome(call)
  ok(thrown instanceof TypeError, `${about} can be read: ${JSON.stringify(value) ?? thrown?.stack}`)
}

await fetch('/outcome', { method: 'POST', body: JSON.stringify({ ...(await run()), agent: navigator.userAgent }) })

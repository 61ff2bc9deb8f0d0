/** `jotgate/testing` in Node: what its issuer makes, what it serves, and the snippets of `docs/testing.md`. */
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { statusLists } from 'jotgate/status'
import * as testing from 'jotgate/testing'

const { TESTS } = process.env
const load = (name) => import(pathToFileURL(join(TESTS, name)))
const [{ harness, misused, ok, same }, { ALGORITHMS }, { BAD_TOKEN_CODES }, { report }, { snippetsOf }] = await Promise.all(
  ['suite/harness.mjs', 'suite/mint.mjs', 'suite/gate/mcp_tools.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs'].map(load),
)
const { testIssuer } = testing
const { test, run } = harness()
const audience = 'api'
const bearing = (token) => ({ headers: { authorization: `Bearer ${token}` } })

/** A gate that knows the issuer by its name alone, and keeps no cool-down. */
const gateOf = ({ issuer, algorithm, fetch }, more = {}) =>
  createGate({ issuer, audience, algorithms: [algorithm], fetch, cooldownDuration: 0, ...more })

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: a good token passes, each bad one is refused for its own reason`, async () => {
    const issuer = await testIssuer({ algorithm, audience })
    const symmetric = algorithm.startsWith('HS')
    const gate = symmetric ? createGate({ issuer: issuer.issuer, audience, algorithms: [algorithm], keys: issuer.secret }) : gateOf(issuer)
    const pass = await gate.check(bearing(await issuer.token({ sub: 'ada' }, { scope: 'a b' })), { scopes: ['a', 'b'] })
    ok(pass.ok, pass.refusal)
    same([pass.claims.sub, pass.claims.iss, pass.header.typ], ['ada', issuer.issuer, 'at+jwt'])
    same(Object.keys(issuer.bad).sort(), Object.keys(BAD_TOKEN_CODES).sort())
    for (const [name, code] of Object.entries(BAD_TOKEN_CODES)) {
      const denied = await gate.check(bearing(await issuer.bad[name]()))
      // A secret has no `kid`, so that every token is tried with it.
      same(denied.refusal, symmetric && name === 'unknownKey' ? 'signature_mismatch' : code, name)
    }
    same([issuer.jwks.keys.length, issuer.secret?.length], symmetric ? [0, Number(algorithm.slice(2)) / 8] : [1, undefined])
    ok(issuer.jwks.keys.every((key) => ['d', 'k', 'p'].every((name) => !(name in key))), 'a private member is published')
  })
}

test('jose verifies its tokens, and claims and header members can be replaced and left out', async () => {
  const issuer = await testIssuer({ audience: ['api', 'other'] })
  const keys = jose.createLocalJWKSet(issuer.jwks)
  const read = async (...call) => jose.jwtVerify(await issuer.token(...call), keys)
  const { payload, protectedHeader } = await read()
  same(Object.keys(payload).sort(), ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sub'])
  same([payload.aud, payload.exp - payload.iat, Math.abs(payload.iat - Date.now() / 1000) < 5], [['api', 'other'], 300, true])
  same(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: 'test-key-1' })
  const other = await read(
    { sub: undefined, roles: ['admin'] },
    { expiresIn: '2 hours', scope: ['a', 'b'], audience: 'third', header: { typ: 'JWT', kid: undefined, x: 1 } },
  )
  same([other.payload.exp - other.payload.iat, other.payload.scope, other.payload.aud], [7200, 'a b', 'third'])
  same(['sub' in other.payload, other.payload.roles, other.protectedHeader], [false, ['admin'], { alg: 'ES256', typ: 'JWT', x: 1 }])
  ok(payload.jti !== other.payload.jti, 'two tokens have one jti')
  same('aud' in (await jose.decodeJwt(await (await testIssuer()).token())), false)
})

test('bad tokens take the arguments of good ones, and differ in one thing', async () => {
  const issuer = await testIssuer({ audience })
  for (const make of Object.values(issuer.bad)) {
    const token = await make({ role: 'x' }, { scope: 'a', header: { cty: 'y' } })
    same([jose.decodeJwt(token).role, jose.decodeJwt(token).scope, jose.decodeProtectedHeader(token).cty], ['x', 'a', 'y'])
  }
})

test('`currentDate` fixes the time, and without it the clock is read for each token', async () => {
  const currentDate = new Date('2020-01-01T00:00:00Z')
  const issuer = await testIssuer({ audience, currentDate })
  same(jose.decodeJwt(await issuer.token()).iat, currentDate.getTime() / 1000)
  const gate = gateOf(issuer, { currentDate })
  ok((await gate.check(bearing(await issuer.token()))).ok)
  same((await gate.check(bearing(await issuer.bad.expired()))).refusal, 'expired')
  same((await gateOf(issuer).check(bearing(await issuer.token()))).refusal, 'expired')
})

for (const name of ['https://issuer.example', 'https://issuer.example/', 'https://issuer.example/tenants/one', 'http://localhost:8080/a/']) {
  test(`discovery finds the keys of ${name} in process`, async () => {
    const issuer = await testIssuer({ issuer: name, audience })
    // Detached, as the option `fetch` is.
    const asked = []
    const { fetch } = issuer
    const gate = gateOf({ ...issuer, fetch: (url, init) => (asked.push(url), fetch(url, init)) })
    ok((await gate.check(bearing(await issuer.token()))).ok)
    same([asked.length, asked.at(-1)], [2, issuer.jwksUri])
    const server = await jose.jwtVerify(
      await issuer.token(),
      jose.createRemoteJWKSet(new URL(issuer.jwksUri), { [jose.customFetch]: fetch }),
      { issuer: name, audience },
    )
    same(server.payload.iss, name)
  })
}

test('`fetch` serves both documents and nothing else, and in place of `globalThis.fetch`', async () => {
  const issuer = await testIssuer({ issuer: 'https://issuer.example/one' })
  for (const path of [
    '/one/.well-known/openid-configuration',
    '/.well-known/openid-configuration/one',
    '/.well-known/oauth-authorization-server/one',
  ]) {
    const response = await issuer.fetch(new Request(`https://issuer.example${path}`))
    same([response.status, response.headers.get('content-type')], [200, 'application/json'])
    same((await response.json()).issuer, issuer.issuer)
  }
  same((await issuer.fetch(new URL('https://issuer.example/one/token'))).status, 404)
  same((await issuer.fetch('https://other.example/').catch((error) => error)).name, 'TypeError')
  same((await issuer.fetch(issuer.jwksUri, { signal: AbortSignal.abort() }).catch((error) => error)).name, 'AbortError')
  const real = globalThis.fetch
  globalThis.fetch = issuer.fetch
  try {
    const gate = createGate({ issuer: issuer.issuer, audience, algorithms: ['ES256'] })
    same((await gate.check(bearing(await issuer.token({}, { audience })))).claims.sub, 'test-user')
  } finally {
    globalThis.fetch = real
  }
})

test('after `rotate` the new key signs, and tokens of the old one still pass', async () => {
  const issuer = await testIssuer({ audience })
  const gate = gateOf(issuer)
  const before = await issuer.token()
  ok((await gate.check(bearing(before))).ok)
  await issuer.rotate()
  const after = await issuer.token()
  same([before, after].map((token) => jose.decodeProtectedHeader(token).kid), ['test-key-1', 'test-key-2'])
  ok((await gate.check(bearing(after))).ok)
  ok((await gate.check(bearing(before))).ok)
  same(issuer.jwks.keys.map(({ kid }) => kid), ['test-key-2', 'test-key-1'])
})

test('a token passes or is refused by the status that the issuer sets, a second later or at a new gate', async () => {
  for (const algorithm of ['ES256', 'HS256']) {
    const issuer = await testIssuer({ audience, algorithm })
    const keys = issuer.secret ?? issuer.jwks
    const make = () => createGate({ issuer: issuer.issuer, audience, algorithms: [algorithm], keys, status: statusLists({ fetch: issuer.fetch, timeoutDuration: 60_000 }) })
    const gate = make()
    const word = async (gate, index) => (await gate.check(bearing(await issuer.token({ status: issuer.statusAt(index) })))).refusal ?? 'passed'
    same([await word(gate, 7), await word(gate, 1_024)], ['passed', 'status_index'])
    issuer.setStatus(7, 1)
    issuer.setStatus(1_024, 2)
    const fresh = make()
    same([await word(fresh, 7), await word(fresh, 1_024), await word(fresh, 8)], ['status_invalid', 'status_suspended', 'passed'])
    const { now } = Date
    Date.now = () => now() + 2_000
    try {
      // The first request may only begin the refresh.
      await word(gate, 7)
      await new Promise((done) => setTimeout(done, 50))
      same(await word(gate, 7), 'status_invalid')
    } finally {
      Date.now = now
    }
    issuer.setStatus(7, 0)
    same(await word(make(), 7), 'passed')
    for (const index of [-1, 0.5, 100_000, '7']) {
      await misused(() => issuer.statusAt(index), 'index')
      await misused(() => issuer.setStatus(index, 1), 'index')
    }
    await misused(() => issuer.setStatus(1, 256), 'status')
  }
})

test('what is given out does not reach the issuer', async () => {
  const issuer = await testIssuer()
  issuer.jwks.keys[0].kid = 'changed'
  issuer.jwks.keys.pop()
  same(issuer.jwks.keys[0].kid, 'test-key-1')
  const { secret } = await testIssuer({ algorithm: 'HS256' })
  same(secret.length, 32)
})

test('two issuers have two keys', async () => {
  const [one, two] = await Promise.all([testIssuer({ audience }), testIssuer({ audience })])
  same((await gateOf(one).check(bearing(await two.token()))).refusal, 'signature_mismatch')
})

test('misused options are named', async () => {
  await misused(() => testIssuer({ issuer: 'issuer' }), 'issuer')
  await misused(() => testIssuer({ issuer: 'https://issuer.example/?a' }), 'issuer')
  await misused(() => testIssuer({ algorithm: 'es256' }), 'algorithm')
  await misused(() => testIssuer({ algorithm: 'toString' }), 'algorithm')
  await misused(() => testIssuer({ audience: [] }), 'audience')
  await misused(() => testIssuer({ currentDate: 5 }), 'currentDate')
  await misused(() => testIssuer({ algorithms: ['ES256'] }), 'algorithms')
  const issuer = await testIssuer()
  for (const make of [issuer.token, ...Object.values(issuer.bad)]) {
    await misused(() => make({}, { expiresIn: -1 }), 'expiresIn')
    await misused(() => make({}, { scope: 5 }), 'scope')
    await misused(() => make({}, { header: [] }), 'header')
    await misused(() => make({}, { aud: 'api' }), 'aud')
  }
})

test('without WebCrypto, or without the algorithm, the error says so', async () => {
  const { generateKey } = crypto.subtle
  crypto.subtle.generateKey = async () => {
    throw new DOMException('no', 'NotSupportedError')
  }
  try {
    const error = await testIssuer({ algorithm: 'ES512' }).catch((thrown) => thrown)
    same([error.message.includes('ES512'), error.cause.name], [true, 'NotSupportedError'])
  } finally {
    crypto.subtle.generateKey = generateKey
  }
})

const snippets = await snippetsOf(join(dirname(dirname(TESTS)), 'docs', 'testing.md'))

test('docs/testing.md: every JavaScript of the page is a snippet that is run', () => {
  same([...snippets.keys()].sort(), ['api.jest.cjs', 'api.js', 'api.test.js', 'api.vitest.js', 'tokens.js'])
})

test('docs/testing.md: its tests pass under `node --test`', async () => {
  await writeFile('package.json', '{ "type": "module" }\n')
  for (const name of ['api.js', 'api.test.js']) await writeFile(name, snippets.get(name))
  // Not as a part of another run of `node --test`, which would hide its report.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', 'api.test.js'], { encoding: 'utf8', env })
  ok(status === 0 && /^# pass 10$/m.test(stdout), stdout + stderr)
})

test('docs/testing.md: the tokens are what the page says', async () => {
  await writeFile('tokens.mjs', snippets.get('tokens.js'))
  const { tokens } = await import(pathToFileURL(join(process.cwd(), 'tokens.mjs')))
  const [scoped, admin, bare] = tokens.map((token) => [jose.decodeProtectedHeader(token), jose.decodeJwt(token)])
  same([scoped[0].alg, scoped[1].scope, scoped[1].aud], ['EdDSA', 'notes:read notes:write', 'api'])
  same([admin[1].roles, admin[1].exp - admin[1].iat], [['admin'], 7200])
  same([bare[0], 'sub' in bare[1]], [{ alg: 'EdDSA', typ: 'JWT' }, false])
})

test('docs/testing.md: the table lists every member and the code of each bad token', async () => {
  const page = await readFile(join(dirname(dirname(TESTS)), 'docs', 'testing.md'), 'utf8')
  for (const [name, code] of Object.entries(BAD_TOKEN_CODES)) {
    ok(new RegExp(`^\\| \`bad\\.${name}\\(\\)\` \\|[^|]*\`${code}\``, 'm').test(page), name)
  }
  for (const name of Object.keys(await testIssuer())) {
    if (!['issuer', 'algorithm', 'bad'].includes(name)) ok(new RegExp(`^\\|[^|]*\`${name}\\b`, 'm').test(page), name)
  }
})

process.exit(report(await run()))

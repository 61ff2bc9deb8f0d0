/**
 * `jotgate/login` in Node, against a real `oidc-provider`: what needs no browser. Node has `fetch`, WebCrypto and channels;
 * the address bar and `sessionStorage` are the few lines below.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createGate } from 'jotgate'
import { createLogin, LoginError } from 'jotgate/login'

const { TESTS } = process.env
const load = (name) => import(pathToFileURL(`${TESTS}/${name}`))
const [{ harness, ok, same }, { API, CLIENT, startProvider }, { report }] = await Promise.all(
  ['suite/harness.mjs', 'runners/oidc_provider.mjs', 'runners/report.mjs'].map(load),
)

const APP = 'https://app.example'
const CALLBACK = `${APP}/callback`
const { test, run } = harness(30_000)

/** A page: where it is, where it went, and its session storage. */
const page = { went: undefined }
function openPage(href) {
  const entries = new Map()
  const methods = {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  }
  // `Object.keys` of a storage are its entries.
  globalThis.sessionStorage = new Proxy(methods, {
    get: (_, key) => methods[key] ?? entries.get(key),
    ownKeys: () => [...entries.keys()],
    getOwnPropertyDescriptor: (_, key) => ({ value: entries.get(key), enumerable: true, configurable: true }),
  })
  page.went = undefined
  const to = (href) => {
    globalThis.location = Object.assign(new URL(href), { assign: (url) => void (page.went = new URL(url)) })
  }
  globalThis.history = { state: null, replaceState: (_, __, url) => to(String(url)) }
  page.to = to
  to(href)
}

const provider = await startProvider([CALLBACK])
const { issuer } = provider
const options = { issuer, clientId: CLIENT, redirectUri: CALLBACK, scopes: ['openid', 'profile', 'items:read'], resource: API }

/** Follows the issuer's redirects and fills in its forms, as a browser with one cookie jar; the redirect back. */
async function signIn(url) {
  const jar = new Map()
  let request = { url: String(url) }
  for (let step = 0; step < 20; step++) {
    const { url, body } = request
    if (url.startsWith(CALLBACK)) return url
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie }, ...(body && { method: 'POST', body }) })
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    if (location !== null) {
      request = { url: new URL(location, url).href }
      continue
    }
    const html = await response.text()
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(html) ?? []
    if (action === undefined) throw new Error(`no form at ${url}: ${html}`)
    const prompt = /name="prompt" value="(\w+)"/.exec(html)[1]
    const form = prompt === 'login' ? { prompt, login: 'ada', password: 'any' } : { prompt }
    request = { url: new URL(action, url).href, body: new URLSearchParams(form) }
  }
  throw new Error('the issuer never redirected back')
}

/** The code of what a call throws. */
async function code(work) {
  try {
    await work()
  } catch (thrown) {
    if (!(thrown instanceof LoginError)) return `${thrown.name}: ${thrown.message}`
    ok(thrown.message.length > 20 && !/[\w-]{30}/.test(thrown.message), thrown.message)
    return thrown.claim === undefined ? thrown.code : `${thrown.code} ${thrown.claim}`
  }
  return 'nothing'
}

/** An issuer that answers what a test wants it to, for what no real one does. */
async function strangeIssuer() {
  const answers = {}
  const server = createServer(({ url }, response) => {
    const answer = answers[new URL(url, 'http://issuer').pathname]
    if (answer === undefined) return response.writeHead(404).end()
    const { status = 200, json } = typeof answer === 'function' ? answer() : { json: answer }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${server.address().port}`
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ['S256'],
  }
  answers['/.well-known/openid-configuration'] = metadata
  return { issuer, answers, metadata, stop: () => (server.closeAllConnections(), server.close()) }
}

test('a login at the real issuer: PKCE, state and nonce leave, tokens come back', async () => {
  openPage(`${APP}/items/7?tab=2#top`)
  const changes = []
  const login = createLogin({ ...options, onChange: (change) => changes.push(change) })
  same(await login.tokens(), undefined)
  await login.start({ parameters: { login_hint: 'ada' } })
  const sent = Object.fromEntries(page.went.searchParams)
  same([sent.response_type, sent.code_challenge_method, sent.scope, sent.resource, sent.login_hint], ['code', 'S256', options.scopes.join(' '), API, 'ada'])
  for (const name of ['state', 'nonce', 'code_challenge']) ok(/^[\w-]{43}$/.test(sent[name]), name)
  page.to(await signIn(page.went))
  const [first, second] = await Promise.all([login.finish(), login.finish()])
  same(second, first)
  same([location.href, first.returnTo, first.claims.sub], [CALLBACK, `${APP}/items/7?tab=2#top`, 'ada'])
  same(Object.keys(sessionStorage), [])
  const { returnTo, ...tokens } = first
  same([await login.tokens(), changes], [tokens, [{ reason: 'login', tokens }]])
  const renewed = await login.tokens({ rejected: first.accessToken })
  ok(renewed.accessToken !== first.accessToken && renewed.claims.sub === 'ada')
  same(await login.tokens({ rejected: first.accessToken }), renewed, 'what was rejected is replaced already')
  await login.logout({ returnTo: '/' })
  same(await login.tokens(), undefined)
  same(page.went.searchParams.get('post_logout_redirect_uri'), `${APP}/`)
  same(changes.map(({ reason }) => reason), ['login', 'renewal', 'logout'])
  same(await code(() => login.finish()), 'state_unknown', 'a finished login does not outlive the logout')
})

test('a code is good for one login: a second exchange is token_refused', async () => {
  openPage(`${APP}/`)
  const login = createLogin(options)
  await login.start()
  const entries = Object.keys(sessionStorage).map((key) => [key, sessionStorage.getItem(key)])
  const back = await signIn(page.went)
  await login.finish(back)
  await login.logout()
  for (const [key, value] of entries) sessionStorage.setItem(key, value)
  const error = await login.finish(back).catch((thrown) => thrown)
  same([error.code, error.issuerError], ['token_refused', 'invalid_grant'])
  await error.start()
  same(page.went.pathname, '/auth')
})

test('a pending login ends after an hour, and another login of the page does not finish it', async () => {
  openPage(`${APP}/`)
  const login = createLogin(options)
  await login.start()
  const state = page.went.searchParams.get('state')
  const other = createLogin({ ...options, clientId: 'other' })
  same(await code(() => other.finish(`${CALLBACK}?code=a&state=${state}`)), 'state_unknown')
  const [key] = Object.keys(sessionStorage)
  const pending = JSON.parse(sessionStorage.getItem(key))
  sessionStorage.setItem(key, JSON.stringify({ ...pending, startedAt: pending.startedAt - 3_600_001 }))
  same(await code(() => login.finish(`${CALLBACK}?code=a&state=${state}`)), 'state_unknown')
  // Old ones and rubbish of their own kind are removed with the next start.
  sessionStorage.setItem(key, JSON.stringify({ ...pending, startedAt: 0 }))
  sessionStorage.setItem(`${key}x`, '{')
  sessionStorage.setItem('theirs', '{')
  await login.start()
  same(Object.keys(sessionStorage).length, 2)
})

test('returnTo and redirectUri have to be of the origin of the page', async () => {
  openPage(`${APP}/a/b`)
  const login = createLogin(options)
  for (const returnTo of ['https://evil.example/', '//evil.example', 'javascript:alert(1)', `blob:${APP}/1`, 'https://app.example.evil/', 'https://u@app.example/', 'http://app.example/', '\\\\evil.example']) {
    same(await code(() => login.start({ returnTo })), 'TypeError: `returnTo` must have the origin of this page', returnTo)
  }
  const elsewhere = createLogin({ ...options, redirectUri: 'https://other.example/callback' })
  same(await code(() => elsewhere.start()), 'TypeError: `redirectUri` must have the origin of this page')
  for (const name of ['state', 'resource', 'code_challenge', 'nonce']) {
    same(await code(() => login.start({ parameters: { [name]: 'a' } })), `TypeError: \`parameters\` must not contain \`${name}\``)
  }
  const returned = async (from, options) => {
    page.to(from)
    await login.start(options)
    return JSON.parse(sessionStorage.getItem(Object.keys(sessionStorage).at(-1))).returnTo
  }
  // A path that begins with two slashes stays a whole address, as by itself it would name another host.
  same(await returned(`${APP}/a/b`, { returnTo: `${APP}//evil.example` }), `${APP}//evil.example`)
  same(await returned(`${APP}/a/b`, { returnTo: 'c?d' }), `${APP}/a/c?d`)
  same(await returned(CALLBACK), `${APP}/`)
})

test('options that are wrong are a TypeError that names them, at construction', async () => {
  const cases = [
    [{ issuer: 'http://issuer.example' }, 'issuer'],
    [{ issuer: 'issuer.example' }, 'issuer'],
    [{ issuer: 'https://issuer.example/#a' }, 'issuer'],
    [{ issuer: undefined }, 'issuer'],
    [{ clientId: '' }, 'clientId'],
    [{ redirectUri: '/callback' }, 'redirectUri'],
    [{ redirectUri: 'http://app.example/' }, 'redirectUri'],
    [{ scopes: [] }, 'scopes'],
    [{ scopes: 'openid' }, 'scopes'],
    [{ resource: undefined }, 'resource'],
    [{ storage: 'local' }, 'storage'],
    [{ onChange: 'a' }, 'onChange'],
    [{ clientSecret: 'a' }, 'clientSecret'],
  ]
  for (const [change, name] of cases) {
    ok((await code(() => createLogin({ ...options, ...change }))).startsWith(`TypeError: \`${name}\` `), name)
  }
  for (const issuer of ['http://localhost:1', 'http://127.9.0.1', 'http://[::1]:80/a', 'https://issuer.example/a/']) {
    createLogin({ ...options, issuer })
  }
})

/** Does `work` while all objects inherit these members. */
async function inheriting(members, work) {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(Object.prototype, name, { __proto__: null, value, configurable: true, writable: true })
  }
  try {
    return await work()
  } finally {
    for (const name of Object.keys(members)) delete Object.prototype[name]
  }
}

test('what all objects inherit is no option', async () => {
  openPage(`${APP}/here`)
  const { issuer, clientId, redirectUri } = options
  const inherited = { scopes: ['evil'], resource: 'https://evil.example', storage: 'nowhere', onChange: 7 }
  const login = await inheriting(inherited, () => createLogin({ issuer, clientId, redirectUri }))
  const returnTo = `${APP}/inherited`
  await inheriting({ returnTo, parameters: { evil: 'yes' } }, () => login.start())
  const sent = page.went.searchParams
  same([sent.get('scope'), sent.get('resource'), sent.get('evil')], ['openid', null, null])
  same(JSON.parse(sessionStorage.getItem(Object.keys(sessionStorage)[0])).returnTo, `${APP}/here`)
  const required = { issuer, clientId, redirectUri }
  for (const name of Object.keys(required)) {
    const { [name]: value, ...others } = required
    const found = await inheriting({ [name]: value }, () => code(() => createLogin(others)))
    ok(found.startsWith(`TypeError: \`${name}\` `), found)
  }
})

test('creating a login needs nothing of a page, so a server can do it', async () => {
  const { sessionStorage, location, history } = globalThis
  delete globalThis.sessionStorage
  delete globalThis.location
  delete globalThis.history
  try {
    same(await createLogin(options).tokens(), undefined)
    same(await code(() => createLogin({ ...options, storage: 'session' }).tokens()), 'storage_unavailable')
  } finally {
    Object.assign(globalThis, { sessionStorage, location, history })
  }
})

test('metadata is refused unless it is of this issuer, complete, secure and with S256', async () => {
  const { issuer, answers, metadata, stop } = await strangeIssuer()
  const path = '/.well-known/openid-configuration'
  try {
    const cases = [
      [{ issuer: `${issuer}/` }, 'metadata_issuer_mismatch'],
      [{ issuer: undefined }, 'metadata_issuer_mismatch'],
      [{ token_endpoint: undefined }, 'metadata_invalid'],
      [{ authorization_endpoint: 'http://issuer.example/authorize' }, 'metadata_invalid'],
      [{ authorization_endpoint: 'javascript:alert(1)' }, 'metadata_invalid'],
      [{ end_session_endpoint: 'http://issuer.example/logout' }, 'metadata_invalid'],
      [{ revocation_endpoint: 7 }, 'metadata_invalid'],
      [{ code_challenge_methods_supported: undefined }, 'pkce_unsupported'],
      [{ code_challenge_methods_supported: ['plain'] }, 'pkce_unsupported'],
      [{ code_challenge_methods_supported: 'S256' }, 'pkce_unsupported'],
    ]
    for (const [change, expected] of cases) {
      openPage(`${APP}/`)
      answers[path] = { ...metadata, ...change }
      same(await code(() => createLogin({ ...options, issuer }).start()), expected, JSON.stringify(change))
      same([page.went, Object.keys(sessionStorage)], [undefined, []])
    }
    for (const odd of [null, [], 'a', 7]) {
      answers[path] = () => ({ json: odd })
      ok((await code(() => createLogin({ ...options, issuer }).start())).startsWith('metadata_'), `${odd}`)
    }
    answers[path] = () => ({ status: 302, json: {} })
    const login = createLogin({ ...options, issuer })
    same(await code(() => login.start()), 'metadata_unavailable')
    // What failed is asked for again, and RFC 8414's place is the second.
    answers['/.well-known/oauth-authorization-server'] = metadata
    await login.start()
    same(page.went.pathname, '/authorize')
    answers['/.well-known/oauth-authorization-server/tenant'] = { ...metadata, issuer: `${issuer}/tenant` }
    await createLogin({ ...options, issuer: `${issuer}/tenant` }).start()
  } finally {
    stop()
  }
})

/** A login at the strange issuer, up to the redirect back; its token endpoint answers what `answer` makes of the nonce. */
async function exchange({ issuer, answers }, answer, more = {}) {
  openPage(`${APP}/`)
  const login = createLogin({ ...options, issuer, scopes: ['openid'], ...more })
  await login.start()
  const { state, nonce } = Object.fromEntries(page.went.searchParams)
  answers['/token'] = answer(nonce)
  return { login, finish: () => login.finish(`${CALLBACK}?code=a&state=${state}`) }
}
const unsigned = (claims) => `${btoa('{}')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
const now = Math.floor(Date.now() / 1000)

test('an ID token is refused unless each of its claims is right', async () => {
  const world = await strangeIssuer()
  const good = { iss: world.issuer, aud: CLIENT, sub: 'ada ü', exp: now + 60, iat: now }
  const respond = (claims) => ({ access_token: 'at', token_type: 'bearer', expires_in: 300, id_token: unsigned(claims) })
  try {
    const cases = [
      [{}, 'nothing'],
      [{ aud: [CLIENT] }, 'nothing'],
      [{ aud: [CLIENT, 'other'], azp: CLIENT }, 'nothing'],
      [{ exp: now - 30 }, 'nothing'],
      [{ iss: `${world.issuer}/` }, 'id_token_invalid iss'],
      [{ aud: 'other' }, 'id_token_invalid aud'],
      [{ aud: [] }, 'id_token_invalid aud'],
      [{ aud: undefined }, 'id_token_invalid aud'],
      [{ aud: [CLIENT, 'other'] }, 'id_token_invalid azp'],
      [{ azp: 'other' }, 'id_token_invalid azp'],
      [{ nonce: 'other' }, 'id_token_invalid nonce'],
      [{ nonce: undefined }, 'id_token_invalid nonce'],
      [{ exp: now - 90 }, 'id_token_invalid exp'],
      [{ exp: undefined }, 'id_token_invalid exp'],
      [{ exp: `${now + 60}` }, 'id_token_invalid exp'],
      [{ sub: undefined }, 'id_token_invalid sub'],
    ]
    for (const [change, expected] of cases) {
      const { finish } = await exchange(world, (nonce) => respond({ ...good, nonce, ...change }))
      same(await code(finish), expected, JSON.stringify(change))
    }
    for (const id_token of ['a.b', 'a.b.c.d', 'e30.%.e30', 'e30.bnVsbA.e30', 'e30..e30', 'e30.gA.e30']) {
      const { finish } = await exchange(world, () => ({ ...respond({}), id_token }))
      ok((await code(finish)).startsWith('id_token_'), id_token)
    }
    const { finish } = await exchange(world, () => ({ ...respond({}), id_token: undefined }))
    same(await code(finish), 'id_token_missing')
  } finally {
    world.stop()
  }
})

test('a token response is refused unless it holds a bearer token', async () => {
  const world = await strangeIssuer()
  const cases = [
    [{ access_token: 'at', token_type: 'Bearer' }, 'nothing'],
    [{ access_token: 'at', token_type: 'DPoP' }, 'token_invalid'],
    [{ access_token: 'at' }, 'token_invalid'],
    [{ access_token: '', token_type: 'bearer' }, 'token_invalid'],
    [{ token_type: 'bearer' }, 'token_invalid'],
    [null, 'token_invalid'],
    [() => ({ status: 400, json: { error: 'invalid_grant' } }), 'token_refused'],
    [() => ({ status: 500, json: {} }), 'token_unavailable'],
    [() => ({ status: 302, json: {} }), 'token_unavailable'],
  ]
  try {
    for (const [answer, expected] of cases) {
      const { finish } = await exchange(world, () => answer ?? (() => ({ json: null })), { scopes: ['items:read'] })
      same(await code(finish), expected, JSON.stringify(answer))
    }
    // Without `expires_in` nothing says when it ends: it is used until the API rejects it.
    const { login, finish } = await exchange(world, () => cases[0][0], { scopes: ['items:read', 'items:write'] })
    const { expiresAt, scopes } = await finish()
    same([expiresAt, scopes], [undefined, ['items:read', 'items:write']])
    same((await login.tokens()).accessToken, 'at')
    same(await login.tokens({ rejected: 'at' }), undefined)
  } finally {
    world.stop()
  }
})

test('a renewal about another person ends the login', async () => {
  const world = await strangeIssuer()
  const respond = (sub) => (nonce) => ({
    access_token: `of ${sub}`,
    token_type: 'bearer',
    refresh_token: 'rt',
    id_token: unsigned({ iss: world.issuer, aud: CLIENT, sub, nonce, exp: now + 60, iat: now }),
  })
  try {
    const { login, finish } = await exchange(world, respond('ada'))
    await finish()
    world.answers['/token'] = respond('grace')(undefined)
    same(await code(() => login.tokens({ rejected: 'of ada' })), 'id_token_invalid sub')
    same(await login.tokens(), undefined)
  } finally {
    world.stop()
  }
})

const { loginDocsTests } = await load('runners/login/docs.mjs')
// The snippets are ES modules that find the package from a folder of their own.
const folder = join(dirname(fileURLToPath(import.meta.url)), 'docs')
await mkdir(folder)
await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
const context = { test, same, ok, page, openPage, signIn, issuer, client: CLIENT, createGate, folder, tests: TESTS }
await loginDocsTests(context)
const outcome = await run()
provider.stop()
process.exitCode = report(outcome)

/**
 * A person logs in at the companion: openid-client as it is does code + PKCE, refresh and revocation against a real
 * `jotgate-keys` with TLS; the package verifies the token.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'
import { RemoteKeySet, Verifier, createGate } from 'jotgate'
import { testIssuer } from 'jotgate/testing'
import * as openid from 'openid-client'

// The certificate of `--dev-tls` is its own authority.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { freePort } = await load('runners/serving.mjs')

const program = process.env.JOTGATE_KEYS
const store = join(process.cwd(), 'login', 'store.sqlite')
const audience = 'https://api.example'
const redirect = 'https://app.example/login'
const bye = 'https://app.example/bye'
const password = 'quartz lantern orbit 7'
const { test, run } = harness()

function keys(words, input = '') {
  const { status, stdout, stderr } = spawnSync(program, ['--store', store, ...words], { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`jotgate-keys ${words[0]}: ${stderr}`)
  return stdout
}

const port = await freePort()
const issuer = `https://127.0.0.1:${port}`
keys(['init', '--issuer', issuer, '--openid'])
keys(['users', 'add', 'ada', '--role', 'admin'], `${password}\n`)
keys(['clients', 'add', 'app', '--public', '--redirect', redirect, '--logout-redirect', bye, '--offline-access', '--scope', 'openid profile email read', '--audience', audience])
const companion = spawn(program, ['--store', store, 'serve', '--dev-tls', '--listen', `127.0.0.1:${port}`], {
  stdio: ['ignore', 'pipe', 'ignore'],
})
process.on('exit', () => companion.kill('SIGKILL'))
for await (const line of createInterface({ input: companion.stdout })) if (line.includes('listening on')) break

/** A browser without JavaScript: it keeps cookies and sends the forms of pages. */
function browser() {
  const cookies = new Map()
  async function visit(url, form) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const options = { redirect: 'manual', headers: { cookie } }
    const response = await fetch(url, form ? { ...options, method: 'POST', body: new URLSearchParams(form) } : options)
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    return { page: await response.text(), location: response.headers.get('location'), status: response.status }
  }
  const hidden = (page) => /name="form_token" value="([^"]+)"/.exec(page)[1]
  return Object.assign(logIn, { visit })
  async function logIn(url) {
    const login = await visit(url)
    const consent = await visit(url, {
      form_token: hidden(login.page),
      step: 'login',
      username: 'ada',
      password,
    })
    if (consent.location) return new URL(consent.location)
    const back = await visit(url, { form_token: hidden(consent.page), step: 'allow' })
    return new URL(back.location)
  }
}

/** Logs in with further parameters of the authorization request, in a browser that may have a session. */
async function logIn(more = {}, visitor = browser()) {
  const config = await openid.discovery(new URL(issuer), 'app', undefined, openid.None())
  const verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'read offline_access',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...more,
  })
  const back = await visitor(url)
  const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state })
  return { config, tokens, back, verifier, state }
}

test('openid-client logs a person in with code and PKCE, and the gate accepts the token', async () => {
  const { tokens } = await logIn()
  same(tokens.scope, 'read offline_access')
  const claims = jose.decodeJwt(tokens.access_token)
  same([claims.iss, claims.aud, claims.client_id, claims.scope], [issuer, audience, 'app', 'read'])
  same([claims.roles, claims.amr, claims.acr], [['admin'], ['pwd'], 'urn:jotgate:acr:password'])
  const gate = createGate({ issuer, audience, algorithms: ['ES256'] })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const verdict = await gate.check(new Request('https://api.example/items', { headers }), { scopes: ['read'] })
  ok(verdict.ok, `the gate answered ${verdict.response?.status}`)
})

test('401 step-up from the gate, max_age, login, 200', async () => {
  const visitor = browser()
  const { tokens } = await logIn({}, visitor)
  const { auth_time: before } = jose.decodeJwt(tokens.access_token)
  /** The gate's decision so many seconds after a login. */
  const check = (token, time) => {
    const gate = createGate({ issuer, audience, algorithms: ['ES256'], clockTolerance: 0, currentDate: new Date(time * 1000) })
    const request = new Request('https://api.example/items', { headers: { authorization: `Bearer ${token}` } })
    return gate.check(request, { maxAuthAge: 1, acr: ['urn:jotgate:acr:password'] })
  }
  ok((await check(tokens.access_token, before + 1)).ok)
  const denied = await check(tokens.access_token, before + 2)
  same([denied.status, denied.error, denied.refusal], [401, 'insufficient_user_authentication', 'login_too_old'])
  const parameter = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(denied.challenge)[1]
  const asked = { max_age: parameter('max_age'), acr_values: parameter('acr_values') }
  // Until then the companion's own session is new enough.
  while (Date.now() / 1000 < before + 3) await new Promise((settle) => setTimeout(settle, 50))
  const { tokens: renewed } = await logIn(asked, visitor)
  const { auth_time: after } = jose.decodeJwt(renewed.access_token)
  ok(after > before, `${after} is not after ${before}`)
  const passed = await check(renewed.access_token, after + 1)
  ok(passed.ok, passed.refusal)
})

test('openid-client logs a person in with OpenID Connect, validates the ID token, and that of a refresh', async () => {
  const config = await openid.discovery(new URL(issuer), 'app', undefined, openid.None())
  openid.enableNonRepudiationChecks(config)
  const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'openid read offline_access',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    max_age: '60',
    nonce,
    state,
  })
  const back = await browser()(url)
  const expected = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 60, idTokenExpected: true }
  const tokens = await openid.authorizationCodeGrant(config, back, expected)
  const claims = tokens.claims()
  same([claims.iss, claims.aud, claims.acr, claims.amr], [issuer, 'app', 'urn:jotgate:acr:password', ['pwd']])
  same(claims.sub, jose.decodeJwt(tokens.access_token).sub)
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token)
  same([renewed.claims().sub, renewed.claims().sid, renewed.claims().nonce], [claims.sub, claims.sid, undefined])
})

test('openid-client reads /userinfo and logs out', async () => {
  const visitor = browser()
  const { config, tokens } = await logIn({ scope: 'openid profile' }, visitor)
  const person = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  same(person.preferred_username, 'ada')
  const state = openid.randomState()
  const url = openid.buildEndSessionUrl(config, { post_logout_redirect_uri: bye, id_token_hint: tokens.id_token, state })
  same((await visitor.visit(url)).location, `${bye}?state=${state}`)
  const login = await visitor.visit(`${issuer}/authorize?client_id=app&response_type=code&code_challenge=${'x'.repeat(43)}&code_challenge_method=S256`)
  ok(login.page.includes('name="password"'), 'the session goes on')
})

test('the gate and Verifier accept access tokens, and no other kind', async () => {
  const { tokens } = await logIn({ scope: 'openid read offline_access' })
  const { privateKey, publicKey } = await jose.generateKeyPair('ES256')
  const jwk = await jose.exportJWK(publicKey)
  const own = (claims, header) => new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)
  const now = Math.floor(Date.now() / 1000)
  const kinds = {
    id: tokens.id_token,
    refresh: tokens.refresh_token,
    proof: await own({ jti: '1', htm: 'GET', htu: 'https://api.example/items', iat: now }, { typ: 'dpop+jwt', jwk }),
    assertion: await own({ iss: 'app', sub: 'app', aud: issuer, exp: now + 60, jti: '2' }, { typ: 'client-authentication+jwt' }),
  }
  // The widest options that make sense: both algorithms of the issuer.
  const options = { issuer, audience, algorithms: ['ES256', 'RS256'] }
  const keys = new RemoteKeySet(`${issuer}/.well-known/jwks.json`)
  const [gate, verifier] = [createGate(options), new Verifier({ ...options, keys })]
  const check = (gate, token) => gate.check(new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } }))
  ok((await check(gate, tokens.access_token)).ok)
  same((await verifier.verify(tokens.access_token)).payload.scope, 'openid read')
  const refusals = {}
  for (const [kind, token] of Object.entries(kinds)) {
    refusals[kind] = (await check(gate, token)).refusal
    const thrown = await verifier.verify(token).catch((error) => error)
    ok(thrown instanceof Error && thrown.refusal === refusals[kind], `${kind}: ${thrown?.refusal}`)
  }
  same(refusals, { id: 'audience_mismatch', refresh: 'token_parts', proof: 'signature_mismatch', assertion: 'signature_mismatch' }, 'kinds')
  same((await check(createGate({ ...options, algorithms: ['ES256'] }), tokens.id_token)).refusal, 'algorithm_not_allowed')
  // Even if someone made the client an audience.
  same((await check(createGate({ ...options, audience: 'app', typ: 'at+jwt' }), tokens.id_token)).refusal, 'type_mismatch')

  // With the right key, issuer and audience, only the type differs.
  const other = await testIssuer({ issuer: 'https://issuer.example', audience })
  const strict = createGate({ issuer: 'https://issuer.example', audience, algorithms: ['ES256'], fetch: other.fetch })
  for (const typ of ['logout+jwt', 'dpop+jwt', 'client-authentication+jwt', 'statuslist+jwt']) {
    same((await check(strict, await other.token({}, { header: { typ } }))).refusal, 'type_mismatch', typ)
  }
  ok((await check(strict, await other.token())).ok)
})

test('openid-client refreshes and revokes', async () => {
  const { config, tokens } = await logIn()
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token)
  ok(renewed.refresh_token !== tokens.refresh_token)
  same(jose.decodeJwt(renewed.access_token).auth_time, jose.decodeJwt(tokens.access_token).auth_time)
  await openid.tokenRevocation(config, renewed.refresh_token)
  const refused = await openid.refreshTokenGrant(config, renewed.refresh_token).catch((error) => error.error)
  same(refused, 'invalid_grant')
})

test('openid-client sees iss in the answer and refuses one from elsewhere', async () => {
  const { config, back, verifier, state } = await logIn()
  same(back.searchParams.get('iss'), issuer)
  back.searchParams.set('iss', 'https://other.example')
  const options = { pkceCodeVerifier: verifier, expectedState: state }
  const refused = await openid.authorizationCodeGrant(config, back, options).catch((error) => error)
  ok(refused instanceof Error)
})

const outcome = await run()
companion.kill('SIGTERM')
process.exit(report(outcome))

/**
 * Introspection at a real `oidc-provider`, whose tokens are opaque: by secret and by assertion, plain and signed answers, bound and revoked
 * tokens. And the snippets of `docs/introspection.md`.
 */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { dpop } from 'jotgate/dpop'
import { guardHandler } from 'jotgate/express'
import { introspection } from 'jotgate/introspection'
import * as oauth from 'oauth4webapi'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const [{ harness, ok, same }, { report }, { API, startProvider }, { snippetsOf }] = await Promise.all(
  ['suite/harness.mjs', 'runners/report.mjs', 'runners/oidc_provider.mjs', 'runners/doc_snippets.mjs'].map(load),
)
const { test, run } = harness()

const secret = `s:${crypto.randomUUID()}`
const pair = await jose.generateKeyPair('ES256')
const publicJwk = { ...(await jose.exportJWK(pair.publicKey)), kid: 'my-key', alg: 'ES256', use: 'sig' }
const machine = { redirect_uris: [], response_types: [] }
/** The requests at the introspection endpoint. */
const asked = []
const { issuer, provider, stop } = await startProvider([], {
  before: (request) => void (request.url === '/token/introspection' && asked.push(request.headers)),
  settings: {
    clients: [
      { ...machine, client_id: 'worker', client_secret: secret, grant_types: ['client_credentials'] },
      { ...machine, client_id: 'my-api', client_secret: secret, grant_types: ['client_credentials'], introspection_signed_response_alg: 'ES256' },
      { ...machine, client_id: 'by-key', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk] }, grant_types: ['client_credentials'], introspection_signed_response_alg: 'ES256' },
    ],
    ttl: { ClientCredentials: 300 },
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ audience: API, scope: 'items:read items:write', accessTokenFormat: 'opaque', accessTokenTTL: 300 }),
      },
    },
  },
})
const endpoint = `${issuer}/token/introspection`
const insecure = { [oauth.allowInsecureRequests]: true }
const as = { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/token/revocation` }
const worker = { client_id: 'worker' }
const authentication = oauth.ClientSecretBasic(secret)

/** An opaque token for the API. */
async function tokenFor(scope = 'items:read', options = {}) {
  const response = await oauth.clientCredentialsGrantRequest(as, worker, authentication, { scope, resource: API }, { ...insecure, ...options })
  return (await oauth.processClientCredentialsResponse(as, worker, response)).access_token
}
const gateWith = (options, extra) =>
  createGate({
    issuer,
    audience: API,
    algorithms: ['ES256'],
    timeoutDuration: 60_000,
    introspection: introspection({ endpoint, clientId: 'my-api', clientSecret: secret, timeoutDuration: 60_000, ...options }),
    ...extra,
  })
const request = (token, more) => new Request(`${API}/notes`, { headers: { authorization: `Bearer ${token}`, ...more } })
const word = (pass) => (pass.ok ? `passed ${pass.claims.client_id}` : `${pass.status} ${pass.refusal}`)

test('an opaque token passes, is remembered, and is refused once it was revoked', async () => {
  const token = await tokenFor()
  ok(!token.includes('.'), 'the token is not opaque')
  asked.length = 0
  const gate = gateWith()
  const fresh = gateWith({ maxAge: 0 })
  const pass = await gate.check(request(token), { scopes: ['items:read'] })
  same([word(pass), pass.claims.aud, pass.claims.iss, pass.scopes], ['passed worker', API, issuer, ['items:read']])
  same([word(await gate.check(request(token))), asked.length], ['passed worker', 1])
  same(word(await gate.check(request(token), { scopes: ['items:write'] })), '403 insufficient_scope')
  same(word(await fresh.check(request(token))), 'passed worker')
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, worker, authentication, token, insecure))
  same([word(await gate.check(request(token))), word(await fresh.check(request(token)))], ['passed worker', '401 token_inactive'])
  same(word(await gate.check(request('made-up'))), '401 token_inactive')
})

test('the endpoint is found by the metadata of the issuer', async () => {
  const found = introspection({ issuer, clientId: 'my-api', clientSecret: secret, timeoutDuration: 60_000 })
  const gate = gateWith({}, { introspection: found })
  same([word(await gate.check(request(await tokenFor()))), word(await gate.check(request('made-up')))], ['passed worker', '401 token_inactive'])
  const elsewhere = introspection({ issuer: `${issuer}/`, clientId: 'my-api', clientSecret: secret, timeoutDuration: 60_000 })
  const other = createGate({ issuers: [{ issuer }, { issuer: `${issuer}/` }], audience: API, algorithms: ['ES256'], introspection: elsewhere })
  same(word(await other.check(request(await tokenFor()))), '503 discovery_issuer_mismatch')
})

test('the answer for another API is refused, and so is a refresh token', async () => {
  const token = await tokenFor()
  same(word(await gateWith({}, { audience: 'https://other.example' }).check(request(token))), '401 audience_mismatch')
  const refresh = new provider.RefreshToken({ client: await provider.Client.find('worker'), accountId: 'ada', grantId: undefined, scope: 'items:read', gty: 'authorization_code' })
  same(word(await gateWith().check(request(await refresh.save()))), '401 claim_missing')
})

test('signed answers are verified with the keys of the issuer, and plain ones are then refused', async () => {
  const token = await tokenFor()
  asked.length = 0
  const gate = gateWith({ signed: true })
  same([word(await gate.check(request(token))), asked[0].accept], ['passed worker', 'application/token-introspection+jwt'])
  same(word(await gate.check(request('made-up'))), '401 token_inactive')
  // This client gets plain answers.
  same(word(await gateWith({ signed: true, clientId: 'worker' }).check(request(token))), '503 introspection_signature')
})

test('a bound token needs its proof, by oauth4webapi as it is', async () => {
  const handle = oauth.DPoP(worker, await oauth.generateKeyPair('ES256'))
  const token = await tokenFor('items:read', { DPoP: handle })
  const server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api = `http://127.0.0.1:${server.address().port}`
  const gate = gateWith({}, { proof: dpop({ publicOrigin: api }) })
  const handler = guardHandler(gate, (_, response, { payload }) => response.end(payload.client_id))
  const call = (options) => oauth.protectedResourceRequest(token, 'GET', new URL(`${api}/notes`), undefined, undefined, { ...insecure, ...options })
  same(await (await call({ DPoP: handle })).text(), 'worker')
  const stranger = oauth.DPoP(worker, await oauth.generateKeyPair('ES256'))
  for (const options of [{ DPoP: stranger }, {}]) ok((await call(options).catch((error) => error)) instanceof oauth.WWWAuthenticateChallengeError)
  same(word(await gateWith().check(request(token))), '401 confirmation_not_enforced')
  server.closeAllConnections()
  server.close()
})

test('a wrong secret and an endpoint that is away are 503, and the secret is in no message', async () => {
  const token = await tokenFor()
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address()
  closed.close()
  for (const [options, code, status] of [
    [{ clientSecret: 'wr0ng' }, 'introspection_status', 401],
    [{ endpoint: `${issuer}/nowhere` }, 'introspection_status', 404],
    [{ endpoint: `http://127.0.0.1:${port}/` }, 'introspection_unreachable', undefined],
  ]) {
    const denied = await gateWith(options).check(request(token))
    same([word(denied), denied.cause.status ?? null], [`503 ${code}`, status ?? null])
    ok(!`${denied.cause.stack}${denied.cause.cause}${JSON.stringify(denied)}`.match(new RegExp(`wr0ng|${secret}|${token}`)))
  }
})

const folder = join(process.cwd(), 'snippets')
await mkdir(folder)
const snippets = await snippetsOf(join(TESTS, '..', '..', 'docs', 'introspection.md'))
/** A snippet, with the provider in place of the issuer of the page. */
async function snippet(name, clientId = 'my-api') {
  const file = join(folder, name.replace(/\.js$/, '.mjs'))
  const real = [['https://issuer.example/introspect', endpoint], ['`${ISSUER}/introspect`', `'${endpoint}'`], ['https://issuer.example', issuer], ['my-api', clientId]]
  await writeFile(file, real.reduce((text, [from, to]) => text.replaceAll(from, to), snippets.get(name)))
  return import(pathToFileURL(file))
}

test('docs: a gate for opaque tokens', async () => {
  const { gateFor } = await snippet('worker.js')
  same(word(await gateFor({ CLIENT_SECRET: secret }).check(request(await tokenFor()))), 'passed worker')
})

test('docs: authentication by a key, and signed answers', async () => {
  const { lookUpBy } = await snippet('assertion.js', 'by-key')
  const gate = gateWith({}, { introspection: lookUpBy(pair.privateKey) })
  same(word(await gate.check(request(await tokenFor()))), 'passed worker')
  const stranger = gateWith({}, { introspection: lookUpBy((await jose.generateKeyPair('ES256')).privateKey) })
  same(word(await stranger.check(request(await tokenFor()))), '503 introspection_status')
})

test('docs: every snippet was run', () => same([...snippets.keys()], ['worker.js', 'assertion.js']))

const outcome = await run()
stop()
process.exit(report(outcome))

/**
 * DPoP by other people's clients, as they are: `dpop`, oauth4webapi, openid-client and the MCP client get bound tokens from a real
 * `oidc-provider`, and call an API behind the gate. And the snippets of `docs/dpop.md`.
 */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DpopSession, withDpop } from '@modelcontextprotocol/client'
import * as dpopClient from 'dpop'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { dpop } from 'jotgate/dpop'
import { guardHandler } from 'jotgate/express'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const [{ harness, ok, same }, { mint }, { report }, { API, startProvider }, { snippetsOf }, { proofClient, proven, requestWith }] = await Promise.all(
  ['suite/harness.mjs', 'suite/mint.mjs', 'runners/report.mjs', 'runners/oidc_provider.mjs', 'runners/doc_snippets.mjs', 'suite/proof/proofs.mjs'].map(load),
)
const { test, run } = harness()

const audience = API
const secret = crypto.randomUUID()
const { issuer, stop } = await startProvider([], {
  settings: {
    clients: [{ client_id: 'worker', client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    features: { clientCredentials: { enabled: true }, dPoP: { enabled: true } },
  },
})
/** What the client asks for: a JWT for the API. */
const wanted = { scope: 'items:read', resource: API }

/** An API that takes bound tokens only, each proof once and with a nonce. */
const server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
const api = `http://127.0.0.1:${server.address().port}`
const gate = createGate({
  issuer,
  audience,
  algorithms: ['ES256'],
  // A busy machine is slow.
  timeoutDuration: 60_000,
  proof: dpop({ required: true, nonce: 'a secret that is long enough for an HMAC', publicOrigin: api }),
})
const answers = []
const handler = guardHandler(gate, (_, response, { payload }) => response.end(payload.client_id), { scopes: ['items:read'] })
server.on('request', (request, response) => response.on('finish', () => answers.push(response.statusCode)))
/** What the API has answered since the last call. */
const statuses = () => answers.splice(0)

test('dpop: a bound token and its proofs pass; a replayed proof is refused', async () => {
  for (const alg of ['ES256', 'Ed25519']) {
    const pair = await dpopClient.generateKeyPair(alg)
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...wanted })
    const headers = { authorization: `Basic ${btoa(`worker:${secret}`)}`, DPoP: await dpopClient.generateProof(pair, `${issuer}/token`, 'POST') }
    const granted = await (await fetch(`${issuer}/token`, { method: 'POST', headers, body })).json()
    same(granted.token_type, 'DPoP', alg)
    const { access_token: token } = granted
    same(jose.decodeJwt(token).cnf.jkt, await dpopClient.calculateThumbprint(pair.publicKey))
    const send = (proof) => fetch(`${api}/notes?x=1`, { headers: { authorization: `DPoP ${token}`, DPoP: proof } })
    const challenged = await send(await dpopClient.generateProof(pair, `${api}/notes`, 'GET', undefined, token))
    same([challenged.status, (await challenged.json()).code], [401, 'dpop_nonce_missing'])
    const nonce = challenged.headers.get('dpop-nonce')
    const proof = await dpopClient.generateProof(pair, `${api}/notes`, 'GET', nonce, token)
    const passed = await send(proof)
    same([passed.status, await passed.text()], [200, 'worker'], alg)
    same((await (await send(proof)).json()).code, 'dpop_proof_replayed')
    same((await (await send(await dpopClient.generateProof(pair, `${api}/notes`, 'POST', nonce, token))).json()).code, 'dpop_proof_method')
    same((await (await send(await dpopClient.generateProof(pair, `${api}/other`, 'GET', nonce, token))).json()).code, 'dpop_proof_url')
    same((await (await send(await dpopClient.generateProof(pair, `${api}/notes`, 'GET', nonce, `${token}x`))).json()).code, 'dpop_proof_token')
    const stranger = await dpopClient.generateKeyPair(alg)
    same((await (await send(await dpopClient.generateProof(stranger, `${api}/notes`, 'GET', nonce, token))).json()).code, 'dpop_key_mismatch')
    const plain = await fetch(`${api}/notes`, { headers: { authorization: `Bearer ${token}` } })
    same([(await plain.json()).code, plain.headers.get('www-authenticate').split(' ', 1)[0]], ['dpop_scheme_required', 'DPoP'])
  }
  statuses()
})

test('oauth4webapi gets a bound token, takes the nonce, and passes', async () => {
  const client = { client_id: 'worker' }
  const insecure = { [oauth.allowInsecureRequests]: true }
  const url = new URL(issuer)
  const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oidc' }))
  const handle = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  const options = { ...insecure, DPoP: handle }
  const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(secret), wanted, options)
  const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response)
  const call = () => oauth.protectedResourceRequest(token, 'GET', new URL(`${api}/notes?y=2`), undefined, undefined, options)
  const thrown = await call().catch((error) => error)
  ok(oauth.isDPoPNonceError(thrown), String(thrown))
  same(thrown.cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.algs?.includes('ES256')]), [['dpop', 'use_dpop_nonce', true]])
  same(await (await call()).text(), 'worker')
  same(await (await call()).text(), 'worker')
  same(statuses(), [401, 200, 200])
})

test('openid-client does the same with its own handle, and repeats the request by itself', async () => {
  const config = await openid.discovery(new URL(issuer), 'worker', secret, undefined, { execute: [openid.allowInsecureRequests] })
  const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('Ed25519'))
  const { access_token: token, token_type: type } = await openid.clientCredentialsGrant(config, wanted, { DPoP: handle })
  same(type, 'dpop')
  const call = () => openid.fetchProtectedResource(config, token, new URL(`${api}/notes`), 'GET', undefined, undefined, { DPoP: handle })
  same(await (await call()).text(), 'worker')
  same(await (await call()).text(), 'worker')
  same(statuses(), [401, 200, 200])
})

test('the DpopSession of the MCP client does the same', async () => {
  const session = await DpopSession.create({ alg: 'ES256' })
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...wanted })
  const proof = await session.buildProof({ htm: 'POST', htu: new URL(`${issuer}/token`) })
  const headers = { authorization: `Basic ${btoa(`worker:${secret}`)}`, DPoP: proof }
  const { access_token: token } = await (await fetch(`${issuer}/token`, { method: 'POST', headers, body })).json()
  same(jose.decodeJwt(token).cnf.jkt, session.thumbprint)
  const call = withDpop(session, () => token)(fetch)
  same(await (await call(`${api}/notes`)).text(), 'worker')
  same(await (await call(new URL(`${api}/notes?z=3`))).text(), 'worker')
  same(statuses(), [401, 200, 200])
})

const world = await mint(jose)
const context = { jose, world: () => world }
const now = Math.floor(Date.now() / 1000)
const folder = join(process.cwd(), 'snippets')
await mkdir(folder)
const snippets = await snippetsOf(join(TESTS, '..', '..', 'docs', 'dpop.md'))
for (const [name, code] of snippets) await writeFile(join(folder, name.replace(/\.js$/, '.mjs')), code)
const used = new Set()
const snippet = (name) => (used.add(name), import(pathToFileURL(join(folder, name.replace(/\.js$/, '.mjs')))))
const claims = { iat: now, exp: now + 600, aud: 'https://api.example/notes', scope: 'notes:read' }

/** Answers as the issuer of the snippets. */
async function withIssuer(work) {
  const { fetch } = globalThis
  const documents = { '/.well-known/openid-configuration': { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/jwks' }, '/jwks': world.jwks }
  globalThis.fetch = async (url) => Response.json(documents[new URL(url).pathname])
  return work().finally(() => (globalThis.fetch = fetch))
}

test('docs: the worker takes bound tokens with a proof, and nothing else', () =>
  withIssuer(async () => {
    const { default: worker } = await snippet('worker.js')
    const client = await proofClient(context)
    const token = await client.token(claims)
    const send = (request) => worker.fetch(request)
    const passed = await send(proven(token, await client.proof(token, { iat: now })))
    same([passed.status, await passed.json()], [200, { hello: 'user-1' }])
    same((await (await send(requestWith({ authorization: `Bearer ${await client.token({ ...claims, cnf: undefined })}` }))).json()).code, 'token_not_bound')
  }))

test('docs: Redis as the store, by the two answers that it has', async () => {
  const { proofWith } = await snippet('redis.js')
  const stored = new Map()
  // Redis is not part of this test: what its client returns for SET with NX is.
  const redis = { set: async (key, value, { NX, EX }) => (ok(NX && EX > 0 && EX <= 306), stored.has(key) ? null : (stored.set(key, value), 'OK')) }
  const gate = createGate({ keys: world.jwks, issuer: 'https://issuer.example', audience: claims.aud, algorithms: ['ES256'], proof: proofWith(redis) })
  const client = await proofClient(context)
  const token = await client.token(claims)
  const proof = await client.proof(token, { iat: Math.floor(Date.now() / 1000) })
  same([(await gate.check(proven(token, proof))).ok, (await gate.check(proven(token, proof))).refusal, stored.size], [true, 'dpop_proof_replayed', 1])
})

test('docs: nonces by a secret of the environment', async () => {
  const { proofFor } = await snippet('nonce.js')
  const proof = proofFor({ DPOP_NONCE_SECRET: 'x'.repeat(32) })
  const gate = createGate({ keys: world.jwks, issuer: 'https://issuer.example', audience: claims.aud, algorithms: ['ES256'], proof })
  const client = await proofClient(context)
  const token = await client.token(claims)
  same((await gate.check(proven(token, await client.proof(token, { iat: now })))).error, 'use_dpop_nonce')
})

test('docs: every snippet was run', () => same([...snippets.keys()].filter((name) => !used.has(name)), []))

const outcome = await run()
stop()
server.closeAllConnections()
server.close()
process.exit(report(outcome))

/**
 * DPoP by other people's clients, as they are: `dpop`, oauth4webapi, openid-client and the MCP client get bound tokens from a real
 * `oidc-provider`, and call an API behind the gate; mounted routers of real frameworks; and the snippets of `docs/dpop.md`.
 */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DpopSession, withDpop } from '@modelcontextprotocol/client'
import * as dpopClient from 'dpop'
import express from 'express'
import fastify from 'fastify'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { dpop } from 'jotgate/dpop'
import { guard, guardHandler, guardHook } from 'jotgate/express'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const [{ harness, ok, same }, { mint }, { report }, { API, startProvider }, { snippetsOf }, { proofClient, proven, requestWith }, { dpopClientTests }] = await Promise.all(
  ['suite/harness.mjs', 'suite/mint.mjs', 'runners/report.mjs', 'runners/oidc_provider.mjs', 'runners/doc_snippets.mjs', 'suite/proof/proofs.mjs', 'runners/dpop_clients.mjs'].map(load),
)
const { test, run } = harness()

const secret = crypto.randomUUID()
const { issuer, stop } = await startProvider([], {
  settings: {
    clients: [{ client_id: 'worker', client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    ttl: { ClientCredentials: 300 },
    features: { clientCredentials: { enabled: true }, dPoP: { enabled: true } },
  },
})
/** What the clients ask for: a JWT for the API. */
const wanted = { scope: 'items:read', resource: API }
const libraries = { createGate, dpop, dpopClient, DpopSession, guardHandler, jose, oauth, openid, withDpop }
const stopApi = await dpopClientTests({ test, issuer, tokenEndpoint: `${issuer}/token`, secret, wanted, ...libraries })

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

test('a mounted router of Express, a prefix of Fastify, node:http: the URL that the client called counts, and no `Host`', async () => {
  const gate = createGate({ keys: world.jwks, issuer: 'https://issuer.example', audience: claims.aud, algorithms: ['ES256'], proof: dpop({ publicOrigin: 'https://api.example' }) })
  const router = express.Router().use(guard(gate)).get('/notes', (_, response) => response.end('in'))
  const fastifyApp = fastify()
  fastifyApp.register(
    async (scope) => {
      scope.addHook('onRequest', guardHook(gate))
      scope.get('/notes', () => 'in')
    },
    { prefix: '/v1/of' },
  )
  await fastifyApp.ready()
  const servers = {
    'Express': createServer(express().use('/v1', express.Router().use('/of', router))),
    'Fastify': fastifyApp.server,
    'node:http': createServer(guardHandler(gate, (_, response) => response.end('in'))),
  }
  const client = await proofClient(context)
  const token = await client.token(claims)
  for (const [name, server] of Object.entries(servers)) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address()
    const word = async (htu, path = '/v1/of/notes?x=1') => {
      const proof = await client.proof(token, { htu, iat: now })
      const lines = { 'host': 'evil.example', 'forwarded': 'host=evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-prefix': '/evil' }
      const sent = send({ host: '127.0.0.1', port, path, headers: { ...lines, authorization: `DPoP ${token}`, dpop: proof } }).end()
      const [response] = await once(sent, 'response')
      let body = ''
      for await (const chunk of response) body += chunk
      return response.statusCode === 200 ? body : JSON.parse(body).code
    }
    same(await word('https://api.example/v1/of/notes'), 'in', name)
    for (const htu of ['/notes', '/of/notes', '/v1/notes', '/evil/v1/of/notes'].map((path) => `https://api.example${path}`)) same(await word(htu), 'dpop_proof_url', `${name} ${htu}`)
    for (const origin of ['https://evil.example', 'http://api.example', `http://127.0.0.1:${port}`]) same(await word(`${origin}/v1/of/notes`), 'dpop_proof_url', `${name} ${origin}`)
    server.closeAllConnections()
    server.close()
  }
})

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
stopApi()
process.exit(report(outcome))

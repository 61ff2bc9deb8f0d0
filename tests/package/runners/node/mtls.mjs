/** `jotgate/mtls` over real TLS connections on loopback, and the snippet of `docs/mtls.md`. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:https'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express from 'express'
import fastify from 'fastify'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { guard, guardHook } from 'jotgate/express'
import { mtls } from 'jotgate/mtls'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const [{ harness, same }, { mint }, { report }, { snippetsOf }, { certificate }] = await Promise.all(
  ['suite/harness.mjs', 'suite/mint.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs', 'suite/certificate.mjs'].map(load),
)
const { test, run } = harness()
const world = await mint(jose)
const now = Math.floor(Date.now() / 1000)

/** A key and a certificate of it, as TLS takes them, and the value of `x5t#S256`. */
function identity() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const cert = certificate(publicKey.export({ type: 'spki', format: 'pem' }))
  const { fingerprint256 } = new X509Certificate(cert)
  const x5t = Buffer.from(fingerprint256.replace(/:/g, ''), 'hex').toString('base64url')
  return { tls: { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert }, x5t }
}
const [api, client, stranger] = [identity(), identity(), identity()]
const token = (x5t) =>
  world.token('ES256', { iat: now, exp: now + 600, aud: 'https://api.example', ...(x5t && { cnf: { 'x5t#S256': x5t } }) })
const bound = await token(client.x5t)
const rules = { issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], keys: world.jwks }

/** Sends a token over a new connection, with a certificate or without. */
async function ask(port, bearer, certificate = {}, headers = {}) {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, ...certificate }
  const outgoing = send({ ...options, headers: { authorization: `Bearer ${bearer}`, ...headers } }).end()
  const [response] = await once(outgoing, 'response')
  let body = ''
  for await (const piece of response) body += piece
  return [response.statusCode, response.statusCode === 200 ? body : JSON.parse(body).code]
}

/** What every server must answer. */
async function everyAnswer(port) {
  same(await ask(port, bound, client.tls), [200, 'user-1'])
  same(await ask(port, bound, stranger.tls), [401, 'mtls_certificate_mismatch'])
  same(await ask(port, bound), [401, 'mtls_certificate_missing'])
  const forged = { 'x-client-cert': client.tls.cert.replace(/\n/g, ''), 'x-forwarded-client-cert': `Hash=${client.x5t}` }
  same(await ask(port, bound, {}, forged), [401, 'mtls_certificate_missing'])
  same(await ask(port, await token(), client.tls), [401, 'token_not_bound'])
}

const closing = []
async function listening(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => (server.closeAllConnections(), server.close()))
  return server.address().port
}
const settings = { ...api.tls, requestCert: true, rejectUnauthorized: false }

test('docs: node:https by the snippet of the page', async () => {
  const snippets = await snippetsOf(join(TESTS, '..', '..', 'docs', 'mtls.md'))
  same([...snippets.keys()], ['server.js'])
  const file = join(process.cwd(), 'server.mjs')
  await writeFile(file, snippets.get('server.js'))
  const { fetch } = globalThis
  const documents = { '/.well-known/openid-configuration': { issuer: rules.issuer, jwks_uri: `${rules.issuer}/jwks` }, '/jwks': world.jwks }
  globalThis.fetch = async (url) => Response.json(documents[new URL(url).pathname])
  const { serve } = await import(pathToFileURL(file))
  await everyAnswer(await listening(serve(api.tls)))
  globalThis.fetch = fetch
})

test('Express, and Fastify with its own request', async () => {
  const gate = createGate({ ...rules, proof: mtls({ required: true }) })
  const app = express()
  app.use(guard(gate), (request, response) => response.send(request.auth.payload.sub))
  await everyAnswer(await listening(createServer(settings, app)))
  const server = fastify({ https: settings })
  server.addHook('onRequest', guardHook(gate))
  server.get('/', (request) => request.auth.payload.sub)
  await server.listen({ port: 0, host: '127.0.0.1' })
  closing.push(() => server.close())
  await everyAnswer(server.server.address().port)
})

test('a resumed TLS session proves the same certificate', async () => {
  const gate = createGate({ ...rules, proof: mtls({ required: true }) })
  let resumed = 0
  const port = await listening(
    createServer(settings, async (request, response) => {
      if (request.socket.isSessionReused()) resumed++
      const pass = await gate.check(request)
      response.writeHead(pass.ok ? 200 : pass.status).end(pass.ok ? pass.claims.sub : JSON.stringify({ code: pass.refusal }))
    }),
  )
  let session
  for (let round = 0; round < 3; round++) {
    const outgoing = send({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, session, ...client.tls, headers: { authorization: `Bearer ${bound}` } })
    outgoing.on('socket', (socket) => socket.on('session', (ticket) => (session = ticket)))
    const [response] = await once(outgoing.end(), 'response')
    response.resume()
    await once(response, 'end')
    same(response.statusCode, 200, round)
  }
  same(resumed > 0, true, 'no session was resumed')
})

const outcome = await run()
for (const close of closing) close()
process.exit(report(outcome))

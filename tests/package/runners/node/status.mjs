/**
 * Status lists made by the real `@sd-jwt/jwt-status-list`, at a real server. And the snippets of `docs/status.md`.
 */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createHeaderAndPayload, getListFromStatusListJWT, StatusList } from '@sd-jwt/jwt-status-list'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { statusLists } from 'jotgate/status'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const [{ harness, ok, refused, same }, { report }, { snippetsOf }, { PEER_LISTS, peerStatuses }] = await Promise.all(
  ['suite/harness.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs', 'suite/status/world.mjs'].map(load),
)
const { test, run } = harness()

const AUDIENCE = 'https://api.example'
const [own, stranger] = await Promise.all(['ES256', 'ES256'].map((alg) => jose.generateKeyPair(alg)))
const jwk = { ...(await jose.exportJWK(own.publicKey)), kid: 'a', alg: 'ES256', use: 'sig' }
/** What the server answers, by path: a text, or a function of the response. */
const answers = new Map()
/** The paths that were requested. */
const asked = []
const server = createServer((request, response) => {
  asked.push(request.url)
  const answer = answers.get(request.url)
  if (typeof answer === 'function') return answer(response, request)
  if (answer === undefined) return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': request.url.startsWith('/statuslists/') ? 'application/statuslist+jwt' : 'application/json' }).end(answer)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
answers.set('/jwks', JSON.stringify({ keys: [jwk] }))
answers.set('/.well-known/openid-configuration', JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))

const now = () => Math.floor(Date.now() / 1000)
const sign = (payload, header, { privateKey } = own) => new jose.SignJWT(payload).setProtectedHeader(header).sign(privateKey)
/** Publishes a list, and returns its address. */
async function publish(statuses, { bits = 2, name = crypto.randomUUID(), key = own, ...claims } = {}) {
  const path = `/statuslists/${name}`
  const list = new StatusList(statuses, bits)
  const { header, payload } = createHeaderAndPayload(list, { iss: issuer, sub: `${issuer}${path}`, iat: now(), ...claims }, { alg: 'ES256', kid: 'a' })
  answers.set(path, await sign(payload, header, key))
  return `${issuer}${path}`
}
const tokenAt = (uri, idx) =>
  sign({ iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now() + 300, status: { status_list: { idx, uri } } }, { alg: 'ES256', kid: 'a' })
const gateWith = (options, extra) =>
  createGate({ issuer, audience: AUDIENCE, algorithms: ['ES256'], timeoutDuration: 60_000, status: statusLists({ timeoutDuration: 60_000, ...options }), ...extra })
const word = (pass) => (pass.ok ? `passed ${pass.claims.sub}` : `${pass.status} ${pass.refusal}`)
const check = async (gate, uri, idx) => word(await gate.check(new Request(`${AUDIENCE}/notes`, { headers: { authorization: `Bearer ${await tokenAt(uri, idx)}` } })))

test('the lists of the common suite are those of the peer', () => {
  for (const bits of [1, 2, 4, 8]) same(new StatusList(peerStatuses(bits), bits).compressStatusList(), PEER_LISTS[bits])
})

test('each entry of a large list of the peer is read as the peer reads it, in one fetch', async () => {
  const statuses = Array.from({ length: 100_000 }, (_, index) => (index % 7 === 0 ? 1 : index % 11 === 0 ? 2 : 0))
  const uri = await publish(statuses, { ttl: 60 })
  const list = getListFromStatusListJWT(answers.get(new URL(uri).pathname))
  const gate = gateWith()
  asked.length = 0
  for (const index of [0, 1, 7, 11, 99_998, 99_999, 77, 50_001]) {
    same(await check(gate, uri, index), ['passed ada', '401 status_invalid', '401 status_suspended'][list.getStatus(index)], `${index}`)
  }
  same(asked.filter((path) => path.startsWith('/statuslists/')).length, 1)
  same(await check(gate, uri, 100_000), '401 status_index')
})

test('a token is refused soon after the peer revokes it, and passes again when it is no longer suspended', async () => {
  const uri = await publish([0, 2], { name: 'changing', ttl: 1 })
  const gate = gateWith()
  same([await check(gate, uri, 0), await check(gate, uri, 1)], ['passed ada', '401 status_suspended'])
  await publish([1, 0], { name: 'changing', ttl: 1 })
  const begun = Date.now()
  while ((await check(gate, uri, 0)) === 'passed ada') {
    if (Date.now() - begun > 60_000) throw new Error('the token is still accepted')
    await new Promise((done) => setTimeout(done, 50))
  }
  same([await check(gate, uri, 0), await check(gate, uri, 1)], ['401 status_invalid', 'passed ada'])
})

test('a list by another key, with another media type, compressed on the way, and none', async () => {
  const foreign = await publish([0], { key: stranger })
  same(await check(gateWith(), foreign, 0), '503 status_list_signature')
  const uri = await publish([0, 1])
  const { pathname } = new URL(uri)
  const text = answers.get(pathname)
  const gzip = new Uint8Array(await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
  answers.set(pathname, (response) => response.writeHead(200, { 'content-type': 'application/statuslist+jwt', 'content-encoding': 'gzip' }).end(gzip))
  same([await check(gateWith(), uri, 0), await check(gateWith(), uri, 1)], ['passed ada', '401 status_invalid'])
  answers.set(pathname, (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(text))
  same(await check(gateWith(), uri, 0), '503 status_list_media_type')
  answers.set(pathname, (response) => response.writeHead(302, { location: '/statuslists/changing' }).end())
  same(await check(gateWith(), uri, 0), '503 status_list_redirected')
  answers.set(pathname, (response) => response.destroy())
  same(await check(gateWith(), uri, 0), '503 status_list_unreachable')
  answers.delete(pathname)
  same(await check(gateWith(), uri, 0), '503 status_list_status')
})

const folder = join(process.cwd(), 'snippets')
await mkdir(folder)
const snippets = await snippetsOf(join(TESTS, '..', '..', 'docs', 'status.md'))
/** A snippet, with the server in place of the issuer of the page. */
async function snippet(name) {
  const file = join(folder, name.replace(/\.js$/, '.mjs'))
  await writeFile(file, snippets.get(name).replaceAll('https://issuer.example', issuer))
  return import(pathToFileURL(file))
}

test('docs: a gate, and a verifier', async () => {
  const uri = await publish([0, 1])
  const { gate } = await snippet('gate.js')
  same([await check(gate, uri, 0), await check(gate, uri, 1), await check(gate, `${issuer}/other/1`, 0)], ['passed ada', '401 status_invalid', '401 status_uri'])
  const { verifier } = await snippet('verifier.js')
  same((await verifier.verify(await tokenAt(uri, 0))).payload.sub, 'ada')
  await refused(async () => verifier.verify(await tokenAt(uri, 1)), { refusal: 'status_invalid' })
  const plain = await sign({ iss: issuer, exp: now() + 300 }, { alg: 'ES256', kid: 'a' })
  await refused(async () => verifier.verify(plain), { refusal: 'status_missing' })
})

test('docs: every snippet was run', () => same([...snippets.keys()], ['gate.js', 'verifier.js']))

const outcome = await run()
ok(asked.length > 0)
server.closeAllConnections()
server.close()
process.exit(report(outcome))

/** The clients that people pass as `customFetch`, as they are: node-fetch 2 and 3 and undici, over real sockets. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RemoteKeySet, Verifier } from 'jotgate'
import * as facade from 'jotgate/jose'
import { testIssuer } from 'jotgate/testing'
import nodeFetch2 from 'node-fetch-2'
import nodeFetch3 from 'node-fetch-3'
import * as undici from 'undici'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { harness, ok, refused, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')

const audience = 'api'
const issuer = await testIssuer({ audience })
const token = await issuer.token({ sub: 'ada' })
const text = JSON.stringify(issuer.jwks)
const policy = { algorithms: ['ES256'], issuer: issuer.issuer, audience }
const seen = []
const answers = {
  '/jwks': (request, response) => {
    if (request.headers['if-none-match'] === '"a"') return response.writeHead(304).end()
    return response.writeHead(200, { 'etag': '"a"', 'cache-control': 'max-age=60', 'age': '5' }).end(text)
  },
  '/aged': (request, response) => {
    const age = request.headers['cache-control'] === 'no-cache' ? '0' : '7200'
    response.writeHead(200, { 'cache-control': 'max-age=60', age }).end(text)
  },
  '/large': (_, response) => response.end(' '.repeat(10_000_000)),
  '/latin1': (_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d])),
  '/redirect': (_, response) => response.writeHead(302, { location: '/jwks' }).end(),
  '/busy': (_, response) => response.writeHead(503, { 'retry-after': '7' }).end('x'.repeat(100_000)),
  '/drip': (_, response) => {
    const drip = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(drip))
  },
}
const server = createServer((request, response) => {
  seen.push([request.url, request.headers['user-agent']])
  answers[request.url](request, response)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const at = (path) => `http://127.0.0.1:${server.address().port}${path}`

const { test, run } = harness()
const clients = { 'node-fetch 2': nodeFetch2, 'node-fetch 3': nodeFetch3, 'undici': undici.fetch }
for (const [name, fetch] of Object.entries(clients)) {
  test(`V9: ${name} fetches a set, is asked with its entity tag, and names the package`, async () => {
    const keys = new RemoteKeySet(at('/jwks'), { fetch })
    const checks = new Verifier({ keys, ...policy })
    same((await checks.verify(token)).payload.sub, 'ada')
    const [[, agent]] = seen.slice(-1)
    ok(agent.startsWith('jotgate/'), agent)
    const set = keys.keySet
    ok((await keys.reload()) === set, 'the 304 confirms the set in hand')
    same(keys.export().cacheControl, 'max-age=60')
    const remote = facade.createRemoteJWKSet(new URL(at('/jwks')), { [facade.customFetch]: fetch })
    same((await facade.jwtVerify(token, remote)).payload.sub, 'ada')
  })

  test(`V9: ${name} asks past caches, and the same limits hold`, async () => {
    const aged = new RemoteKeySet(at('/aged'), { fetch })
    const before = seen.length
    const checks = new Verifier({ keys: aged, ...policy })
    same((await checks.verify(token)).payload.sub, 'ada')
    same(seen.length - before, 2)
    for (const [path, expected] of [
      ['/large', { code: 'ERR_JWKS_INVALID', refusal: 'jwks_too_large' }],
      ['/latin1', { code: 'ERR_JWKS_INVALID', refusal: 'jwks_not_utf8' }],
      ['/redirect', { refusal: 'key_set_redirected' }],
      ['/busy', { refusal: 'key_set_status', retryAfter: 7 }],
      ['/drip', { code: 'ERR_JWKS_TIMEOUT', refusal: 'key_set_timeout' }],
    ]) {
      const timeoutDuration = path === '/drip' ? 200 : 60_000
      const keys = new RemoteKeySet(at(path), { fetch, timeoutDuration })
      await refused(() => keys.reload(), expected, path)
    }
    // What was given up is given up: no socket is left open.
    for (let turn = 0; turn < 100; turn++) {
      const open = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
      if (open <= 2) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    ok(false, 'sockets are left open')
  })
}

try {
  process.exitCode = report(await run())
} finally {
  server.closeAllConnections()
  server.close()
}

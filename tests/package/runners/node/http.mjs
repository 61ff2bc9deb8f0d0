/** A remote key set against a real server on loopback, by the host's own `fetch`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { ok, refused, same } from '../../suite/harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../../suite/mint.mjs'

export function nodeHttpTests({ jotgate, test, world }) {
  const { RemoteKeySet, Verifier } = jotgate

  test('over HTTP: conditional requests, past caches for an unknown key, one fetch for many, discovery', async () => {
    const seen = []
    const server = createServer((request, response) => {
      const { url, headers } = request
      seen.push([url, headers['if-none-match'] ?? null, headers['cache-control'] ?? null])
      if (url === '/.well-known/openid-configuration') {
        const origin = `http://${headers.host}`
        return response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks` }))
      }
      if (headers['if-none-match'] === '"1"') return response.writeHead(304).end()
      response.writeHead(200, { etag: '"1"', 'cache-control': 'max-age=300' })
      setTimeout(() => response.end(JSON.stringify(world().jwks)), 20)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const keys = RemoteKeySet.fromIssuer(`http://127.0.0.1:${server.address().port}`)
      const checks = new Verifier({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
      const token = await world().token('ES256')
      await Promise.all(Array.from({ length: 50 }, () => checks.verify(token)))
      same(seen.splice(0), [
        ['/.well-known/openid-configuration', null, null],
        ['/jwks', null, null],
      ])
      const set = keys.keySet
      const stranger = await world().token('ES256', {}, { kid: 'other' })
      const strange = () => refused(() => checks.verify(stranger), { refusal: 'no_matching_key' })
      await Promise.all(Array.from({ length: 50 }, strange))
      same(seen.splice(0), [['/jwks', '"1"', 'no-cache']])
      ok(keys.keySet === set, 'a 304 leaves the set as it is')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('a fetch that has ended leaves no timer behind, well or badly', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    for (const answer of [async () => Response.json(world().jwks), () => Promise.reject(new Error('down'))]) {
      const keys = new RemoteKeySet('https://issuer.example/jwks', { fetch: answer, timeoutDuration: 30_000 })
      await keys.reload().catch(() => {})
      same(timers(), before)
    }
  })

  test('over HTTP: a set is fetched and kept, every bad answer is refused in bounded time, sockets are let go', async () => {
    let answer
    let requests = 0
    const open = new Set()
    const server = createServer((request, response) => {
      requests++
      open.add(response)
      response.on('close', () => open.delete(response))
      answer(response, request)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/jwks`
    try {
      const remote = (timeoutDuration) => new RemoteKeySet(url, { timeoutDuration, cooldownDuration: 0 })
      const verifier = (keys) => new Verifier({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
      const token = await world().token('ES256')
      const stranger = await world().token('ES256', {}, { kid: 'other' })
      const serve = (response) => response.end(JSON.stringify(world().jwks))
      answer = serve
      const first = remote(60_000)
      same((await verifier(first).verify(token)).payload, CLAIMS)
      same(requests, 1)

      const bad = [
        // Bodies that are never read and never end.
        ['key_set_redirected', (response) => response.writeHead(302, { location: '/other' }).write('elsewhere')],
        ['key_set_status', (response) => response.writeHead(503).write('{"keys":[]}')],
        ['key_set_unreachable', (response) => response.destroy()],
        ['key_set_timeout', () => {}],
        ['key_set_timeout', (response) => response.write('{"keys":[')],
        [
          'key_set_timeout',
          (response) => {
            const drip = setInterval(() => response.write(' '), 10)
            response.on('close', () => clearInterval(drip))
          },
        ],
        ['jwks_too_large', (response) => response.end('x'.repeat(10_000_000))],
        ['jwks_malformed', (response) => response.end('<html></html>')],
      ]
      for (const [refusal, bring] of bad) {
        answer = bring
        // Only what must come too late is given little time.
        const limit = refusal === 'key_set_timeout' ? 400 : 60_000
        await refused(() => verifier(remote(limit)).verify(token), { refusal }, refusal)
        const keys = remote(limit)
        keys.hydrate(first.export())
        const checks = verifier(keys)
        await refused(() => checks.verify(stranger), { refusal }, refusal)
        same((await checks.verify(token)).payload, CLAIMS)
        for (let turn = 0; open.size > 0 && turn < 600; turn++) await new Promise((settle) => setTimeout(settle, 50))
        same(open.size, 0, `${refusal}: a socket is not let go`)
      }
      answer = serve
      await refused(() => verifier(first).verify(stranger), { refusal: 'no_matching_key' })
    } finally {
      server.closeAllConnections()
      server.close()
    }
    await refused(() => new RemoteKeySet(url).reload(), { name: 'JWKSUnavailable', refusal: 'key_set_unreachable' })
  })
}

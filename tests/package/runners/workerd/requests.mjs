/**
 * Requests against a real workerd: two isolates of one worker share a cache, as those of a data centre do, and a client
 * hangs up while its fetch is under way. The issuer is a server on loopback.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { stopping } from '../serving.mjs'
import { lines } from './serve.mjs'
import { ok, same } from '../../suite/harness.mjs'

/** Runs the tests; `bundle`, `binary` and `jose` are the tools, `compatibility` the date and flags of the workers. */
export async function workerdRequests({ folder, runners, bundle, binary, jose, compatibility }) {
  const outdir = join(folder, 'requests')
  await cp(join(runners, 'worker_requests.mjs'), join(folder, 'worker_requests.mjs'))
  await bundle(folder, {
    entryPoints: [join(folder, 'worker_requests.mjs')],
    outdir,
    outExtension: { '.js': '.mjs' },
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
  })
  const wasm = (await readdir(outdir)).find((file) => file.endsWith('.wasm'))
  const pair = await jose.generateKeyPair('ES256')
  const jwk = { ...(await jose.exportJWK(pair.publicKey)), alg: 'ES256' }
  const jwks = { keys: [{ ...jwk, kid: 'a' }] }
  const signed = (kid, claims = {}, header = {}) =>
    new jose.SignJWT({ iss: 'https://issuer.example', aud: 'api', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, ...header })
      .setExpirationTime('1h')
      .sign(pair.privateKey)
  const token = await signed('a')

  const issuer = await served({ jwks })
  await cp(join(runners, 'worker_cache.mjs'), join(outdir, 'worker_cache.mjs'))
  const keys = `request.url === 'https://auth.example/jwks' ? Response.json(${JSON.stringify(jwks)}) : new Response('', { status: 404 })`
  await writeFile(join(outdir, 'auth.mjs'), `export default { fetch: (request) => ${keys} }`)
  await writeFile(join(outdir, 'worker.capnp'), capnp(wasm, compatibility))
  const child = spawn(binary, ['serve', join(outdir, 'worker.capnp'), '--control-fd=3'], {
    stdio: ['ignore', process.stderr, 'inherit', 'pipe'],
  })
  const stop = stopping(child)
  const failures = []
  let passed = 0
  try {
    const ports = await portsOf(child, ['one', 'two', 'cache'])
    // A request that waits for a lost fetch or a silent cache would wait for a minute: longer than this.
    const address = (isolate, path, more) => {
      const keys = `http://127.0.0.1:${issuer.server.address().port}${path}`
      return `http://127.0.0.1:${ports[isolate]}/?keys=${encodeURIComponent(keys)}${more}`
    }
    const headers = (bearer) => ({ authorization: `Bearer ${bearer}` })
    const ask = async (isolate, path, { bearer = token, more = '' } = {}) => {
      const signal = AbortSignal.timeout(30_000)
      const response = await fetch(address(isolate, path, more), { signal, headers: headers(bearer) })
      return response.json()
    }
    /** Asks as one who will hang up: what is returned does it, by a reset, since a mere end is noticed at the first write. */
    const impatient = (isolate, path, { bearer = token, more = '' } = {}) => {
      const client = get(address(isolate, path, more), { headers: headers(bearer), agent: false })
      client.on('error', () => {})
      return () => client.socket.resetAndDestroy()
    }
    const cache = async (mode) => {
      const search = mode === undefined ? '' : `?mode=${mode}`
      return (await fetch(`http://127.0.0.1:${ports.cache}/control${search}`)).json()
    }
    for (const [name, body] of Object.entries(tests({ ask, impatient, issuer, cache, jwk, jwks, signed }))) {
      try {
        await body()
        passed++
      } catch (thrown) {
        failures.push({ name, problem: `${thrown?.stack ?? thrown}` })
      }
    }
  } finally {
    stop()
    issuer.server.closeAllConnections()
    issuer.server.close()
  }
  return { passed, failures }
}

const PASS = { status: 200, refusal: null }

function tests({ ask, impatient, issuer, cache, jwk, jwks, signed }) {
  const serve =
    (headers = {}, set = jwks) =>
    (_, response) =>
      response.writeHead(200, headers).end(JSON.stringify(set))
  /** The answer to the next request at a path, as soon as it is asked for; it is never given. */
  const asked = (path) => new Promise((seen) => (issuer.routes[path] = (_, response) => seen(response)))
  return {
    'keys come by a service binding and from a function; a detached `fetch` is named in the error': async () => {
      const passed = { ...PASS, message: null, decisions: [200] }
      const stored = await cache()
      for (const by of ['binding', 'function']) {
        same(await ask('one', '/', { more: `&by=${by}` }), passed, by)
        const refused = await ask('one', '/', { more: `&by=${by}`, bearer: await signed('x') })
        same([refused.status, refused.refusal, refused.decisions], [401, 'no_matching_key', [401]])
      }
      const { status, refusal, message, decisions } = await ask('two', '/', { more: '&by=detached' })
      same([status, refusal, decisions], [503, 'key_set_unreachable', [503]])
      ok(message.includes('fetch: (url, init) => env.AUTH.fetch(url, init)'), message)
      same(await cache(), stored, 'the keys of a `fetch` of your own are shared with other isolates')
    },
    'complaint 3: the first request is cancelled while its fetch is under way, the second finishes': async () => {
      for (const [path, more] of [
        ['/cancelled', '&forgotten'],
        // `waitUntil` keeps the fetch alive, but no other request may wait for it.
        ['/left', ''],
      ]) {
        const hanging = asked(path)
        const hangUp = impatient('one', path, { more })
        const fetching = await hanging
        hangUp()
        if (more !== '') await once(fetching, 'close', { signal: AbortSignal.timeout(30_000) })
        issuer.routes[path] = serve()
        same(await ask('one', path, { more }), PASS, path)
        same(issuer.calls[path], 2, path)
      }
    },
    'complaint 3: a request for an unknown key is cancelled: its mark ends, and another one finishes': async () => {
      const [path, more, bearer] = ['/unknown', '&timeout=3000&forgotten', await signed('b')]
      issuer.routes[path] = serve()
      same(await ask('one', path, { more }), PASS)
      const hanging = asked(path)
      const hangUp = impatient('one', path, { bearer, more })
      const fetching = await hanging
      // Meanwhile another request gets 503 with `Retry-After` at once.
      const later = { status: 503, refusal: 'key_set_pending' }
      same(await ask('one', path, { bearer, more }), later)
      hangUp()
      await once(fetching, 'close', { signal: AbortSignal.timeout(30_000) })
      same(await ask('one', path, { more }), PASS, 'whose key is in hand need not care')
      issuer.routes[path] = serve({}, { keys: [...jwks.keys, { ...jwk, kid: 'b' }] })
      let answer
      await until(async () => (answer = await ask('one', path, { bearer, more })).refusal !== later.refusal)
      same(answer, PASS)
      same(issuer.calls[path], 3)
    },
    'a hundred cold requests at once, half of them cancelled: the others finish': async () => {
      const waiting = []
      const all = new Promise((arrived) => {
        issuer.routes['/burst'] = (_, response) => void (waiting.push(response) === 100 && arrived())
      })
      const more = '&forgotten'
      const half = Array.from({ length: 50 }, () => impatient('one', '/burst', { more }))
      const rest = Array.from({ length: 50 }, () => ask('one', '/burst', { more }))
      await Promise.race([all, ...rest])
      for (const hangUp of half) hangUp()
      await until(() => waiting.filter(({ closed }) => closed).length === 50)
      for (const response of waiting) serve()(undefined, response)
      for (const found of await Promise.all(rest)) same(found, PASS)
    },
    'complaint 1: an isolate takes from the shared cache what another one fetched, and the issuer is asked once':
      async () => {
        issuer.routes['/shared'] = serve({ 'cache-control': 'max-age=300', age: '10' })
        const puts = (await cache()).length
        same(await ask('one', '/shared'), PASS)
        await until(async () => (await cache()).length > puts)
        same(issuer.calls['/shared'], 1)
        issuer.routes['/shared'] = (_, response) => response.destroy()
        same(await ask('two', '/shared'), PASS)
        same(issuer.calls['/shared'], 1)
        // No address that a fetch could fill, and only a hash distinguishes the sets.
        for (const key of await cache()) ok(/^https:\/\/jotgate\.invalid\/key-set\/1\/[0-9a-f]{64}$/.test(key), key)
      },
    'an isolate takes a status list from the shared cache, too': async () => {
      const lists = `http://127.0.0.1:${issuer.server.address().port}/lists/`
      const uri = `${lists}1`
      const list = { bits: 1, lst: deflateSync(Buffer.from([0b10])).toString('base64url') }
      const text = await signed('a', { sub: uri, iat: Math.floor(Date.now() / 1000), ttl: 300, status_list: list }, { typ: 'statuslist+jwt' })
      issuer.routes['/keys-of-lists'] = serve()
      issuer.routes['/lists/1'] = (_, response) => response.writeHead(200, { 'content-type': 'application/statuslist+jwt' }).end(text)
      const words = async (isolate) => {
        const more = `&lists=${encodeURIComponent(lists)}`
        const tokens = await Promise.all([0, 1].map((idx) => signed('a', { status: { status_list: { idx, uri } } })))
        return Promise.all(tokens.map(async (bearer) => (await ask(isolate, '/keys-of-lists', { bearer, more })).refusal))
      }
      const puts = (await cache()).length
      same(await words('one'), [null, 'status_invalid'])
      await until(async () => (await cache()).length > puts + 1)
      const fetched = issuer.calls['/lists/1']
      issuer.routes['/lists/1'] = (_, response) => response.destroy()
      same(await words('two'), [null, 'status_invalid'])
      same(issuer.calls['/lists/1'], fetched)
    },
    'a hundred cold isolates ask the issuer once, and none of them fails while it is slow, down or limiting': async () => {
      const hundred = (path) => Promise.all(Array.from({ length: 100 }, () => ask('one', path, { more: '&cold' })))
      const answers = {
        slow: (_, response) => setTimeout(() => serve()(_, response), 300),
        down: (_, response) => response.destroy(),
        limiting: (_, response) => response.writeHead(429, { 'retry-after': '60' }).end(),
      }
      for (const [name, answer] of Object.entries(answers)) {
        const path = `/hundred-${name}`
        const puts = (await cache()).length
        issuer.routes[path] = serve({ 'cache-control': 'max-age=2' })
        same(await ask('two', path), PASS)
        await until(async () => (await cache()).length > puts)
        issuer.routes[path] = answer
        for (const found of await hundred(path)) same(found, PASS, name)
        const fresh = issuer.calls[path]
        ok(fresh <= 2, `${name}: ${fresh} fetches while the set is fresh`)
        await new Promise((settle) => setTimeout(settle, 2_500))
        // The stored set is stale now: each isolate may ask once, and serves the stale one meanwhile.
        for (const found of await hundred(path)) same(found, PASS, `${name}, stale`)
        ok(issuer.calls[path] - fresh <= 100, `${name}: ${issuer.calls[path] - fresh} fetches`)
      }
    },
    'a set from the shared cache is as old as it is: an aged one is refreshed, and the answer does not wait for that':
      async () => {
        issuer.routes['/aged'] = serve({ 'cache-control': 'max-age=100', age: '80' })
        const puts = (await cache()).length
        same(await ask('one', '/aged'), PASS)
        await until(async () => (await cache()).length > puts)
        let refresh
        issuer.routes['/aged'] = (_, response) => (refresh = response)
        same(await ask('two', '/aged'), PASS)
        await until(() => refresh !== undefined)
        same(issuer.calls['/aged'], 2)
        // The request is long over; what it began goes on, and brings a set that lacks the token's key.
        issuer.routes['/aged'] = serve({}, { keys: [{ ...jwk, kid: 'b' }] })
        issuer.routes['/aged'](undefined, refresh)
        let answer
        await until(async () => (answer = await ask('two', '/aged')).status !== 200)
        same(answer, { status: 401, refusal: 'no_matching_key' })
      },
    '10,000 requests that bring random kids cost one fetch for a key': async () => {
      issuer.routes['/random'] = serve()
      same(await ask('one', '/random'), PASS)
      const [, payload, signature] = (await signed('a')).split('.')
      const found = new Set()
      const since = Date.now()
      const asking = Array.from({ length: 50 }, async (_, lane) => {
        for (let turn = 0; turn < 200; turn++) {
          const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `${lane}-${turn}` })).toString('base64url')
          const { status, refusal } = await ask('one', '/random', { bearer: `${header}.${payload}.${signature}` })
          found.add(`${status} ${refusal}`)
        }
      })
      await Promise.all(asking)
      // During the fetch it is unknown whether the key exists.
      same([...found].filter((answer) => answer !== '503 key_set_pending'), ['401 no_matching_key'])
      // One for the good token, and one for each cool-down that began meanwhile: one on most machines.
      const most = 2 + Math.floor((Date.now() - since) / 30_000)
      ok(issuer.calls['/random'] >= 2 && issuer.calls['/random'] <= most, `${issuer.calls['/random']} fetches`)
    },
    'a shared cache with nonsense, or without an answer, blocks no request': async () => {
      for (const name of ['page', 'empty', 'broken', 'silent']) {
        await cache(name)
        issuer.routes[`/${name}`] = serve()
        same(await ask('two', `/${name}`), PASS, name)
        same(issuer.calls[`/${name}`], 1, name)
      }
      await cache('')
    },
  }
}

async function until(holds) {
  for (let turn = 0; turn < 600; turn++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not happen')
}

/** An issuer whose answers can be changed, and which counts. */
async function served() {
  const self = { routes: {}, calls: {} }
  self.server = createServer((request, response) => {
    self.calls[request.url] = (self.calls[request.url] ?? 0) + 1
    const route = self.routes[request.url] ?? (() => response.writeHead(404).end())
    route(request, response)
  })
  self.server.listen(0, '127.0.0.1')
  await once(self.server, 'listening')
  return self
}

function portsOf(child, names) {
  return new Promise((settle, reject) => {
    const ports = {}
    let said = ''
    child.stdio[3].on('data', (data) => {
      said += data
      for (const line of said.split('\n')) {
        const event = line.startsWith('{') && line.endsWith('}') ? JSON.parse(line) : {}
        if (event.event === 'listen') ports[event.socket] = event.port
      }
      if (names.every((name) => name in ports)) settle(ports)
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened`)))
  })
}

function capnp(wasm, compatibility) {
  const worker = `(
  modules = [
    (name = "worker_requests.mjs", esModule = embed "worker_requests.mjs"),
    (name = "./${wasm}", wasm = embed "${wasm}"),
  ],
  bindings = [ (name = "AUTH", service = "auth") ],
  ${lines(compatibility)}
  cacheApiOutbound = "cache",
)`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "one", worker = .one),
    (name = "two", worker = .two),
    (name = "cache", worker = .cache),
    (name = "auth", worker = .auth),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [
    (name = "one", address = "127.0.0.1:0", http = (), service = "one"),
    (name = "two", address = "127.0.0.1:0", http = (), service = "two"),
    (name = "cache", address = "127.0.0.1:0", http = (), service = "cache"),
  ],
);
const one :Workerd.Worker = ${worker};
const two :Workerd.Worker = ${worker};
const auth :Workerd.Worker = (
  modules = [ (name = "auth.mjs", esModule = embed "auth.mjs") ],
  compatibilityDate = "2026-01-01",
);
const cache :Workerd.Worker = (
  modules = [ (name = "worker_cache.mjs", esModule = embed "worker_cache.mjs") ],
  compatibilityDate = "2026-01-01",
);
`
}

/**
 * Requests against a real workerd: two isolates of one worker share a cache, as those of a data centre do, and a client
 * hangs up while its fetch is under way. The issuer is a server on loopback.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { stopping } from './runners/serving.mjs'
import { ok, same } from './suite/harness.mjs'

/** Runs the tests; `bundle`, `binary` and `jose` are the tools. */
export async function workerdRequests({ folder, runners, bundle, binary, jose }) {
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
  const jwks = { keys: [{ ...(await jose.exportJWK(pair.publicKey)), kid: 'a', alg: 'ES256' }] }
  const token = await new jose.SignJWT({ iss: 'https://issuer.example', aud: 'api' })
    .setProtectedHeader({ alg: 'ES256', kid: 'a' })
    .setExpirationTime('1h')
    .sign(pair.privateKey)

  const issuer = await served({ jwks })
  await cp(join(runners, 'worker_cache.mjs'), join(outdir, 'worker_cache.mjs'))
  await writeFile(join(outdir, 'worker.capnp'), capnp(wasm))
  const child = spawn(binary, ['serve', join(outdir, 'worker.capnp'), '--control-fd=3'], {
    stdio: ['ignore', process.stderr, 'inherit', 'pipe'],
  })
  const stop = stopping(child)
  const failures = []
  let passed = 0
  try {
    const ports = await portsOf(child, ['one', 'two', 'cache'])
    // Whoever waits for a fetch that vanished, or for a cache that is silent, waits for a minute: longer than this.
    const ask = async (isolate, path, signal = AbortSignal.timeout(30_000)) => {
      const keys = `http://127.0.0.1:${issuer.server.address().port}${path}`
      const address = `http://127.0.0.1:${ports[isolate]}/?keys=${encodeURIComponent(keys)}`
      const response = await fetch(address, { signal, headers: { authorization: `Bearer ${token}` } })
      return response.json()
    }
    const cache = async (mode) => {
      const search = mode === undefined ? '' : `?mode=${mode}`
      return (await fetch(`http://127.0.0.1:${ports.cache}/control${search}`)).json()
    }
    for (const [name, body] of Object.entries(tests({ ask, issuer, cache, jwks }))) {
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

function tests({ ask, issuer, cache, jwks }) {
  const serve =
    (headers = {}) =>
    (_, response) =>
      response.writeHead(200, headers).end(JSON.stringify(jwks))
  return {
    'complaint 3: the first request is cancelled while its fetch is under way, the second finishes': async () => {
      const hanging = new Promise((seen) => (issuer.routes['/cancelled'] = () => seen()))
      const client = new AbortController()
      const first = ask('one', '/cancelled', client.signal).catch(() => 'cancelled')
      await hanging
      client.abort()
      same(await first, 'cancelled')
      issuer.routes['/cancelled'] = serve()
      same(await ask('one', '/cancelled'), PASS)
      same(issuer.calls['/cancelled'], 2)
    },
    'a hundred cold requests at once, half of them cancelled: the others finish': async () => {
      const waiting = []
      const all = new Promise((arrived) => {
        issuer.routes['/burst'] = (_, response) => void (waiting.push(response) === 100 && arrived())
      })
      const client = new AbortController()
      const half = Array.from({ length: 50 }, () => ask('one', '/burst', client.signal).catch(() => 'cancelled'))
      const rest = Array.from({ length: 50 }, () => ask('one', '/burst'))
      await Promise.race([all, ...rest])
      client.abort()
      same([...new Set(await Promise.all(half))], ['cancelled'])
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
        // No address that a fetch could fill, and a hash alone tells the sets apart.
        for (const key of await cache()) ok(/^https:\/\/jotgate\.invalid\/key-set\/1\/[0-9a-f]{64}$/.test(key), key)
      },
    'a set from the shared cache is as old as it is: an aged one is refreshed': async () => {
      issuer.routes['/aged'] = serve({ 'cache-control': 'max-age=100', age: '80' })
      const puts = (await cache()).length
      same(await ask('one', '/aged'), PASS)
      await until(async () => (await cache()).length > puts)
      same(await ask('two', '/aged'), PASS)
      await until(() => issuer.calls['/aged'] === 2)
    },
    'a shared cache that brings nonsense, or nothing, stands in nobody’s way': async () => {
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

function capnp(wasm) {
  const worker = `(
  modules = [
    (name = "worker_requests.mjs", esModule = embed "worker_requests.mjs"),
    (name = "./${wasm}", wasm = embed "${wasm}"),
  ],
  compatibilityDate = "2026-01-01",
  cacheApiOutbound = "cache",
)`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "one", worker = .one),
    (name = "two", worker = .two),
    (name = "cache", worker = .cache),
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
const cache :Workerd.Worker = (
  modules = [ (name = "worker_cache.mjs", esModule = embed "worker_cache.mjs") ],
  compatibilityDate = "2026-01-01",
);
`
}

/**
 * A page of one origin that calls a gate of another, under a Content-Security-Policy that forbids WebAssembly. The gate runs in Node,
 * behind `cors`; the page is `cross_origin_page.mjs`.
 */
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { freePort } from '../serving.mjs'
import { BROWSERS, visit } from './browsers.mjs'

/** Scripts of the page's own origin, and requests to everywhere; no `'wasm-unsafe-eval'`. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src *; worker-src 'self'; img-src 'self'"

/** The suite in one browser. */
export const crossOriginIn =
  (name) =>
  async ({ folder }, tools) => {
    const browser = BROWSERS[name]
    const binary = browser.find()
    const bundled = async (entry, to) => {
      await cp(join(tools.here, 'runners', 'browsers', entry), join(folder, entry))
      const outfile = join(folder, 'www', to)
      await tools.bundle(folder, { entryPoints: [join(folder, entry)], outfile, minify: true })
      return outfile
    }
    const page = await bundled('cross_origin_page.mjs', 'page.js')
    const worker = await bundled('cross_origin_worker.mjs', 'worker.js')
    const api = {}
    const files = {
      '/page.js': page,
      '/worker.js': worker,
      // The gate lists the page's origin, which is known only now.
      '/about': async (request) => Object.assign(api, await apiFor(`http://${request.headers.host}`, folder)).about,
    }
    try {
      return await visit(browser, binary, tools, files, '', POLICY)
    } finally {
      api.server?.closeAllConnections()
      api.server?.close()
    }
  }

/** An API with gates of several kinds, for pages of this origin. `about` has its address and its tokens for the page. */
async function apiFor(origin, folder) {
  const load = createRequire(join(folder, 'package.json'))
  const { createGate } = load('jotgate')
  const { guardHandler } = load('jotgate/express')
  const { testIssuer } = load('jotgate/testing')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuer = await testIssuer({ audience: url })
  const options = { resource: url, issuer: issuer.issuer, algorithms: ['ES256'], fetch: issuer.fetch }
  const down = async () => new Response('', { status: 503, headers: { 'retry-after': '7' } })
  const gates = {
    '/open': createGate({ ...options, cors: true }),
    '/listed': createGate({ ...options, cors: [origin] }),
    '/cookie': createGate({ ...options, cookie: 'session', cors: { origins: [origin], credentials: true } }),
    '/others': createGate({ ...options, cors: ['https://app.example'] }),
    '/without': createGate(options),
    '/down': createGate({ ...options, fetch: down, cors: [origin] }),
  }
  const handle = (request, response, auth) => {
    response.setHeader('mcp-session-id', 's1')
    response.setHeader('x-internal', 'hidden')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ sub: auth.payload.sub, method: request.method }))
  }
  const guarded = Object.fromEntries(
    Object.entries(gates).map(([path, gate]) => [path, guardHandler(gate, handle, { scopes: ['notes:read'] })]),
  )
  const server = createServer((request, response) => {
    const known = guarded[request.url] ?? guarded['/listed']
    known(request, response)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const tokens = {
    good: await issuer.token({ sub: 'ada' }, { scope: 'notes:read' }),
    weak: await issuer.token({ sub: 'ada' }, { scope: 'notes:list' }),
    expired: await issuer.bad.expired({ sub: 'ada' }, { scope: 'notes:read' }),
  }
  return { server, about: { url, issuer: issuer.issuer, tokens } }
}

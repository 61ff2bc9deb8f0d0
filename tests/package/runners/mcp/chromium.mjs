/** An MCP client in a page of Chromium, at another origin than the server: CORS lets it read the challenge and the answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BROWSERS } from '../browsers/browsers.mjs'
import { stopping } from '../serving.mjs'
import { clientCredentials } from './world.mjs'

/** How long the page may take, in milliseconds. */
const LIMIT = 60_000

/** What the page of `page.mjs` reports about the server at that URL. */
export async function chromiumClient(url, world, { folder }, tools) {
  const outfile = join(folder, 'mcp-page.js')
  const entry = join(tools.here, 'runners', 'mcp', 'page.mjs')
  await tools.bundle(folder, { entryPoints: [entry], outfile, platform: 'browser', nodePaths: [join(folder, 'node_modules')] })
  const binary = BROWSERS.chromium.find()
  const profile = await mkdtemp(join(tmpdir(), 'jotgate-browser-'))
  let stop
  const { promise, resolve, reject } = withResolvers()
  const pages = {
    '/': () => ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': async () => ['text/javascript', await readFile(outfile)],
    '/about': () => ['application/json', JSON.stringify({ url })],
    '/token': async () => ['text/plain', (await clientCredentials(url, world)).access_token],
    '/report': async (request) => {
      resolve(JSON.parse(await text(request)))
      return ['text/plain', '']
    },
  }
  const server = createServer(async (request, response) => {
    const page = pages[request.url]
    if (page === undefined) return response.writeHead(404).end()
    const [type, body] = await page(request)
    response.writeHead(200, { 'content-type': type }).end(body)
  }).listen(0, '127.0.0.1')
  const timer = setTimeout(() => reject(new Error(`the page reported nothing within ${LIMIT} ms`)), LIMIT)
  try {
    await once(server, 'listening')
    const [program, ...args] = BROWSERS.chromium.open(binary, profile, `http://127.0.0.1:${server.address().port}/`)
    const child = spawn(program, args, { stdio: 'ignore' })
    stop = stopping(child)
    return await promise
  } finally {
    clearTimeout(timer)
    stop?.()
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers() {
  let resolve, reject
  const promise = new Promise((settle, fail) => ((resolve = settle), (reject = fail)))
  return { promise, resolve, reject }
}

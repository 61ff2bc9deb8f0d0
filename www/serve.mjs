/**
 * Serves the built page with the header fields of its `headers.json`. The tests and the demo use it:
 *
 *     node www/serve.mjs target/www 8080
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

/**
 * Starts the server on loopback, on any free port if `port` is 0. `served` is called with each path and its compressed size in bytes.
 * `changed` gets the path, the body and the header fields of an answer, and returns the body and the fields to send.
 */
export async function servePage(folder, port = 0, served = () => {}, changed = (_, answer) => answer) {
  const root = resolve(folder)
  const fields = JSON.parse(await readFile(join(root, 'headers.json'), 'utf8'))
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    const file = await readFile(join(root, path)).catch(() => undefined)
    if (file === undefined) return response.writeHead(404, { ...fields['/*'] }).end()
    const { body, named } = changed(path, { body: file, named: fields[path] ?? fields['/*'] })
    const compressed = brotliCompressSync(body)
    served(path, compressed.length)
    response.writeHead(200, {
      ...named,
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-encoding': 'br',
      'cache-control': 'no-cache',
    })
    response.end(request.method === 'HEAD' ? undefined : compressed)
  })
  await new Promise((settle, reject) => server.once('error', reject).listen(port, '127.0.0.1', settle))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder = 'target/www', port = '8080'] = process.argv.slice(2)
  const { origin } = await servePage(folder, Number(port))
  console.log(`the page is at ${origin}/`)
}

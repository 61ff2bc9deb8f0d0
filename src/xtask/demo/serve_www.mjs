/**
 * Serves the page on loopback, with a real `oidc-provider` for its login. `cargo xtask demo --www` runs it:
 *
 *     node src/xtask/demo/serve_www.mjs target/npm/jotgate/dist target/www
 *
 * prints `{"page": …, "issuer": …}` once both answer, and runs until it is stopped.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { API, API_SCOPES, CLIENT, startProvider } from '../../../tests/package/runners/oidc_provider.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}
const CLOSED = "base-uri 'none'; form-action 'none'; object-src 'none'; require-trusted-types-for 'script'"
/** The login: scripts of its own, and connections to its issuer alone. */
const login = (issuer) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${issuer}; frame-ancestors 'none'; trusted-types 'none'; ${CLOSED}`

/** Serves the built page of a folder, or the sources where none is given, and the package's files below `/jotgate/`. */
export async function serveWww(dist, { folder = join(root, 'www'), ...options } = {}) {
  const fields = JSON.parse(await readFile(join(folder, 'headers.json'), 'utf8').catch(() => '{}'))
  let issuer
  let page
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page')
    const path = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname))
    const file = path.startsWith('/jotgate/') ? join(dist, path.slice('/jotgate'.length)) : join(folder, path)
    const settings = JSON.stringify({ issuer, clientId: CLIENT, scopes: ['openid', 'profile', ...API_SCOPES], resource: API })
    const body = path === '/login.config.js' ? `export default ${settings}\n` : await readFile(file).catch(() => undefined)
    if (body === undefined) return response.writeHead(404).end()
    response.writeHead(200, {
      ...(fields[path] ?? fields['/*']),
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...(path === '/login.html' && { 'content-security-policy': login(issuer) }),
    })
    response.end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  page = `http://127.0.0.1:${server.address().port}`
  const provider = await startProvider([`${page}/login.html`], { returnUris: [`${page}/login.html`], ...options })
  ;({ issuer } = provider)
  return {
    page,
    issuer,
    provider,
    stop() {
      provider.stop()
      server.closeAllConnections()
      server.close()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { page, issuer } = await serveWww(resolve(process.argv[2]), { folder: resolve(process.argv[3]) })
  console.log(JSON.stringify({ page, issuer }))
}

/** What the login suites run in: the app's pages and a real `oidc-provider`, each an origin of its own on loopback. */
import { once } from 'node:events'
import { cp, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { API, CLIENT, startProvider } from '../oidc_provider.mjs'

/** The app as a stranger's esbuild bundles it. */
export async function bundleApp({ folder }, { here, bundle }) {
  await cp(join(here, 'runners', 'login', 'page.mjs'), join(folder, 'login_page.mjs'))
  const outfile = join(folder, 'www', 'app.js')
  await bundle(folder, { entryPoints: [join(folder, 'login_page.mjs')], outfile, minify: true })
  return readFile(outfile)
}

/** Serves the app's pages; `use` changes the options of `createLogin` on the pages that are loaded from then on. */
export async function startApp(script) {
  const login = {}
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://app')
    if (pathname === '/app.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    if (pathname !== '/' && pathname !== '/callback' && pathname !== '/items/7') return response.writeHead(404).end()
    const page = JSON.stringify(login)
    response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' })
    response.end(`<!doctype html><meta charset="utf-8"><title>app</title><link rel="icon" href="data:,">
<script type="application/json" id="options">${page.replaceAll('<', '\\u003c')}</script>
<script type="module" src="/app.js"></script>`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    use: (more) => Object.assign(login, more),
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Starts both servers. */
export async function startWorld(script, options) {
  const app = await startApp(script)
  const { origin } = app
  const hooks = { before: undefined }
  const provider = await startProvider([`${origin}/callback`], {
    returnUris: [`${origin}/`],
    before: (request, response) => hooks.before?.(request, response),
    ...options,
  })
  const { issuer } = provider
  const scopes = ['openid', 'profile', 'items:read']
  app.use({ issuer, clientId: CLIENT, redirectUri: `${origin}/callback`, scopes, resource: API })
  return {
    origin,
    issuer,
    provider: provider.provider,
    hooks,
    use: app.use,
    stop() {
      provider.stop()
      app.stop()
    },
  }
}

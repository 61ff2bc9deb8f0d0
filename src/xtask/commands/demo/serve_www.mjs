/**
 * Serves the built pages on loopback, with a real `oidc-provider` for the login. `cargo xtask demo --www` runs it:
 *
 *     node src/xtask/commands/demo/serve_www.mjs target/www
 *
 * prints `{"page": …, "issuer": …}` once both answer, and runs until it is stopped.
 */
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { API, API_SCOPES, CLIENT, startProvider } from '../../../../tests/package/runners/oidc_provider.mjs'
import { servePage } from '../../../../www/serve.mjs'

/** Serves `folder`, which `www/build.mjs` wrote; its login gets the address of the provider. */
export async function serveWww(folder) {
  const { default: built } = await import(pathToFileURL(join(folder, 'login.config.mjs')))
  const policy = 'content-security-policy'
  let issuer
  const page = await servePage(folder, 0, undefined, (path, { body, named }) => {
    if (path === '/login.config.mjs') {
      const settings = { issuer, clientId: CLIENT, scopes: ['openid', 'profile', ...API_SCOPES], resource: API }
      return { body: `export default ${JSON.stringify(settings)}\n`, named }
    }
    if (path !== '/login.html') return { body, named }
    // The policy was built for the issuer of the file; everything else of it stays as it is.
    return { body, named: { ...named, [policy]: named[policy].replace(new URL(built.issuer).origin, issuer) } }
  })
  const login = `${page.origin}/login.html`
  const provider = await startProvider([login], { returnUris: [login] })
  ;({ issuer } = provider)
  const stop = () => {
    provider.stop()
    page.close()
  }
  return { page: page.origin, issuer, stop }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { page, issuer } = await serveWww(resolve(process.argv[2]))
  console.log(JSON.stringify({ page, issuer }))
}

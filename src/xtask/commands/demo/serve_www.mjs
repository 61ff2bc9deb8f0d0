/**
 * Serves the built pages on loopback; the login page logs in at a companion that runs already. `cargo xtask demo --www` runs it:
 *
 *     node src/xtask/commands/demo/serve_www.mjs target/www '{"issuer": …, "clientId": …, "scopes": […], "resource": …}'
 *
 * prints `{"page": …}` once it answers, and runs until it is stopped.
 */
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { servePage } from '../../../../www/serve.mjs'

/**
 * Serves `folder`, which `www/build.mjs` wrote.
 *
 * @param settings - what the login page takes in place of `login.config.mjs`
 * @returns the address of the page, and what stops it
 */
export async function serveWww(folder, settings) {
  const { default: built } = await import(pathToFileURL(join(folder, 'login.config.mjs')))
  const policy = 'content-security-policy'
  const { issuer } = settings
  const { origin, close } = await servePage(folder, 0, undefined, (path, { body, named }) => {
    if (path === '/login.config.mjs') return { body: `export default ${JSON.stringify(settings)}\n`, named }
    if (path !== '/login.html') return { body, named }
    // The policy was built for the issuer of the file; everything else of it stays as it is.
    const changed = { ...named, [policy]: named[policy].replace(new URL(built.issuer).origin, new URL(issuer).origin) }
    return { body: String(body).replace('<section id="login"', `${firstStep(issuer)}$&`), named: changed }
  })
  return { page: origin, stop: close }
}

/** No browser trusts the certificate of `--dev-tls` before a person has accepted it. */
function firstStep(issuer) {
  const link = `<a href="${issuer}/.well-known/openid-configuration" target="_blank" rel="noopener">Open the issuer</a>`
  return `<p class="help" id="first-step">Demo: the issuer's certificate is self-signed. ${link} once and accept it, then log in here.</p>\n      `
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder, settings] = process.argv
  const { page } = await serveWww(resolve(folder), JSON.parse(settings))
  console.log(JSON.stringify({ page }))
}

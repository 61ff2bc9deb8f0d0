/** What the suites of the page share: the built page, its server, and a second origin with documents of an issuer and an MCP server. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { servePage } from '../../../www/serve.mjs'

/** Builds the page from the packed package; the folder of the page. */
export function buildPage({ folder }, { here }) {
  const root = dirname(dirname(here))
  const out = join(folder, 'www')
  const args = [join(root, 'www', 'build.mjs'), '--package', join(folder, 'node_modules', 'jotgate'), '--out', out]
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return out
}

/**
 * Starts both servers. `tokens` are from the issuer at `issuer`; `/closed` is an issuer that no page may read.
 *
 * @param isRecorded - whether the page gets the script that records violations and errors
 */
export async function startWorld(out, { require }, isRecorded) {
  const jose = await import(pathToFileURL(require.resolve('jose')))
  const { privateKey, publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const keys = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
  const asked = []
  let other = ''
  const metadata = (issuer) => ({
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, other)
    asked.push({ method: request.method, path: pathname, headers: request.headers })
    const open = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate', 'content-type': 'application/json' }
    const documents = {
      '/.well-known/openid-configuration': [open, metadata(other)],
      '/.well-known/oauth-authorization-server': [open, metadata(other)],
      '/jwks': [open, keys],
      '/closed/.well-known/openid-configuration': [{ 'content-type': 'application/json' }, metadata(`${other}/closed`)],
      '/.well-known/oauth-protected-resource/mcp': [open, { resource: `${other}/mcp`, authorization_servers: [other], bearer_methods_supported: ['header'] }],
    }
    if (pathname === '/mcp') {
      const challenge = `Bearer resource_metadata="${other}/.well-known/oauth-protected-resource/mcp"`
      return response.writeHead(401, { ...open, 'www-authenticate': challenge }).end('{}')
    }
    const found = documents[pathname]
    if (found === undefined) return response.writeHead(404, open).end('{}')
    response.writeHead(200, found[0]).end(JSON.stringify(found[1]))
  })
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle))
  other = `http://127.0.0.1:${server.address().port}`
  const weights = new Map()
  const recorder = await readFile(new URL('www_recorder.js', import.meta.url), 'utf8')
  const recorded = (path, { body, named }) => {
    if (!isRecorded || path !== '/index.html') return { body, named }
    const sum = createHash('sha256').update(recorder).digest('base64')
    const policy = named['content-security-policy'].replace('script-src ', `script-src 'sha256-${sum}' `)
    const own = String(body).replace('<meta charset="utf-8">', () => `<meta charset="utf-8"><script>${recorder}</script>`)
    return { body: own, named: { ...named, 'content-security-policy': policy } }
  }
  const page = await servePage(out, 0, (path, bytes) => weights.set(path, bytes), recorded)
  const token = (issuer = other) =>
    new jose.SignJWT({ name: 'Ada Lovelace', scope: 'items:read' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
      .setIssuer(issuer)
      .setAudience('https://api.example')
      .setSubject('user-1')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
  const stop = () => {
    page.close()
    server.closeAllConnections()
    server.close()
  }
  return { page: page.origin, other, asked, keys, token, weights, stop }
}

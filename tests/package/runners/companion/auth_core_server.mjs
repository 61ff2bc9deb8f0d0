/**
 * An application with the unmodified `@auth/core`; prints its origin. The environment has `ISSUER`, `CLIENT`, `SECRET`, the certificate of the
 * issuer (`NODE_EXTRA_CA_CERTS`), and `PACKAGES`, from where the package is loaded.
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { buffer } from 'node:stream/consumers'

const { ISSUER, CLIENT, SECRET, PACKAGES } = process.env
const { Auth } = await import(pathToFileURL(createRequire(PACKAGES).resolve('@auth/core')))

/** As the documentation of Auth.js renews tokens: by a request of the application's own. */
async function renewed(token) {
  const response = await fetch(`${ISSUER}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.refresh }),
  })
  const tokens = await response.json()
  if (!response.ok) throw new Error(tokens.error)
  return { ...token, access: tokens.access_token, refresh: tokens.refresh_token, id: tokens.id_token, renewals: (token.renewals ?? 0) + 1 }
}

const config = {
  basePath: '/auth',
  secret: 'for this run alone',
  trustHost: true,
  providers: [
    {
      id: 'jotgate',
      name: 'jotgate',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT,
      clientSecret: SECRET,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: 'openid profile email offline_access' } },
      idToken: false,
    },
  ],
  callbacks: {
    jwt: ({ token, account, profile, trigger }) => {
      if (account) {
        const { access_token: access, refresh_token: refresh, id_token: id } = account
        return { ...token, access, refresh, id, name: profile.name, email: profile.email }
      }
      return trigger === 'update' ? renewed(token) : token
    },
    session: ({ session, token }) => ({ ...session, sub: token.sub, id: token.id, access: token.access, renewals: token.renewals ?? 0 }),
  },
}

const server = createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, `http://127.0.0.1:${server.address().port}`)
  if (!url.pathname.startsWith('/auth/')) {
    return outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title><link rel="icon" href="data:,">')
  }
  const headers = Object.entries(incoming.headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]))
  const body = incoming.method === 'POST' ? await buffer(incoming) : undefined
  const response = await Auth(new Request(url, { method: incoming.method, headers, body }), config)
  const cookies = response.headers.getSetCookie()
  response.headers.delete('set-cookie')
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), 'set-cookie': cookies })
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}).listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

/**
 * Starts a real `oidc-provider` on loopback. The login suites and `cargo xtask demo --www` use it:
 *
 *     node tests/package/runners/oidc_provider.mjs <redirect URI>
 *
 * prints `{"issuer": …}` once it answers, and runs until it is stopped. Anyone can log in there, with any password.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tests = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const require = createRequire(join(tests, 'package.json'))

/** The id of the client that it knows: a single-page app, without a secret. */
export const CLIENT = 'jotgate-page'
/** The API that access tokens are for, if the client asks for it: then they are JWTs. */
export const API = 'https://api.example'
/** The scopes of that API. */
export const API_SCOPES = ['items:read', 'items:write']

/**
 * @param redirectUris - the pages that it redirects to after a login
 * @param options.returnUris - the pages that it redirects to after a logout
 * @param options.accessSeconds - the life of access tokens
 * @param options.before - sees each request first; returns `true` if it has answered it itself
 * @param options.settings - replaces settings of `oidc-provider`
 */
export async function startProvider(redirectUris, { returnUris = [], accessSeconds = 300, before, settings = {} } = {}) {
  const { Provider } = await withoutWarnings(() => import(pathToFileURL(require.resolve('oidc-provider'))))
  let handle = (_, response) => response.writeHead(503).end()
  const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${server.address().port}`
  keys ??= Promise.all([signingKey('ES256'), signingKey('RS256')])
  const jwks = { keys: await keys }
  const provider = await withoutWarnings(
    () =>
      new Provider(issuer, {
        clients: [
          {
            client_id: CLIENT,
            client_name: 'jotgate',
            redirect_uris: redirectUris,
            post_logout_redirect_uris: returnUris,
            response_types: ['code'],
            grant_types: ['authorization_code', 'refresh_token'],
            token_endpoint_auth_method: 'none',
          },
        ],
        // Tokens are read by pages of another origin.
        clientBasedCORS: () => true,
        scopes: ['openid', 'offline_access', 'profile'],
        claims: { openid: ['sub'], profile: ['name'] },
        // The name in the ID token itself: a page shows it without another request.
        conformIdTokenClaims: false,
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
        issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
        ...settings,
        features: {
          // The page that it brings along asks another host for its fonts.
          rpInitiatedLogout: { enabled: true, logoutSource },
          revocation: { enabled: true, allowedPolicy: () => true },
          resourceIndicators: {
            enabled: true,
            defaultResource: () => undefined,
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
              audience: API,
              scope: API_SCOPES.join(' '),
              accessTokenFormat: 'jwt',
              accessTokenTTL: accessSeconds,
              jwt: { sign: { alg: 'ES256' } },
            }),
          },
          ...settings.features,
        },
        jwks,
        cookies: { keys: [crypto.randomUUID()] },
        ttl: {
          AccessToken: accessSeconds,
          AuthorizationCode: 60,
          Grant: 3600,
          IdToken: 300,
          Interaction: 600,
          RefreshToken: 3600,
          Session: 3600,
          ...settings.ttl,
        },
      }),
  )
  const callback = provider.callback()
  handle = (request, response) => {
    if (!before?.(request, response)) callback(request, response)
  }
  return {
    issuer,
    provider,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The keys of every provider of this process: RSA keys are slow to make. */
let keys

function logoutSource(context, form) {
  context.body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Log out</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { color-scheme: light dark; font: 1rem system-ui }</style>
<h1>Log out at this issuer?</h1>${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Log out</button>
<button type="submit" form="op.logoutForm">Stay logged in</button></html>`
}

async function signingKey(alg) {
  const algorithm =
    alg === 'ES256'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return { ...(await crypto.subtle.exportKey('jwk', privateKey)), alg, use: 'sig', kid: alg, key_ops: undefined, ext: undefined }
}

/** It warns about settings that only matter in production, and about each Node that is not the newest. */
async function withoutWarnings(work) {
  const { warn, info } = console
  console.warn = console.info = () => {}
  try {
    return await work()
  } finally {
    Object.assign(console, { warn, info })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [page] = process.argv.slice(2)
  const { issuer } = await startProvider([page], { returnUris: [page] })
  console.log(JSON.stringify({ issuer, clientId: CLIENT, resource: API, scopes: API_SCOPES }))
}

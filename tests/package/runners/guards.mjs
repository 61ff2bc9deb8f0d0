/** Checks that a guarded API answers good and bad tokens as it must. */
import { same } from '../suite/harness.mjs'

/** The tokens of the snippets' issuer: one that passes, one with too few scopes, one that has expired. */
export async function tokens(world) {
  const now = Math.floor(Date.now() / 1000)
  // The audience of the snippets, and that of the projects in `examples/bundlers`.
  const aud = ['https://api.example', 'api']
  return {
    good: await world.token('ES256', { aud, iat: now, exp: now + 600 }),
    poor: await world.token('ES256', { aud, iat: now, exp: now + 600, scope: 'items:list' }),
    expired: await world.token('ES256', { aud, iat: now - 60, exp: now - 6 }),
  }
}

/** What every guarded snippet answers; `ask` takes the fields of a request and gives a `Response`. */
export async function guards(ask, { good, poor, expired }) {
  const asked = (token) => ask(token === undefined ? {} : { authorization: `Bearer ${token}` })
  const passed = await asked(good)
  same([passed.status, await passed.json()], [200, { hello: 'user-1' }])
  for (const [token, status, challenge] of [
    [undefined, 401, 'Bearer realm="api", scope="items:read"'],
    [
      expired,
      401,
      'Bearer realm="api", error="invalid_token", scope="items:read", error_description="the token has expired"',
    ],
    [
      poor,
      403,
      'Bearer realm="api", error="insufficient_scope", scope="items:read", error_description="the token lacks scopes"',
    ],
  ]) {
    const refused = await asked(token)
    same([refused.status, refused.headers.get('www-authenticate')], [status, challenge])
    same((await refused.json()).status, status)
  }
}

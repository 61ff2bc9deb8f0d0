/** What users complain about elsewhere, as far as it is the gate's: each complaint has a test that bears its number. */
import { ok, refused, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW } from '../mint.mjs'

export function gateUserComplaintTests({ jotgate, test, world }) {
  const settings = (extra) => ({ algorithms: ['ES256'], issuer, audience, currentDate, ...extra })
  const incoming = (token) =>
    new Request('https://api.example/items', { headers: { authorization: `Bearer ${token}` } })

  test('complaint 6: keys are imported and sets fetched once, and an expired token can be distinguished', async () => {
    let fetches = 0
    let reads = 0
    const [jwk] = world().jwks.keys.filter(({ alg }) => alg === 'ES256')
    const watched = { ...jwk }
    Object.defineProperty(watched, 'x', { enumerable: true, get: () => (reads++, jwk.x) })
    const own = jotgate.createGate(settings({ keys: watched }))
    const fetch = async () => {
      fetches++
      return Response.json(world().jwks)
    }
    const remote = jotgate.createGate(settings({ jwksUri: 'https://issuer.example/jwks', fetch }))
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => world().token('ES256', { sub: `user-${n}` })))
    for (const gate of [own, remote]) {
      for (const [n, token] of tokens.entries()) same((await gate.check(incoming(token))).claims.sub, `user-${n}`)
      const old = await gate.check(incoming(await world().token('ES256', { exp: NOW - 6 })))
      same([old.status, old.error, old.refusal, old.detail], [401, 'invalid_token', 'expired', 'the token has expired'])
    }
    same([fetches, reads], [1, 1])
  })

  test('complaint 7: a resource server needs no framework, only a Request and a Response', async () => {
    const gate = jotgate.createGate(settings({ keys: world().jwks, realm: 'items' }))
    const serve = async (request) => {
      const pass = await gate.check(request, { scopes: ['items:read'] })
      if (!pass.ok) return pass.response()
      return Response.json({ hello: pass.claims.sub })
    }
    const asked = async (headers) => {
      const response = await serve(new Request('https://api.example/items', { headers }))
      const { hello, code } = await response.json()
      return [response.status, hello ?? code, response.headers.get('www-authenticate')?.split(', error_des')[0]]
    }
    same(await asked({ authorization: `Bearer ${await world().token('ES256')}` }), [200, 'user-1', undefined])
    same(await asked({}), [401, 'credentials_absent', 'Bearer realm="items", scope="items:read"'])
    same(await asked({ authorization: 'Bearer' }), [
      400,
      'credentials_missing',
      'Bearer realm="items", error="invalid_request", scope="items:read"',
    ])
    same(await asked({ authorization: `Bearer ${await world().token('ES256', { aud: 'other' })}` }), [
      401,
      'audience_mismatch',
      'Bearer realm="items", error="invalid_token", scope="items:read"',
    ])
    same(await asked({ authorization: `Bearer ${await world().token('ES256', { scope: 'x' })}` }), [
      403,
      'insufficient_scope',
      'Bearer realm="items", error="insufficient_scope", scope="items:read"',
    ])
  })

  test('complaint 9: verification without waiting, at the gate and without one', async () => {
    const token = await world().token('ES256')
    const verifier = new jotgate.Verifier(settings({ keys: world().jwks }))
    same(verifier.verifySync(token).payload.sub, 'user-1')
    await refused(() => verifier.verifySync(`${token}x`), { code: 'ERR_JWS_INVALID' })
    const gate = jotgate.createGate(settings({ keys: world().jwks }))
    same(gate.checkSync(incoming(token)).claims.sub, 'user-1')
    same(gate.checkSync(incoming('a.b.c')).status, 401)
  })

  test('a thousand requests in flight, answered late and out of order: each gets its own claims', async () => {
    const delay = (turns) => (turns === 0 ? undefined : Promise.resolve().then(() => delay(turns - 1)))
    const gate = jotgate.createGate(
      settings({
        keys: world().jwks,
        principal: async ({ n }) => {
          await delay((n * 7_919) % 101)
          return { n }
        },
        authorize: async (claims, request, { n }) => {
          await delay((n * 104_729) % 89)
          return claims.n === n && request.url.endsWith(`/${n}`)
        },
      }),
    )
    const sent = await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) => {
        const token = await world().token('ES256', { sub: `user-${n}`, n, filler: 'x'.repeat((n * 31) % 500) })
        return new Request(`https://api.example/${n}`, { headers: { authorization: `Bearer ${token}` } })
      }),
    )
    const order = []
    const passes = await Promise.all(
      sent.map(async (request, n) => {
        const pass = await gate.check(request)
        order.push(n)
        return pass
      }),
    )
    for (const [n, pass] of passes.entries()) same([pass.claims?.sub, pass.principal], [`user-${n}`, { n }])
    ok(
      order.some((n, place) => n !== place),
      'they were answered in order',
    )
  })
}

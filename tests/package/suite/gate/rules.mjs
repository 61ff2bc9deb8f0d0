/** What a gate asks beyond the token: the user behind it, rules, proofs; and what it answers without waiting. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer, NOW } from '../mint.mjs'

export function gateRuleTests({ jotgate, test, world }) {
  const { createGate, Verifier } = jotgate
  const settings = (extra) => ({ algorithms: ['ES256'], issuer, audience, currentDate, ...extra })
  const gateWith = (extra) => createGate(settings({ keys: world().jwks, ...extra }))
  const request = async (claims, header) =>
    new Request('https://api.example/items/7', {
      headers: { authorization: `Bearer ${await world().token('ES256', claims, header)}` },
    })

  test('authorize decides by claims and request, and only true passes', async () => {
    const seen = []
    const gate = gateWith()
    const incoming = await request()
    const authorize = (claims, asked, principal) => seen.push([claims.sub, asked.url, principal]) > 0
    same((await gate.check(incoming, { authorize })).ok, true)
    same(gate.checkSync(incoming, { authorize }).ok, true)
    same(seen, Array(2).fill(['user-1', 'https://api.example/items/7', undefined]))
    for (const answer of [false, undefined, null, 0, 1, 'true', {}, []]) {
      for (const denied of [
        await gate.check(incoming, { authorize: async () => answer }),
        gate.checkSync(incoming, { authorize: () => answer }),
        await gateWith({ authorize: () => answer }).check(incoming, { authorize: () => true }),
        await gateWith({ authorize: () => true }).check(incoming, { authorize: () => answer }),
      ]) {
        same([denied.status, denied.error, denied.refusal], [403, 'insufficient_scope', 'not_authorized'])
        same(
          denied.response().headers.get('www-authenticate'),
          'Bearer realm="api", error="insufficient_scope", error_description="the token does not give access to this"',
        )
      }
    }
  })

  test('authorize is asked only about tokens that hold, with the rights that are needed', async () => {
    const asked = () => {
      throw new Error('it was asked')
    }
    const gate = gateWith({ authorize: asked, principal: asked })
    same((await gate.check(new Request('https://api.example'))).status, 401)
    same((await gate.check(await request({ exp: NOW - 6 }), { authorize: asked })).refusal, 'expired')
    same((await gate.check(await request(), { scopes: ['items:write'] })).refusal, 'insufficient_scope')
    // What a rule throws is the program's own, not a verdict.
    await refused(async () => gate.check(await request()), { message: 'it was asked' })
    const incoming = await request()
    await refused(() => gate.checkSync(incoming), { message: 'it was asked' })
    await refused(() => gate.check(incoming, { authorize: async () => asked() }), { message: 'it was asked' })
  })

  test('what is no verdict is thrown, and never taken for missing keys', async () => {
    const { currentDate: _, ...rest } = settings({ keys: world().jwks })
    const [gate, incoming, { now }] = [createGate(rest), await request(), Date]
    Date.now = () => {
      throw new RangeError('the clock is away')
    }
    try {
      await refused(() => gate.check(incoming), { message: 'the clock is away' })
      await refused(() => gate.checkSync(incoming), { message: 'the clock is away' })
    } finally {
      Date.now = now
    }
  })

  test('principal looks the user up; no user is 401', async () => {
    const users = new Map([['user-1', { name: 'Jane', admin: false }]])
    const gate = gateWith({ principal: (claims) => users.get(claims.sub) })
    const known = await request()
    same((await gate.check(known)).principal, { name: 'Jane', admin: false })
    same(gate.checkSync(known), {
      ok: true,
      claims: CLAIMS,
      header: { alg: 'ES256', kid: 'key-ES256' },
      scopes: ['items:read', 'items:list'],
      principal: { name: 'Jane', admin: false },
      preflight: undefined,
      anonymous: undefined,
    })
    same((await gate.check(known, { authorize: (_, __, user) => user.admin })).refusal, 'not_authorized')
    const unknown = await request({ sub: 'user-2' })
    for (const denied of [await gate.check(unknown), gate.checkSync(unknown)]) {
      same([denied.status, denied.error, denied.refusal], [401, 'invalid_token', 'principal_unknown'])
      same(denied.detail, "the token's subject is not known")
    }
    for (const missing of [undefined, null, false]) {
      same((await gateWith({ principal: async () => missing }).check(known)).refusal, 'principal_unknown')
    }
    for (const found of [0, '', true, {}]) {
      same((await gateWith({ principal: async () => found }).check(known)).principal, found)
    }
  })

  test('checkSync refuses rules that take their time, and says so', async () => {
    const incoming = await request()
    const late = { message: '`proof`, `principal` and `authorize` must not return a promise where `checkSync` is used' }
    await refused(() => gateWith({ principal: async () => 1 }).checkSync(incoming), late)
    await refused(() => gateWith().checkSync(incoming, { authorize: async () => true }), late)
    // Nothing handles its rejection any more.
    await refused(() => gateWith({ principal: () => Promise.reject(new Error('late')) }).checkSync(incoming), late)
  })

  test('checkSync answers, or says keys_not_ready where only a fetch could tell', async () => {
    let fetches = 0
    const gate = createGate(
      settings({
        jwksUri: 'https://issuer.example/jwks',
        fetch: async () => {
          fetches++
          return Response.json(world().jwks)
        },
      }),
    )
    const [good, expired, stranger] = [
      await request(),
      await request({ exp: NOW - 6 }),
      await request({}, { kid: 'other' }),
    ]
    const word = (pass) => (pass.ok ? pass.claims.sub : `${pass.status} ${pass.refusal}`)
    const bare = new Request('https://api.example')
    const garbage = new Request('https://api.example', { headers: { authorization: 'Bearer garbage' } })
    same(
      [good, expired, bare, garbage].map((sent) => word(gate.checkSync(sent))),
      ['503 keys_not_ready', '503 keys_not_ready', '401 credentials_absent', '401 token_parts'],
    )
    const denied = gate.checkSync(good)
    const response = denied.response()
    same([response.headers.get('www-authenticate'), denied.challenge, denied.error], [null, undefined, undefined])
    ok(Number(response.headers.get('retry-after')) > 0)
    same(fetches, 0)
    same(word(await gate.check(good)), 'user-1')
    same(fetches, 1)
    same(
      [good, expired, stranger].map((sent) => word(gate.checkSync(sent))),
      ['user-1', '401 expired', '503 keys_not_ready'],
    )
    // Who can fetch has the last word.
    same(word(await gate.check(stranger)), '401 no_matching_key')
    same(word(gateWith().checkSync(stranger)), '401 no_matching_key')
  })

  test('a bound token is refused where its proof is not asked for; a Verifier leaves that to its caller', async () => {
    for (const cnf of [{ jkt: 'abc' }, { 'x5t#S256': 'abc' }, { jwk: {} }, {}, null, 'abc']) {
      const token = await world().token('ES256', { cnf })
      const incoming = new Request('https://api.example', { headers: { authorization: `Bearer ${token}` } })
      for (const denied of [await gateWith().check(incoming), gateWith().checkSync(incoming)]) {
        same([denied.status, denied.error, denied.refusal], [401, 'invalid_token', 'confirmation_not_enforced'])
        same(denied.detail, "the token's cnf is not accepted")
      }
      same(new Verifier(settings({ keys: world().jwks })).verifySync(token).payload.cnf, cnf)
    }
    await misused(() => gateWith({ refuseBound: false }), 'refuseBound')
    await misused(() => new Verifier(settings({ keys: world().jwks, refuseBound: true })), 'refuseBound')
  })

  test('onRefusal answers in your own words, or leaves the standard ones', async () => {
    const seen = []
    const gate = gateWith({
      onRefusal(denied, incoming) {
        seen.push([denied.status, denied.refusal, incoming.url])
        if (denied.status !== 401) return undefined
        const headers = { 'www-authenticate': denied.challenge, 'content-type': 'text/plain' }
        return new Response(`no: ${denied.detail}`, { status: 401, headers })
      },
    })
    const denied = await gate.check(new Request('https://api.example/a'))
    same(seen, [])
    const cors = { headers: { 'access-control-allow-origin': '*', 'content-type': 'text/html' } }
    for (const response of [denied.response(), denied.response(cors)]) {
      same([response.status, await response.text()], [401, 'no: a bearer token is needed'])
      same(response.headers.get('www-authenticate'), 'Bearer realm="api"')
      same(response.headers.get('content-type'), 'text/plain')
    }
    same(denied.response(cors).headers.get('access-control-allow-origin'), '*')
    const standard = (await gate.check(await request(), { scopes: ['x'] })).response(cors)
    same([standard.status, (await standard.json()).code], [403, 'insufficient_scope'])
    same(standard.headers.get('access-control-allow-origin'), '*')
    same(seen.slice(0, 2), Array(2).fill([401, 'credentials_absent', 'https://api.example/a']))
    // The standard answer inside of it is the standard answer.
    const wrapped = gateWith({ onRefusal: (refusal) => refusal.response({ headers: { vary: 'origin' } }) })
    same((await wrapped.check(new Request('https://a.example'))).response().headers.get('vary'), 'origin')
    const late = (await gateWith({ onRefusal: async () => undefined }).check(new Request('https://a.example'))).response
    await refused(() => late(), { name: 'TypeError' })
  })

  test('headers that an answer takes along can not smuggle anything in', async () => {
    const denied = await gateWith().check(new Request('https://api.example'))
    for (const headers of [{ a: 'b\r\nset-cookie: c' }, { 'a\r\nb': 'c' }]) {
      await refused(() => denied.response({ headers }), { name: 'TypeError' })
    }
    const added = [
      ['set-cookie', 'a=b'],
      ['set-cookie', 'c=d'],
      ['x-more', '1'],
      ['retry-after', '9'],
      ['www-authenticate', 'Basic'],
    ]
    const forged = new Request('https://api.example', { method: 'POST', headers: { 'x-cookie': 'a=b' } })
    const request = { method: forged.method, headers: { get: (name) => forged.headers.get(`x-${name}`) } }
    const { refusal, response } = await gateWith({ cookie: 'a' }).check(request)
    const { headers } = response({ headers: added })
    // To a page's own responses the field is forbidden (Fetch §2.2.2): there it is left out.
    same(headers.getSetCookie(), typeof document === 'object' ? [] : ['a=b', 'c=d'])
    same([refusal, headers.get('x-more')], ['cross_site_request', '1'])
    same([headers.get('retry-after'), headers.get('www-authenticate')], [null, null])
  })

  test('an option that is no function is a TypeError that names it', async () => {
    for (const value of [undefined, null, true, 'a', {}, []]) {
      for (const name of ['principal', 'authorize', 'onRefusal']) {
        await misused(() => gateWith({ [name]: value }), name, String(value))
      }
      const gate = gateWith()
      await misused(() => gate.check(new Request('https://a.example'), { authorize: value }), 'authorize')
      await misused(() => gate.checkSync(new Request('https://a.example'), { authorize: value }), 'authorize')
    }
  })
}

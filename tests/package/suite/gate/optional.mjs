/** Requests that may come without credentials, rules about them, and cookies that are taken back. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW, tampered } from '../mint.mjs'

export function gateOptionalTests({ jotgate, test, world }) {
  const { createGate } = jotgate
  const gateWith = (extra) =>
    createGate({ keys: world().jwks, issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  const request = (headers = {}, method = 'GET') => ({ method, url: 'https://api.example/', headers: new Map(Object.entries(headers)) })
  const bearer = async (claims) => request({ authorization: `Bearer ${await world().token('ES256', claims)}` })
  const optional = { optional: true }
  const unasked = () => {
    throw new Error('it was asked')
  }

  test('optional: without credentials a request passes, without claims', async () => {
    const gate = gateWith({ cookie: true, query: true, header: 'x-token', principal: unasked, authorize: unasked })
    const none = {
      ok: true,
      anonymous: true,
      ...{ claims: undefined, header: undefined, principal: undefined, preflight: undefined },
      scopes: [],
    }
    for (const sent of [{}, { authorization: '' }, { authorization: 'Basic dXNlcjpwYXNz' }, { cookie: 'a=b; __Host-access_token=' }]) {
      same(await gate.check(request(sent), optional), none)
      same(gate.checkSync(request(sent), { ...optional, scopes: ['a'], authorize: unasked }), none)
      same((await gate.check(request(sent), { optional: false })).status, 401)
      same((await gate.check(request(sent))).status, 401)
    }
    const passed = await gateWith().check(await bearer(), optional)
    same([passed.ok, passed.anonymous, passed.claims.sub], [true, undefined, 'user-1'])
    for (const value of [undefined, 'true', 1, null]) await misused(() => gate.check(request(), { optional: value }), 'optional')
  })

  test('optional: credentials that are there must be good', async () => {
    const gate = gateWith({ cookie: 'session', query: true, header: 'x-token' })
    const good = await world().token('ES256')
    const cases = [
      [{ authorization: 'Bearer' }, 400, 'credentials_missing'],
      [{ authorization: 'Bearer a b' }, 400, 'credentials_malformed'],
      [{ authorization: `Bearer ${good}, Bearer ${good}` }, 400, 'credentials_repeated'],
      [{ authorization: `Basic x, Bearer ${good}` }, 400, 'credentials_repeated'],
      [{ authorization: 'Bearer garbage' }, 401, 'token_parts'],
      [{ authorization: `Bearer ${tampered(good, 2)}` }, 401, 'signature_mismatch'],
      [{ authorization: `Bearer ${await world().token('ES256', { exp: NOW - 6 })}` }, 401, 'expired'],
      [{ 'x-token': 'garbage' }, 401, 'token_parts'],
      [{ cookie: 'session=garbage' }, 401, 'token_parts'],
      [{ cookie: `session=${good}; session=${good}` }, 400, 'credentials_repeated'],
    ]
    for (const [sent, status, refusal] of cases) {
      for (const denied of [await gate.check(request(sent), optional), gate.checkSync(request(sent), optional)]) {
        same([denied.ok, denied.status, denied.refusal], [false, status, refusal], JSON.stringify(sent))
      }
    }
    same((await gate.check(request({ cookie: `session=${good}` }, 'POST'), optional)).refusal, 'cross_site_request')
    same((await gate.check(await bearer(), { ...optional, scopes: ['x'] })).refusal, 'insufficient_scope')
    const away = createGate({ issuer, audience, algorithms: ['ES256'], jwksUri: 'https://issuer.example/jwks', fetch: async () => new Response('', { status: 500 }) })
    same([(await away.check(await bearer(), optional)).status, (await away.check(request(), optional)).ok], [503, true])
  })

  test('optional: a rule is asked about anonymous requests only if it says so', async () => {
    const seen = []
    const gate = gateWith({ principal: () => 'Jane' })
    const rule = (claims, asked, principal) => {
      seen.push([claims?.sub, asked.url, principal])
      return claims !== undefined || asked.method === 'GET'
    }
    const authorize = { anonymous: true, rule }
    const word = (pass) => (pass.ok ? (pass.anonymous ? 'anonymous' : pass.claims.sub) : `${pass.status} ${pass.refusal} ${pass.error}`)
    same(word(await gate.check(request(), { ...optional, authorize })), 'anonymous')
    same(word(gate.checkSync(await bearer(), { ...optional, authorize })), 'user-1')
    same(seen, [[undefined, 'https://api.example/', undefined], ['user-1', 'https://api.example/', 'Jane']])
    same(word(await gate.check(request({}, 'POST'), { ...optional, authorize })), '401 not_authorized undefined')
    same(word(await gate.check(request({}, 'POST'), { authorize })), '401 credentials_absent undefined')
    same(word(await gateWith({ authorize }).check(request({}, 'POST'), optional)), '401 not_authorized undefined')
    // A rule may be a method of an object.
    const own = { anonymous: true, limit: 1, rule() { return this.limit === 1 } }
    same(word(await gate.check(request(), { ...optional, authorize: own })), 'anonymous')
    for (const value of [{}, { rule }, { anonymous: false, rule }, { anonymous: true }, { anonymous: true, rule: 5 }, []]) {
      await misused(() => gate.check(request(), { authorize: value }), 'authorize')
      await misused(() => gateWith({ authorize: value }), 'authorize')
    }
    await refused(() => gate.checkSync(request(), { ...optional, authorize: { anonymous: true, rule: async () => true } }), { name: 'TypeError' })
  })

  test('a rule may answer 401 or 403 in its own words, and nothing else', async () => {
    const gate = gateWith()
    const answer = async (said) => {
      const denied = await gate.check(await bearer(), { authorize: () => said, scopes: ['items:read'] })
      const { detail, code } = await denied.response().json()
      same([detail, code], [denied.detail, 'not_authorized'])
      return [denied.status, denied.error, detail, denied.challenge]
    }
    const detail = 'log in again, please: "now"'
    same(await answer({ status: 401, detail }), [
      401,
      'invalid_token',
      detail,
      `Bearer realm="api", error="invalid_token", scope="items:read", error_description="log in again, please: 'now'"`,
    ])
    const standard = 'the token does not give access to this'
    same((await answer({ status: 401 })).slice(0, 3), [401, 'invalid_token', standard])
    same((await answer({ status: 403, detail: 'only on weekdays' })).slice(0, 3), [403, 'insufficient_scope', 'only on weekdays'])
    for (const said of [{ status: 200 }, { status: 503, detail }, { detail }, { status: '401', detail }, [401], Object.create({ status: 401, detail })]) {
      same((await answer(said)).slice(0, 3), [403, 'insufficient_scope', standard], JSON.stringify(said))
    }
    for (const odd of [5, '', null, {}]) same((await answer({ status: 401, detail: odd }))[2], standard)
    const anonymous = await gate.check(request(), { optional: true, authorize: { anonymous: true, rule: () => ({ status: 403, detail: 'members only' }) } })
    same([anonymous.status, anonymous.detail], [403, 'members only'])
  })

  test("a cookie whose token is refused is taken back, so that the site's public pages come back", async () => {
    const gate = gateWith({ cookie: 'session' })
    const [old, strange] = [await world().token('ES256', { exp: NOW - 6 }), await world().token('ES256', {}, { kid: 'x' })]
    const cleared = 'session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax'
    for (const token of [old, strange, 'garbage']) {
      for (const needs of [{}, optional]) {
        const denied = await gate.check(request({ cookie: `session=${token}` }), needs)
        same([denied.status, denied.clearCookie], [401, cleared])
        const sent = denied.response({ headers: [['set-cookie', 'a=b']] }).headers.getSetCookie()
        // To a page's own responses the field is forbidden (Fetch §2.2.2).
        same(sent, typeof document === 'object' ? [] : ['a=b', cleared])
      }
    }
    const own = gateWith({ cookie: true, onRefusal: (denied) => (denied.status === 401 ? Response.redirect('https://api.example/login') : undefined) })
    const redirected = (await own.check(request({ cookie: `__Host-access_token=${old}` }))).response()
    same(redirected.status, 302)
    if (typeof document !== 'object') ok(redirected.headers.getSetCookie()[0].startsWith('__Host-access_token=; Path=/; Max-Age=0;'))
    for (const [sent, needs] of [
      [{ authorization: `Bearer ${old}`, cookie: 'session=x' }],
      [{ cookie: `session=${await world().token('ES256')}` }, { scopes: ['x'] }],
      [{ cookie: 'session=a b' }],
      [{}],
    ]) {
      const denied = await gate.check(request(sent), needs)
      same([denied.ok, denied.clearCookie], [false, undefined])
      same(denied.response().headers.has('set-cookie'), false)
    }
    const forged = await gate.check(request({ cookie: `session=${old}` }, 'POST'))
    same([forged.status, forged.clearCookie], [403, undefined])
  })

  test('clocks may differ by 5 s, unless the gate says otherwise; a Verifier knows no tolerance', async () => {
    const word = async (gate, claims) => (await gate.check(await bearer(claims))).refusal ?? 'passed'
    same([await word(gateWith(), { nbf: NOW + 2 }), await word(gateWith(), { nbf: NOW + 5 })], ['passed', 'passed'])
    same([await word(gateWith(), { nbf: NOW + 6 }), await word(gateWith(), { exp: NOW - 5 })], ['not_yet_valid', 'expired'])
    same([await word(gateWith(), { exp: NOW - 4 }), await word(gateWith({ clockTolerance: 0 }), { exp: NOW })], ['passed', 'expired'])
    same(await word(gateWith({ clockTolerance: 30 }), { exp: NOW - 20 }), 'passed')
    const verifier = new jotgate.Verifier({ keys: world().jwks, algorithms: ['ES256'], currentDate })
    await refused(async () => verifier.verify(await world().token('ES256', { nbf: NOW + 1 })), { refusal: 'not_yet_valid' })
  })
}

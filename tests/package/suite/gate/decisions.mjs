/** What operators see of a gate's decisions and of its key sets: each decision once, causes, and nothing of it in an answer. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW, tampered } from '../mint.mjs'

export function gateDecisionTests({ jotgate, test, world }) {
  const { createGate, KeySet, RemoteKeySet } = jotgate
  const jwksUri = 'https://issuer.example/jwks'
  const settings = (extra) => ({ issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  const gateWith = (extra) => createGate(settings({ keys: world().jwks, ...extra }))
  const request = (token) => new Request('https://api.example/items', token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

  test('onDecision is called once for each check, passed or refused', async () => {
    const seen = []
    const onDecision = (decision, asked) => seen.push([decision, asked])
    const { token } = world()
    const gate = gateWith({ onDecision, cors: true })
    const expired = { exp: NOW - 60 }
    const strange = tampered(await token('ES256'), 2)
    const cases = [
      [await token('ES256'), {}, { ok: true, status: 200, issuer, kid: 'key-ES256' }, true],
      [undefined, {}, { ok: false, status: 401, refusal: 'credentials_absent' }, false],
      [undefined, { optional: true }, { ok: true, status: 200 }, false],
      ['garbage', {}, { ok: false, status: 401, refusal: 'token_parts' }, false],
      [strange, {}, { ok: false, status: 401, refusal: 'signature_mismatch' }, false],
      [await token('ES256', expired), {}, { ok: false, status: 401, refusal: 'expired', issuer, kid: 'key-ES256' }, true],
      [await token('ES256'), { scopes: ['x'] }, { ok: false, status: 403, refusal: 'insufficient_scope', issuer, kid: 'key-ES256' }, true],
      [await token('ES256'), { authorize: () => false }, { ok: false, status: 403, refusal: 'not_authorized', issuer, kid: 'key-ES256' }, true],
    ]
    for (const [sent, needs, expected, claims] of cases) {
      const asked = request(sent)
      for (const check of [(...call) => gate.check(...call), (...call) => gate.checkSync(...call)]) {
        seen.length = 0
        const outcome = await check(asked, needs)
        outcome.response?.()
        same(seen.length, 1, JSON.stringify(expected))
        const [[{ duration, claims: found, ...decision }, at]] = seen
        same(decision, expected)
        same([at === asked, typeof duration, duration >= 0], [true, 'number', true])
        same(found?.sub, claims ? 'user-1' : undefined)
      }
    }
    seen.length = 0
    await gate.check({ method: 'OPTIONS', url: '/', headers: new Map([['origin', 'https://a.example'], ['access-control-request-method', 'GET']]) })
    same(seen.map(([{ ok, status, refusal }]) => [ok, status, refusal]), [[false, 204, 'cors_preflight']])
    seen.length = 0
    const broken = new Error('the database is away')
    const authorize = () => {
      throw broken
    }
    await refused(async () => gate.check(request(await token('ES256')), { authorize }), { message: broken.message })
    same(seen.map(([{ ok, status, refusal }]) => [ok, status, refusal]), [[false, 500, 'internal_error']])
    seen.length = 0
    gate.challenge({ scopes: ['a'] })
    gate.metadata(request())
    same(seen, [], 'only checks are decisions')
    for (const value of [undefined, null, 'log', {}]) await misused(() => gateWith({ onDecision: value }), 'onDecision')
  })

  test('what onDecision throws changes no decision, and its promise goes to waitUntil', async () => {
    const failing = [
      () => {
        throw new Error('no log')
      },
      () => Promise.reject(new Error('no log')),
      async () => {
        throw undefined
      },
      () => ({ then: (_, reject) => reject(new Error('no log')) }),
    ]
    for (const onDecision of failing) {
      const gate = gateWith({ onDecision })
      const work = []
      const sent = request(await world().token('ES256'))
      same((await gate.check(sent, { waitUntil: (promise) => work.push(promise) })).ok, true)
      same(gate.checkSync(sent).ok, true)
      same((await gate.check(request())).status, 401)
      same(await Promise.all(work), work.map(() => undefined))
      same(work.length, onDecision === failing[0] ? 0 : 1)
    }
    await new Promise((settle) => setTimeout(settle, 5))
  })

  test('denied.claims and denied.cause are for logs alone', async () => {
    const { token } = world()
    const gate = gateWith()
    const denied = await gate.check(request(await token('ES256', { exp: NOW - 60, secret: 'a-secret' })))
    same([denied.claims.secret, denied.cause.claim, denied.cause.refusal], ['a-secret', 'exp', 'expired'])
    const scope = await gate.check(request(await token('ES256', { secret: 'a-secret' })), { scopes: ['x'] })
    same(scope.claims.secret, 'a-secret')
    const own = await gateWith({ onRefusal: (refusal) => Response.json(refusal) }).check(request(await token('ES256', { exp: NOW - 60, secret: 'a-secret' })))
    same(own.claims.secret, 'a-secret')
    for (const refusal of [denied, scope, own]) {
      const published = JSON.stringify(refusal) + JSON.stringify({ ...refusal }) + (await refusal.response().text()) + Object.keys(refusal)
      ok(!/a-secret|claims|cause/.test(published.replace(/"refusal":"\w+"/g, '')), published)
    }
    const forged = await gate.check(request(tampered(await token('ES256', { secret: 'a-secret' }), 2)))
    same([forged.claims, forged.cause.refusal], [undefined, 'signature_mismatch'])
    const none = await gate.check(request())
    same([none.claims, none.cause], [undefined, undefined])
    const other = (await gate.check(request(await token('ES256', { iss: 'https://other.example' })))).cause
    ok(other.message.includes('https://other.example'), other.message)
  })

  test('denied.cause says which fetch failed, and how, without user and query', async () => {
    const sent = request(await world().token('ES256'))
    const uri = `${jwksUri}?key=a-secret`
    const causeOf = async (fetch, extra) => {
      const gate = createGate(settings({ jwksUri: uri, fetch, ...extra }))
      const first = await gate.check(sent)
      // A later request is refused for the same reason.
      const second = await gate.check(sent)
      same([first.status, second.status, second.refusal], [503, 503, first.refusal])
      same([second.cause.url, second.cause.status], [first.cause.url, first.cause.status])
      return [first.cause, second.cause]
    }
    const [status] = await causeOf(async () => new Response('', { status: 502 }))
    same([status.refusal, status.url, status.status], ['key_set_status', jwksUri, 502])
    const host = Object.assign(new TypeError(`fetch failed: https://joe:pass@issuer.example/jwks?key=a-secret`), { cause: new Error('ECONNREFUSED') })
    const [first, second] = await causeOf(() => Promise.reject(host))
    same([first.refusal, first.url, first.cause.message], ['key_set_unreachable', jwksUri, 'fetch failed: https://issuer.example/jwks'])
    ok(second.cause.message.includes('fetch failed: https://issuer.example/jwks'), second.cause.message)
    const [body] = await causeOf(async () => new Response('<html>'))
    same([body.refusal, body.url], ['jwks_malformed', jwksUri])
    const metadata = async (url) => (url.includes('.well-known') ? Response.json({ issuer: 'https://other.example' }) : new Response('', { status: 404 }))
    const { jwksUri: _, ...rest } = settings({ fetch: metadata })
    const { cause } = await createGate(rest).check(sent)
    same([cause.refusal, cause.url, cause.cause], [
      'discovery_issuer_mismatch',
      `${issuer}/.well-known/openid-configuration`,
      { expected: issuer, found: 'https://other.example' },
    ])
  })

  test('onKeys is called for every fetch of a key set', async () => {
    const events = []
    const onKeys = (event) => {
      events.push(event)
      throw new Error('ignored')
    }
    let answer = async () => Response.json(world().jwks, { headers: { etag: '"a"', 'cache-control': 'max-age=60' } })
    const keys = new RemoteKeySet(`${jwksUri}?key=a-secret`, { fetch: (...call) => answer(...call), onKeys })
    same([keys.lastError, keys.age, keys.stale, events.length], [undefined, undefined, false, 0])
    await keys.reload()
    answer = async () => new Response(null, { status: 304, headers: { etag: '"a"' } })
    await keys.reload()
    answer = async () => new Response('', { status: 500 })
    await refused(() => keys.reload(), { refusal: 'key_set_status' })
    same(events.map(({ url, outcome, status, stale, age, error }) => [url, outcome, status, stale, age >= 0, error?.refusal]), [
      [jwksUri, 'renewed', 200, false, true, undefined],
      [jwksUri, 'confirmed', 304, false, true, undefined],
      [jwksUri, 'failed', 500, false, true, 'key_set_status'],
    ])
    same([keys.lastError.refusal, keys.lastError.status, keys.age >= 0], ['key_set_status', 500, true])
    answer = async () => Promise.reject(new Error('away'))
    await refused(() => keys.reload(), { refusal: 'key_set_unreachable' })
    same([events[3].outcome, events[3].status, events[3].error.refusal], ['failed', undefined, 'key_set_unreachable'])
    answer = async () => Response.json(world().jwks)
    await keys.reload()
    same(keys.lastError, undefined)
    const old = new RemoteKeySet(jwksUri, { cacheMaxAge: 1, fetch: async () => Response.json(world().jwks) })
    await old.reload()
    await new Promise((settle) => setTimeout(settle, 20))
    same([old.stale, old.keySet !== undefined, old.age >= 0.01], [true, true, true])
    // One listener for all issuers, or one of their own.
    const seen = []
    const listener = (name) => (event) => seen.push([name, event.url, event.outcome])
    const fetch = async () => Response.json(world().jwks)
    const gate = createGate({
      issuers: [
        { issuer, jwksUri, fetch },
        { issuer: 'https://b.example', jwksUri: 'https://b.example/jwks', fetch, onKeys: listener('own') },
        { issuer: 'https://c.example', keys: new KeySet(world().jwks) },
      ],
      ...{ audience, algorithms: ['ES256'], currentDate, onKeys: listener('shared') },
    })
    for (const iss of [issuer, 'https://b.example', 'https://c.example']) same((await gate.check(request(await world().token('ES256', { iss })))).ok, true)
    same(seen, [['shared', jwksUri, 'renewed'], ['own', 'https://b.example/jwks', 'renewed']])
    for (const value of [undefined, 'log', {}]) await misused(() => new RemoteKeySet(jwksUri, { onKeys: value }), 'onKeys')
    await misused(() => gateWith({ onKeys }), 'onKeys')
  })

  test('denied.writeTo writes the whole answer to a socket', async () => {
    const written = async (gate) => {
      const parts = []
      await (await gate.check(request())).writeTo({ end: (bytes) => parts.push(bytes) })
      same(parts.length, 1)
      return new TextDecoder().decode(parts[0]).split('\r\n\r\n')
    }
    const [head, body] = await written(gateWith())
    const [start, ...fields] = head.split('\r\n')
    same(start, 'HTTP/1.1 401 Unauthorized')
    for (const field of ['www-authenticate: Bearer realm="api"', 'connection: close', `content-length: ${body.length}`]) ok(fields.includes(field), head)
    same(JSON.parse(body).code, 'credentials_absent')
    const [own, text] = await written(gateWith({ onRefusal: () => new Response('nö', { status: 403, headers: { 'x-own': '1' } }) }))
    ok(own.startsWith('HTTP/1.1 403 Forbidden\r\n') && own.includes('x-own: 1') && own.includes('content-length: 3'), own)
    same(text, 'nö')
  })

  test('a gate that is not given the method says so, instead of blaming another site', async () => {
    const gate = gateWith({ cookie: 'session' })
    const headers = new Map([['cookie', `session=${await world().token('ES256')}`]])
    const word = async (asked) => (await gate.check(asked)).refusal ?? 'passed'
    same([await word({ headers }), await word({ headers, method: 'GET' }), await word({ headers, method: 'POST' })], ['method_missing', 'passed', 'cross_site_request'])
    same((await gate.check({ headers })).status, 403)
    const bearer = new Map([['authorization', `Bearer ${await world().token('ES256')}`]])
    same(await word({ headers: bearer }), 'passed')
  })
}

/** When a remote key set fetches, and what happens if the issuer fails. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'
import { remoteWorld } from './remote_world.mjs'

export function remoteFetchTests(context) {
  const { jotgate, world } = context
  const { RemoteKeySet, createGate } = jotgate
  const { url, issuerOf, serving, only, verifier, later, test, PATIENCE, isolated, unavailable } = remoteWorld(context)

  test('the set is fetched at first use, once, and verifySync works from then on', async () => {
    const host = issuerOf(serving(world().jwks))
    const keys = new RemoteKeySet(url, { fetch: host.fetch, headers: { 'x-who': 'me' } })
    const checks = verifier(keys)
    same([host.calls.length, keys.keySet], [0, undefined])
    const token = await world().token('ES256')
    await refused(() => checks.verifySync(token), { code: 'ERR_JWKS_UNAVAILABLE', refusal: 'keys_not_ready' })
    same((await checks.verify(token)).payload, CLAIMS)
    same(checks.verifySync(token).payload, CLAIMS)
    same((await checks.verify(await world().token('EdDSA'))).key.kid, 'key-EdDSA')
    same(host.calls.length, 1)
    const [{ address, init }] = host.calls
    same([address, init.method, init.redirect, init.headers.get('x-who')], [url, 'GET', 'manual', 'me'])
    ok(init.headers.get('accept').includes('application/jwk-set+json'))
  })

  test('what is refused without a key fetches nothing', async () => {
    const host = issuerOf(serving(world().jwks))
    const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch }))
    for (const token of [
      '',
      'garbage',
      'e30.e30.e30',
      await world().token('RS256'),
      undefined,
      5,
      {},
      'x'.repeat(20_000),
    ]) {
      const { thrown } = await checks.verify(token).then(
        () => ({}),
        (thrown) => ({ thrown }),
      )
      ok(thrown?.code?.startsWith('ERR_J'), String(thrown))
      await refused(() => checks.verifySync(token), { code: thrown.code, refusal: thrown.refusal })
    }
    same(host.calls.length, 0)
  })

  test('an unknown kid fetches once per cool-down, counted from the last such fetch', async () => {
    const host = issuerOf(serving(only('ES256')))
    const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch, cooldownDuration: 900 }))
    await checks.verify(await world().token('ES256'))
    host.answer = serving(only('ES256', 'ES384'))
    // The first fetch was just now; a key that was published since is found all the same.
    same((await checks.verify(await world().token('ES384'))).key.kid, 'key-ES384')
    same(host.calls.length, 2)
    const unknown = { code: 'ERR_JWKS_NO_MATCHING_KEY', refusal: 'no_matching_key' }
    for (let turn = 0; turn < 20; turn++) {
      const token = await world().token('ES256', {}, { kid: `random-${turn}` })
      await refused(() => checks.verify(token), unknown)
    }
    host.answer = serving(only('ES384'))
    const another = await world().token('ES256', {}, { kid: 'another' })
    await later(899, () => refused(() => checks.verify(another), unknown))
    same(host.calls.length, 2)
    await later(901, () => refused(() => checks.verify(another), unknown))
    same(host.calls.length, 3)
    // An old key that is not published any more is gone with the new set.
    await refused(async () => checks.verifySync(await world().token('ES256')), unknown)
  })

  test('a key that the set has, but not for this algorithm, is no reason to fetch', async () => {
    const host = issuerOf(serving(only('ES256')))
    const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch }))
    await checks.verify(await world().token('ES256'))
    await refused(async () => checks.verify(await world().token('ES384', {}, { kid: 'key-ES256' })), {
      refusal: 'key_does_not_fit',
    })
    same(host.calls.length, 1)
  })

  const never = () => new Promise(() => {})
  const stream = (chunk, every) =>
    new ReadableStream({
      async pull(controller) {
        if (every !== undefined) await new Promise((resolve) => setTimeout(resolve, every))
        controller.enqueue(chunk)
      },
    })
  const invalid = { name: 'JWKSInvalid', code: 'ERR_JWKS_INVALID' }
  const timeout = { name: 'JWKSTimeout', code: 'ERR_JWKS_TIMEOUT', refusal: 'key_set_timeout' }
  const megabyte = new Uint8Array(1 << 20).fill(32)
  const failures = [
    ['status 500', () => new Response('{"keys":[]}', { status: 500 }), { ...unavailable, refusal: 'key_set_status' }],
    ['status 304', () => new Response(null, { status: 304 }), { ...unavailable, refusal: 'key_set_status' }],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: url } }),
      { ...unavailable, refusal: 'key_set_redirected' },
    ],
    [
      'no connection',
      () => Promise.reject(new TypeError('fetch failed')),
      { ...unavailable, refusal: 'key_set_unreachable' },
    ],
    ['no answer', never, timeout],
    ['a body that never ends', () => new Response(stream(new Uint8Array([32]), 5)), timeout],
    ['a body too large', () => new Response(stream(megabyte)), { ...invalid, refusal: 'jwks_too_large' }],
    ['an empty body', () => new Response(''), { ...invalid, refusal: 'jwks_malformed' }],
    ['no body', () => new Response(null), { ...invalid, refusal: 'jwks_malformed' }],
    ['a page', () => new Response('<!doctype html>'), { ...invalid, refusal: 'jwks_malformed' }],
    ['half a set', () => new Response('{"keys":['), { ...invalid, refusal: 'jwks_malformed' }],
    ['no UTF-8', () => new Response(new Uint8Array([0x7b, 0xff, 0x7d])), { ...invalid, refusal: 'jwks_not_utf8' }],
    ['an empty set', serving({ keys: [] }), { ...invalid, refusal: 'key_set_empty' }],
    ['no set', serving({ key: [] }), { ...invalid, refusal: 'jwks_keys' }],
    ['a set of secrets', () => serving(only('HS256'))(), { ...invalid, refusal: 'key_set_empty' }],
  ]
  for (const [name, answer, expected] of failures) {
    test(`the issuer answers with ${name}: coded, 503 at the gate, and a set in hand stays`, async () => {
      const host = issuerOf(answer)
      const timeoutDuration = expected === timeout ? 300 : PATIENCE
      const settings = { fetch: host.fetch, timeoutDuration, cooldownDuration: 10_000 }
      const token = await world().token('ES256')
      const keys = new RemoteKeySet(url, settings)
      const checks = verifier(keys)
      const error = await refused(() => checks.verify(token), { ...expected, retryAfter: 1 })
      ok(error instanceof jotgate.JOSEError)
      // The issuer is not asked for a second, and no request waits.
      await refused(() => checks.verify(token), { ...expected, retryAfter: 1 })
      same(host.calls.length, 1)

      const gate = createGate({ jwksUri: url, ...settings, algorithms: ['ES256'], issuer, audience, currentDate })
      const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      same([denied.status, denied.error, denied.refusal], [503, undefined, expected.refusal])
      same(denied.response().headers.get('retry-after'), '1')
      same(denied.response().headers.get('www-authenticate'), null)

      host.answer = serving(only('ES256'))
      await later(1_500, async () => {
        same((await checks.verify(token)).payload, CLAIMS)
        host.answer = answer
        const calls = host.calls.length
        const stranger = await world().token('ES256', {}, { kid: 'other' })
        const before = createGate({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
        const strange = new Request(url, { headers: { authorization: `Bearer ${stranger}` } })
        // For an unknown key the gate says what it says without a set: it is not the token's fault.
        const unknown = await before.check(strange)
        same([unknown.status, unknown.error, unknown.refusal], [503, undefined, expected.refusal])
        ok(Number(unknown.response().headers.get('retry-after')) >= 1)
        // In the cool-down: no other fetch, and still not the token's fault.
        const again = await refused(() => checks.verify(stranger), { refusal: expected.refusal })
        ok(again.retryAfter >= 1 && again.retryAfter <= 10, String(again.retryAfter))
        same(host.calls.length, calls + 1)
        same((await checks.verify(token)).payload, CLAIMS)
      })
    })
  }

  test("a fetch is passed to `waitUntil`, and its failure rejects nothing else", async () => {
    const host = issuerOf(serving(world().jwks))
    const works = []
    const gate = createGate({ jwksUri: url, fetch: host.fetch, algorithms: ['ES256'], issuer, audience, currentDate })
    const request = new Request(url, { headers: { authorization: `Bearer ${await world().token('ES256')}` } })
    same((await gate.check(request, { waitUntil: (work) => works.push(work) })).ok, true)
    same((await gate.check(request, { waitUntil: (work) => works.push(work) })).ok, true)
    // In a worker there is also the shared cache's work.
    ok(works.length === 1 || isolated, String(works.length))
    same(host.calls.length, 1)
    await Promise.all(works.splice(0))
    host.answer = () => Promise.reject(new Error('down'))
    const failing = createGate({
      jwksUri: url,
      fetch: host.fetch,
      algorithms: ['ES256'],
      issuer,
      audience,
      currentDate,
    })
    same((await failing.check(request, { waitUntil: (work) => works.push(work) })).status, 503)
    await works[0]
  })

  test('a hundred cold requests all pass; where promises may be shared they cost one fetch', async () => {
    const host = issuerOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return serving(world().jwks)()
    })
    const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch }))
    const token = await world().token('ES256')
    const results = await Promise.all(Array.from({ length: 100 }, () => checks.verify(token)))
    ok(results.every(({ payload }) => payload.sub === 'user-1'))
    same(host.calls.length, isolated ? 100 : 1)
  })

  test('misused options are a TypeError that names them', async () => {
    for (const bad of [
      '',
      'jwks',
      '/jwks',
      'ftp://a',
      'javascript:1',
      'https://u:p@a',
      undefined,
      null,
      5,
      {},
      Symbol('u'),
    ]) {
      await misused(() => new RemoteKeySet(bad), 'url')
    }
    const wrong = {
      timeoutDuration: [undefined, null, NaN, 0, -1, 1.5, Infinity, '5s'],
      cooldownDuration: [undefined, null, NaN, -1, Infinity, '5s'],
      headers: [undefined, null, 5, 'a: b', { 'a b': 'c' }, { a: 'b\nc' }],
      fetch: [undefined, null, 5, {}],
      cacheMaxAge: [undefined, null, NaN, -1, Infinity, '5m'],
      cacheMinAge: [undefined, null, NaN, -1, Infinity, 600_001],
      maxStale: [undefined, null, NaN, -1, Infinity],
      cacheAge: [5],
    }
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values)
        await misused(() => new RemoteKeySet(url, { [option]: value }), option, JSON.stringify(value))
    }
    ok(new RemoteKeySet(new URL(url), { cooldownDuration: 0 }).url === url)
    ok(new RemoteKeySet(url, { cacheMaxAge: 1_000 }).url === url)
  })
}

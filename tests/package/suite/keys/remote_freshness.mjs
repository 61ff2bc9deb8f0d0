/** How long a remote key set is used: max-age, stale sets, cool-downs, exports. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'
import { remoteWorld } from './remote_world.mjs'

export function remoteFreshnessTests(context) {
  const { jotgate, facade, world } = context
  const { createGate } = jotgate
  const { url, serving, only, at, later, test, PATIENCE, sleep, isolated, page, inWorker, said, make, unavailable } = remoteWorld(context)

  test('max-age and Age are honoured: a set is used, then refreshed behind a request, and 304 renews it', async () => {
    const { host, checks, keys } = make(said({ 'cache-control': 'max-age=100', age: '20', etag: '"a"' }))
    const token = await world().token('ES256')
    await checks.verify(token)
    await later(50_000, () => checks.verify(token))
    same(host.calls.length, 1, 'age 70')
    host.answer = ({ headers }) => {
      same(headers.get('if-none-match'), page ? null : '"a"')
      const init = { headers: { 'cache-control': 'max-age=200' } }
      // A page asks without the field, which its browser adds by itself; a 304 comes out of its cache as a whole answer.
      return page ? said(init.headers)() : new Response(null, { status: 304, ...init })
    }
    const works = []
    const gate = createGate({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
    const request = new Request(url, { headers: { authorization: `Bearer ${token}` } })
    const set = keys.keySet
    await later(60_000, async () => {
      same((await gate.check(request, { waitUntil: (work) => works.push(work) })).ok, true)
      ok(works.length >= 1)
      await Promise.all(works)
      same(host.calls.length, 2)
      await checks.verify(token)
    })
    await later(200_000, () => checks.verify(token))
    same(host.calls.length, 2, 'the 304 said 200 seconds')
    ok(keys.keySet === set, 'what was confirmed is not prepared again')
  })

  test('an answer that took its time is as old as the question', async () => {
    const asked = Date.now()
    const { host, checks } = make(
      () => {
        Date.now = () => asked + 40_000
        return said({ 'cache-control': 'max-age=100' })()
      },
      { timeoutDuration: PATIENCE },
    )
    const token = await world().token('ES256')
    await checks.verify(token)
    for (const [time, calls] of [
      [74_000, 1],
      [76_000, 2],
    ]) {
      await at(asked + time, async () => {
        await checks.verify(token)
        await sleep(5)
      })
      same(host.calls.length, calls, `after ${time} ms`)
    }
  })

  test('complaint 6: the same text is not prepared again, another one is', async () => {
    const { host, keys } = make(serving(only('ES256')))
    const set = await keys.reload()
    ok((await keys.reload()) === set)
    host.answer = serving(only('ES384'))
    ok((await keys.reload()) !== set)
  })

  test('complaint 2: an issuer that fails: the old set is used for maxStale without waiting, then no longer', async () => {
    const { host, checks } = make(said({ 'cache-control': 'max-age=100' }), {
      maxStale: 1_000_000,
      timeoutDuration: PATIENCE,
    })
    const token = await world().token('ES256')
    await checks.verify(token)
    // An issuer that hangs until it is let fail, or fails at once.
    let fail = () => {}
    const down = () => Promise.reject(new TypeError('down'))
    const hanging = () => new Promise((_, reject) => (fail = () => reject(new TypeError('down'))))
    host.answer = hanging
    await later(500_000, async () => {
      let waits = true
      const first = checks.verify(token).finally(() => (waits = false))
      await sleep(0)
      same([waits, host.calls.length], [true, 2], 'the first one waits')
      fail()
      same((await first).payload, CLAIMS, 'and falls back')
    })
    // Without `waitUntil`, the request itself fetches.
    if (isolated) host.answer = down
    for (const [time, calls] of [
      [500_500, 2],
      [600_000, 3],
      [1_000_000, 4],
    ]) {
      await later(time, async () => {
        same((await checks.verify(token)).payload, CLAIMS)
        const { init } = host.calls.at(-1)
        same([host.calls.length, init.signal.aborted], [calls, false], 'it waited for an issuer that is known to fail')
        fail()
        await sleep(0)
      })
    }
    await later(1_099_000, async () => {
      same(checks.verifySync(token).payload, CLAIMS)
      fail()
      await sleep(0)
    })
    host.answer = down
    await later(1_200_000, async () => {
      await refused(() => checks.verify(token), { code: 'ERR_JWKS_UNAVAILABLE', refusal: 'key_set_unreachable' })
      await refused(() => checks.verifySync(token), { code: 'ERR_JWKS_UNAVAILABLE', refusal: 'keys_not_ready' })
    })
  })

  test('a fetch is given five seconds, where nothing else is said', async () => {
    const { keys } = make(serving(world().jwks))
    const real = globalThis.setTimeout
    const asked = []
    globalThis.setTimeout = (call, after, ...more) => {
      asked.push(after)
      return real(call, after, ...more)
    }
    try {
      await keys.reload()
    } finally {
      globalThis.setTimeout = real
    }
    same(asked[0], 5_000)
  })

  test('where no promise may be shared, verifySync begins no fetch that nothing would continue', () =>
    inWorker(async () => {
      const { host, checks } = make(said({ 'cache-control': 'max-age=100' }))
      const token = await world().token('ES256')
      await checks.verify(token)
      await later(90_000, async () => {
        same(checks.verifySync(token).payload, CLAIMS)
        await sleep(5)
        same(host.calls.length, 1)
      })
    }))

  test('a waitUntil that throws costs no good token', async () => {
    const { keys } = make(serving(world().jwks))
    const gate = createGate({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
    const waitUntil = () => {
      throw new TypeError('Illegal invocation')
    }
    const request = new Request(url, { headers: { authorization: `Bearer ${await world().token('ES256')}` } })
    same((await gate.check(request, { waitUntil })).ok, true)
    await later(500_000, async () => same((await gate.check(request, { waitUntil })).ok, true))
    await sleep(5)
  })

  test('stale-if-error shortens the trust, never lengthens it', async () => {
    const token = await world().token('ES256')
    for (const [seconds, refusal] of [
      [50, undefined],
      [99_999, undefined],
      [10, 'key_set_status'],
    ]) {
      const { host, checks } = make(said({ 'cache-control': `max-age=100, stale-if-error=${seconds}` }), {
        maxStale: 100_000,
      })
      await checks.verify(token)
      host.answer = () => new Response(null, { status: 500 })
      await later(130_000, async () => {
        if (refusal === undefined) await checks.verify(token)
        else await refused(() => checks.verify(token), { refusal })
      })
      await later(250_000, () => refused(() => checks.verify(token), { refusal: 'key_set_status' }))
    }
  })

  test('an answer that a cache on the way kept for too long is refused, and the set in hand stays', async () => {
    const { host, keys, checks } = make(said({ 'cache-control': 'max-age=100', age: '5000' }))
    const token = await world().token('ES256')
    await refused(() => checks.verify(token), { ...unavailable, refusal: 'key_set_stale' })
    host.answer = said({ 'cache-control': 'max-age=100' }, only('ES256'))
    await later(2_000, () => checks.verify(token))
    host.answer = said({ 'cache-control': 'max-age=100', age: '90' }, only('ES384'))
    await later(2_000, () => keys.reload())
    same(
      keys.keySet.keys.map(({ kid }) => kid),
      ['key-ES256'],
    )
  })

  test('an issuer that forbids caching is not asked with every request', async () => {
    const token = await world().token('ES256')
    for (const headers of [
      { 'cache-control': 'no-store' },
      { 'cache-control': 'max-age=0' },
      { 'cache-control': 'max-age=100', age: '99' },
    ]) {
      const { host, checks } = make(said(headers))
      for (let second = 0; second < 29; second++) await later(second * 1_000, () => checks.verify(token))
      same(host.calls.length, 1, JSON.stringify(headers))
    }
  })

  test('an unknown kid is asked for past caches, a refresh is not', async () => {
    const { host, checks } = make(serving(only('ES256')))
    await checks.verify(await world().token('ES256'))
    await refused(async () => checks.verify(await world().token('ES256', {}, { kid: 'x' })), {
      refusal: 'no_matching_key',
    })
    same(
      host.calls.map(({ init }) => [init.headers.get('cache-control'), init.cache ?? null]),
      [
        [null, null],
        // In a page the field would cost a pre-flight; the mode says the same to the browser's own cache.
        [page ? null : 'no-cache', takesCacheMode() ? 'no-store' : null],
      ],
    )
  })

  test('a set that has aged is renewed before a key that it lacks is called unknown, cool-down or not', async () => {
    const { host, checks } = make(said({ 'cache-control': 'max-age=100' }, only('ES256')), { cooldownDuration: 9e6 })
    await checks.verify(await world().token('ES256'))
    const stranger = await world().token('ES256', {}, { kid: 'random' })
    await refused(() => checks.verify(stranger), { refusal: 'no_matching_key' })
    host.answer = said({ 'cache-control': 'max-age=100' }, only('ES256', 'ES384'))
    const token = await world().token('ES384')
    await refused(() => checks.verify(token), { refusal: 'no_matching_key' })
    same(host.calls.length, 2, 'the set is fresh, and the cool-down lasts')
    await later(110_000, async () => {
      const all = await Promise.all([checks.verify(token), checks.verify(token)].map((one) => one.catch((error) => error)))
      // Where promises cannot be shared, the second gets 503.
      same(all[0].payload, CLAIMS)
      if (isolated) same(all[1].refusal ?? 'accepted', 'key_set_pending')
      else same(all[1].payload, CLAIMS)
      same(host.calls.length, 3)
      await refused(() => checks.verify(stranger), { refusal: 'no_matching_key' })
      same(host.calls.length, 3)
    })
  })

  test('10,000 random kids at once cost one fetch, and the cool-down delays no refresh', async () => {
    const { host, checks } = make(said({ 'cache-control': 'max-age=100' }, only('ES256')), {
      timeoutDuration: PATIENCE,
    })
    const token = await world().token('ES256')
    await checks.verify(token)
    const strange = await Promise.all(
      Array.from({ length: 100 }, (_, turn) => world().token('ES256', {}, { kid: `r${turn}` })),
    )
    const codes = new Set()
    await Promise.all(
      Array.from({ length: 10_000 }, (_, turn) =>
        checks.verify(strange[turn % 100]).catch(({ refusal }) => codes.add(refusal)),
      ),
    )
    same(host.calls.length, 2)
    same([...codes].sort(), isolated ? ['key_set_pending', 'no_matching_key'] : ['no_matching_key'])
    await later(90_000, async () => {
      await checks.verify(token)
      await sleep(5)
    })
    same(host.calls.length, 3)
  })

  test('private members of a public set are dropped and reported, and never passed on', async () => {
    const jwk = { ...world().keys.ES256.jwk, d: world().keys.ES256.privateJwk.d }
    const { keys, checks } = make(serving({ keys: [jwk, world().keys.HS256.jwk], note: 'x' }))
    same((await checks.verify(await world().token('ES256'))).payload, CLAIMS)
    same(keys.keySet.dropped, [{ index: 0, kid: 'key-ES256', names: ['d'] }])
    same(
      keys.keySet.skipped.map(({ code }) => code),
      ['jwk_symmetric_in_set'],
    )
    const { jwks } = keys.export()
    same(jwks, { keys: [world().keys.ES256.jwk], note: 'x' })
    const cache = {}
    const remote = facade.createRemoteJWKSet(new URL(url), {
      [facade.customFetch]: serving({ keys: [jwk] }),
      [facade.jwksCache]: cache,
    })
    await remote.reload()
    for (const kept of [remote.jwks(), cache.jwks]) same(kept, { keys: [world().keys.ES256.jwk] })
  })

  test('an export hydrates another set, whose age goes on counting', async () => {
    const token = await world().token('ES256')
    const { keys } = make(said({ 'cache-control': 'max-age=100', age: '30', etag: '"a"' }))
    same(keys.export(), undefined)
    await keys.reload()
    const exported = JSON.parse(JSON.stringify(keys.export()))
    const fetches = async (time) => {
      const other = make(said({ 'cache-control': 'max-age=100' }))
      other.keys.hydrate(exported)
      await later(time, async () => {
        same(other.checks.verifySync(token).payload, CLAIMS)
        await other.checks.verify(token)
        await sleep(5)
      })
      return other.host.calls.length
    }
    same(await fetches(10_000), 0)
    same(await fetches(50_000), 1, 'it is 80 seconds old')
    const late = make(said({}))
    late.keys.hydrate(exported)
    await later(4_000_000, () => refused(() => late.checks.verifySync(token), { refusal: 'keys_not_ready' }))
    const newer = make(serving(only('ES384')))
    await newer.keys.reload()
    newer.keys.hydrate(exported)
    same(newer.keys.keySet.size, 1, 'an older set replaces nothing')

    const broken = (change) => () => newer.keys.hydrate({ ...exported, ...change })
    for (const [name, value] of [
      ['source', 'https://other.example/jwks'],
      ['sentAt', NaN],
      ['arrivedAt', '5'],
      ['cacheControl', 5],
      ['etag', 5],
      ['jwks', 5],
      ['jwks', { keys: [] }],
    ]) {
      await misused(broken({ [name]: value }), name)
    }
    await refused(broken({ jwks: { key: [] } }), { code: 'ERR_JWKS_INVALID', refusal: 'jwks_keys' })
  })

  test('a fetch whose request vanished: its mark ends, another request fetches', () =>
    inWorker(async () => {
      const { host, checks } = make(() => new Promise(() => {}), { timeoutDuration: 5_000 })
      const token = await world().token('ES256')
      void checks.verify(token).catch(() => {})
      host.answer = serving(only('ES256'))
      same((await checks.verify(token)).payload, CLAIMS, 'cold: it fetches for itself')
      const stranger = await world().token('ES384')
      host.answer = () => new Promise(() => {})
      void checks.verify(stranger).catch(() => {})
      while (host.calls.length < 3) await undefined
      host.answer = serving(only('ES256', 'ES384'))
      await refused(() => checks.verify(stranger), { refusal: 'key_set_pending', retryAfter: 1 })
      await later(6_500, async () => same((await checks.verify(stranger)).payload, CLAIMS))
    }))
}

/** Whether requests take a mode of the cache: not in Workers with a compatibility date before 2024-11-11. */
function takesCacheMode() {
  try {
    return new Request('https://issuer.example', { cache: 'no-store' }) !== undefined
  } catch {
    return false
  }
}

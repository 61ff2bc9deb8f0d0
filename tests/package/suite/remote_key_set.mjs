/** What a remote key set fetches, and when; the issuer is a function here, so that every runtime can run it. */
import { misused, ok, outcome, refused, same } from './harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from './mint.mjs'

export function remoteKeySetTests({ jotgate, facade, test: add, world }) {
  const { createGate, RemoteKeySet, Verifier } = jotgate
  const url = 'https://issuer.example/jwks'

  /** An issuer whose answers can be changed, and which counts. */
  function issuerOf(answer) {
    const self = {
      answer,
      calls: [],
      fetch: async (address, init) => {
        self.calls.push({ address, init })
        return self.answer(init)
      },
    }
    return self
  }
  const serving = (jwks) => () => new Response(JSON.stringify(jwks))
  const only = (...algs) => ({ keys: algs.map((alg) => world().keys[alg].jwk) })
  const verifier = (keys) =>
    new Verifier({ keys, algorithms: ['ES256', 'ES384', 'EdDSA'], issuer, audience, currentDate })

  /** Runs with a clock that stands at a time. */
  async function at(time, body) {
    const now = Date.now
    Date.now = () => time
    try {
      return await body()
    } finally {
      Date.now = now
    }
  }
  /** Runs with a clock that is that much ahead. */
  const later = (milliseconds, body) => at(Date.now() + milliseconds, body)
  /** The clock stands still but for `later`: what is due must not depend on how fast the machine is. */
  const test = (name, body) => add(name, () => at(Date.now(), body))
  /** For the timers of sets whose issuer answers, so that a busy machine comes to the same. */
  const PATIENCE = 60_000
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const isolated =
    typeof WebSocketPair !== 'undefined' ||
    typeof EdgeRuntime !== 'undefined' ||
    globalThis.navigator?.userAgent === 'Cloudflare-Workers'
  /** A page, whose browser caches by itself and keeps some header fields to itself. */
  const page = typeof document === 'object'
  /** A host on which no promise may be shared, as in a worker. */
  async function inWorker(body) {
    const real = globalThis.WebSocketPair
    globalThis.WebSocketPair = class {}
    try {
      return await body()
    } finally {
      if (real === undefined) delete globalThis.WebSocketPair
      else globalThis.WebSocketPair = real
    }
  }

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
  const unavailable = { name: 'JWKSUnavailable', code: 'ERR_JWKS_UNAVAILABLE' }
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
      // The issuer is left alone for a second, and nobody waits for it.
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

  test("a fetch is made known to the host, and its failure is nobody else's", async () => {
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

  test('a slow old answer does not replace a newer set', async () => {
    let release
    const host = issuerOf(() => new Promise((resolve) => (release = () => resolve(serving(only('ES256'))()))))
    const keys = new RemoteKeySet(url, { fetch: host.fetch })
    const real = globalThis.WebSocketPair
    globalThis.WebSocketPair = class {} // as in a worker: no promise is shared
    try {
      const old = keys.reload()
      host.answer = serving(only('ES384'))
      await keys.reload()
      release()
      await old
    } finally {
      if (real === undefined) delete globalThis.WebSocketPair
      else globalThis.WebSocketPair = real
    }
    same(
      keys.keySet.keys.map(({ kid }) => kid),
      ['key-ES384'],
    )
  })

  test('an answer to an older question replaces nothing that a newer one brought', async () => {
    const { host, keys, checks } = make(said({ etag: '"a"' }, only('ES256')))
    await checks.verify(await world().token('ES256'))
    const waiting = []
    host.answer = () => new Promise((resolve) => waiting.push((answer) => resolve(answer())))
    const [refresh, key] = [keys.reload(), checks.verify(await world().token('ES384'))]
    while (waiting.length < 2) await undefined
    waiting[1](said({ etag: '"b"' }, only('ES256', 'ES384')))
    same((await key).payload, CLAIMS)
    waiting[0](said({ etag: '"a"' }, only('ES256')))
    same([(await refresh).size, keys.keySet.size], [2, 2])
  })

  test('an answer that confirms a set which was replaced meanwhile brings it not back, and counts for the cool-down', async () => {
    const { host, keys, checks } = make(said({ etag: '"a"' }, only('ES256')))
    await checks.verify(await world().token('ES256'))
    const waiting = []
    host.answer = () => new Promise((resolve) => waiting.push((answer) => resolve(answer())))
    const strange = await Promise.all(['x', 'y'].map((kid) => world().token('ES256', {}, { kid })))
    const [refresh, key] = [keys.reload(), outcome(() => checks.verify(strange[0]))]
    while (waiting.length < 2) await undefined
    waiting[0](said({ etag: '"b"' }, only('ES384')))
    await refresh
    // No page asks by a field of its own: there it is the browser that gives the old set back.
    waiting[1](page ? said({ etag: '"b"' }, only('ES384')) : () => new Response(null, { status: 304 }))
    same((await key).thrown.refusal, 'no_matching_key')
    same(
      keys.keySet.keys.map(({ kid }) => kid),
      ['key-ES384'],
    )
    host.answer = said({}, only('ES384'))
    await later(20_000, async () => {
      const { thrown } = await outcome(() => checks.verify(strange[1]))
      same([thrown.code, host.calls.length], [page ? 'ERR_JWKS_NO_MATCHING_KEY' : 'ERR_JWKS_UNAVAILABLE', 3])
    })
  })

  test('where promises may not be shared, a second unknown kid is told to come again, not refused', async () => {
    const host = issuerOf(serving(only('ES256')))
    const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch, timeoutDuration: 1000 }))
    await checks.verify(await world().token('ES256'))
    let release
    host.answer = () => new Promise((resolve) => (release = () => resolve(serving(world().jwks)())))
    const real = globalThis.WebSocketPair
    globalThis.WebSocketPair = class {}
    try {
      const token = await world().token('ES384')
      const first = checks.verify(token)
      await refused(() => checks.verify(token), { ...unavailable, refusal: 'key_set_pending' })
      release()
      same((await first).payload, CLAIMS)
      same((await checks.verify(token)).payload, CLAIMS)
      same(host.calls.length, 2)
    } finally {
      if (real === undefined) delete globalThis.WebSocketPair
      else globalThis.WebSocketPair = real
    }
  })

  test('a set that arrives between the look into the old one and the cool-down is looked into', async () => {
    const [known, stranger] = [await world().token('ES256'), await world().token('ES384')]
    for (let turns = 0; turns < 60; turns++) {
      const host = issuerOf(serving(only('ES256')))
      const checks = verifier(new RemoteKeySet(url, { fetch: host.fetch }))
      await checks.verify(known)
      host.answer = serving(only('ES256', 'ES384'))
      const first = checks.verify(stranger)
      for (let turn = 0; turn < turns; turn++) await undefined
      const { thrown } = await outcome(() => checks.verify(stranger))
      // Where promises can't be shared, one that comes while the fetch is under way is told to come again.
      ok(thrown === undefined || (isolated && thrown.refusal === 'key_set_pending'), `${turns} turns: ${thrown?.stack}`)
      same((await first).payload, CLAIMS)
      same(host.calls.length, 2)
    }
  })

  const said =
    (headers, jwks = world().jwks) =>
    () =>
      new Response(JSON.stringify(jwks), { headers })
  const make = (answer, options) => {
    const host = issuerOf(answer)
    const keys = new RemoteKeySet(url, { fetch: host.fetch, ...options })
    return { host, keys, checks: verifier(keys) }
  }

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

  test('complaint 2: an issuer that fails: the old set serves on for maxStale, nobody waits, then no longer', async () => {
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
    // Where nobody carries on behind a request, the request itself asks.
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

  test('where no promise may be shared, verifySync begins no fetch that nobody would carry on', () =>
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
        [page ? null : 'no-cache', 'no-store'],
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
      // Where promises can't be shared, the second is told to come again.
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

  /** An issuer whose documents stand at paths; what it has not is 404. */
  const site = (documents) => {
    const host = issuerOf(async () => {})
    const fetch = async (address, init) => {
      host.calls.push({ address, init })
      const document = documents[address]
      if (document === undefined) return new Response('no', { status: 404 })
      return typeof document === 'function' ? document() : new Response(JSON.stringify(document))
    }
    return { calls: () => host.calls.map(({ address }) => address), fetch }
  }

  test('from an issuer alone: its metadata is found at each well-known address and must name exactly it', async () => {
    const token = await world().token('ES256')
    const jwks_uri = 'https://keys.example/set'
    const addresses = {
      'https://issuer.example': [
        'https://issuer.example/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server',
      ],
      'https://issuer.example/': [
        'https://issuer.example/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server',
      ],
      'https://issuer.example/tenant/a': [
        'https://issuer.example/tenant/a/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server/tenant/a',
        'https://issuer.example/.well-known/openid-configuration/tenant/a',
      ],
    }
    for (const [name, places] of Object.entries(addresses)) {
      for (const [turn, place] of places.entries()) {
        const { calls, fetch } = site({ [place]: { issuer: name, jwks_uri }, [jwks_uri]: world().jwks })
        const keys = RemoteKeySet.fromIssuer(name, { fetch })
        same(calls(), [])
        same((await verifier(keys).verify(token)).payload, CLAIMS)
        same(calls(), [...places.slice(0, turn + 1), jwks_uri])
        await keys.reload()
        same(calls().length, turn + 3, 'the metadata is not asked for again')
        await later(86_300_000, () => keys.reload())
        same(calls().length, turn + 4, 'nor within a day')
        await later(86_500_000, () => keys.reload())
        same(calls().slice(turn + 4), [...places.slice(0, turn + 1), jwks_uri], 'after a day it is')
      }
    }
  })

  test('metadata of another issuer, or none: coded, and no key set is fetched', async () => {
    const place = 'https://issuer.example/.well-known/openid-configuration'
    const other = 'https://issuer.example/.well-known/oauth-authorization-server'
    const jwks_uri = 'https://issuer.example/jwks'
    const refusals = [
      [{}, { code: 'ERR_JWKS_UNAVAILABLE', refusal: 'discovery_status' }],
      [
        { [place]: { issuer: `${issuer}/`, jwks_uri } },
        { code: 'ERR_JWKS_INVALID', refusal: 'discovery_issuer_mismatch' },
      ],
      [{ [place]: { issuer: issuer.toUpperCase(), jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [other]: { issuer: [issuer], jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [place]: { jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [place]: { issuer } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: '/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'http://issuer.example/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'https://u:p@issuer.example/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'file:///etc/passwd' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: `${jwks_uri}#part` } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: [issuer] }, { refusal: 'discovery_malformed' }],
      [{ [place]: null }, { refusal: 'discovery_malformed' }],
      [{ [place]: () => new Response('<html>') }, { refusal: 'discovery_malformed' }],
      [{ [place]: () => new Response('x'.repeat(2_000_000)) }, { refusal: 'discovery_too_large' }],
      [
        { [place]: () => new Response(null, { status: 302, headers: { location: other } }) },
        { refusal: 'discovery_redirected' },
      ],
      [{ [place]: () => Promise.reject(new Error('down')) }, { refusal: 'discovery_unreachable' }],
      [{ [place]: () => new Promise(() => {}) }, { code: 'ERR_JWKS_TIMEOUT', refusal: 'discovery_timeout' }],
    ]
    const token = await world().token('ES256')
    for (const [documents, expected] of refusals) {
      const { calls, fetch } = site({ [jwks_uri]: world().jwks, ...documents })
      const options = { fetch, timeoutDuration: expected.refusal === 'discovery_timeout' ? 50 : PATIENCE }
      await refused(() => verifier(RemoteKeySet.fromIssuer(issuer, options)).verify(token), expected, expected.refusal)
      ok(!calls().includes(jwks_uri), expected.refusal)
      // Who can't be reached at one address can't be at the others.
      if (/unreachable|timeout/.test(expected.refusal)) same(calls().length, 1, expected.refusal)
      const gate = createGate({ ...options, algorithms: ['ES256'], issuer, audience, currentDate })
      const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      same([denied.status, denied.refusal], [503, expected.refusal])
    }
  })

  test('a gate needs nothing but its issuer, and an address that moved is found again', async () => {
    const place = 'https://issuer.example/.well-known/openid-configuration'
    const documents = {
      [place]: { issuer, jwks_uri: 'https://issuer.example/1' },
      'https://issuer.example/1': only('ES256'),
    }
    const { fetch } = site(documents)
    const gate = createGate({ fetch, algorithms: ['ES256', 'ES384'], issuer, audience, currentDate })
    const check = async (alg) =>
      gate.check(new Request(url, { headers: { authorization: `Bearer ${await world().token(alg)}` } }))
    same((await check('ES256')).ok, true)
    delete documents['https://issuer.example/1']
    documents[place].jwks_uri = 'https://issuer.example/2'
    documents['https://issuer.example/2'] = only('ES384')
    same((await check('ES384')).refusal, 'key_set_status')
    await later(31_000, async () => same((await check('ES384')).ok, true))
    for (const bad of [
      '',
      'issuer',
      'ftp://issuer.example',
      'https://issuer.example?a',
      'https://issuer.example/#',
      'https://u:p@issuer.example',
      5,
      undefined,
    ]) {
      await misused(() => RemoteKeySet.fromIssuer(bad), 'issuer')
    }
    await misused(
      () => createGate({ algorithms: ['ES256'], issuer: [issuer, 'https://b.example'], audience }),
      'jwksUri',
    )
  })

  test('complaint 8: several issuers in one gate: Cognito names no audience, others do; only who can fetch says unknown', async () => {
    const [other, third] = ['https://other.example', 'https://third.example']
    const { calls, fetch } = site({ 'https://other.example/jwks': only('ES384') })
    const gate = createGate({
      issuers: [
        { issuer, keys: only('ES256') },
        { issuer: other, jwksUri: 'https://other.example/jwks', fetch, audience: ['ops'] },
        { issuer: third, keys: world().keys.EdDSA.jwk, algorithms: ['EdDSA'], audience: false },
      ],
      algorithms: ['ES256', 'ES384'],
      audience: 'api',
      currentDate,
    })
    const request = async (...of) =>
      new Request(url, { headers: { authorization: `Bearer ${await world().token(...of)}` } })
    const told = ({ ok, status, error, refusal }) => (ok ? 'passes' : [status, error, refusal])
    const check = async (...of) => told(await gate.check(await request(...of)))
    const now = async (...of) => told(gate.checkSync(await request(...of)))
    const denied = (refusal) => [401, 'invalid_token', refusal]
    same(await check('ES256', { iss: issuer }), 'passes')
    same(await check('EdDSA', { iss: third, aud: undefined }), 'passes')
    same(await now('EdDSA', { iss: third, aud: 'whatever' }), 'passes')
    same(await now('ES384', { iss: other, aud: 'ops' }), [503, undefined, 'keys_not_ready'])
    same(await check('ES384', { iss: other, aud: 'ops' }), 'passes')
    same(await now('ES384', { iss: other, aud: 'ops' }), 'passes')
    same(calls().length, 1)
    same(await check('ES384', { iss: other, aud: 'api' }), denied('audience_mismatch'))
    same(await check('ES256', { iss: issuer, aud: undefined }), denied('claim_missing'))
    same(await check('ES256', { iss: 'https://nobody.example' }), denied('issuer_mismatch'))
    same(await check('ES256', { iss: undefined }), denied('claim_missing'))
    same(await check('ES256', { iss: third }), denied('algorithm_not_allowed'))
    // An unknown key of the remote set may be a new one, of the others it can't be.
    same(await now('ES384', { iss: other, aud: 'ops' }, { kid: 'x' }), [503, undefined, 'keys_not_ready'])
    same(await now('ES256', { iss: issuer }, { kid: 'x' }), denied('no_matching_key'))

    const wrong = (more) => () => createGate({ issuers: [{ issuer, keys: only('ES256') }], algorithms: ['ES256'], ...more })
    await misused(wrong({}), 'audience')
    await misused(wrong({ audience: undefined }), 'audience')
    await misused(wrong({ audience, issuer }), 'issuer')
    await misused(wrong({ audience, jwksUri: url }), 'jwksUri')
    await misused(wrong({ audience, fetch }), 'fetch')
    await misused(() => createGate({ issuers: [{ issuer, keys: only('ES256') }], audience }), 'algorithms')
    wrong({ audience: false })()
  })

  test('complaint 8: several issuers in one verifier: each has its keys, algorithms and audiences, `iss` only chooses', async () => {
    const other = 'https://other.example'
    const { calls, fetch } = site({
      'https://other.example/.well-known/openid-configuration': {
        issuer: other,
        jwks_uri: 'https://other.example/jwks',
      },
      'https://other.example/jwks': only('ES384'),
    })
    const checks = new Verifier({
      issuers: [
        { issuer, keys: only('ES256', 'ES384', 'EdDSA'), algorithms: ['ES256'] },
        { issuer: other, fetch, algorithms: ['ES384'], audience: ['admin', 'ops'] },
        { issuer: 'third', keys: world().keys.EdDSA.jwk },
      ],
      algorithms: ['EdDSA'],
      audience,
      currentDate,
    })
    const mint = (alg, iss, aud = 'api', header) => world().token(alg, { iss, aud }, header)
    same((await checks.verify(await mint('ES256', issuer))).payload.iss, issuer)
    same(checks.verifySync(await mint('EdDSA', 'third')).payload.iss, 'third')
    same(calls(), [], 'the other issuer is not asked for tokens that are not its own')
    same((await checks.verify(await mint('ES384', other, 'ops'))).payload.iss, other)
    same(checks.verifySync(await mint('ES384', other, 'admin')).payload.iss, other)
    same(calls().length, 2)

    const mismatch = {
      name: 'JWTClaimValidationFailed',
      claim: 'iss',
      reason: 'check_failed',
      refusal: 'issuer_mismatch',
      payload: {},
    }
    for (const iss of ['https://nobody.example', 'constructor', '__proto__', `${issuer}/`]) {
      await refused(async () => checks.verify(await mint('ES256', iss)), mismatch, iss)
      await refused(async () => checks.verifySync(await mint('ES256', iss)), mismatch, iss)
    }
    await refused(async () => checks.verify(await mint('ES256', undefined)), {
      claim: 'iss',
      reason: 'missing',
      payload: {},
    })
    await refused(async () => checks.verify(await world().token('ES256', { iss: [issuer] })), { claim: 'iss' })
    await refused(
      async () => checks.verify(await mint('ES384', issuer)),
      { code: 'ERR_JOSE_ALG_NOT_ALLOWED' },
      "the other's algorithm",
    )
    await refused(async () => checks.verify(await mint('ES256', other, 'ops')), { code: 'ERR_JOSE_ALG_NOT_ALLOWED' })
    await refused(async () => checks.verify(await mint('ES384', other)), { claim: 'aud' }, "the others' audience")
    await refused(async () => checks.verify(await mint('EdDSA', 'third', 'admin')), { claim: 'aud' })
    const stolen = await mint('ES384', other, 'ops', { kid: 'key-ES256' })
    await refused(
      () => checks.verify(stolen),
      { code: 'ERR_JWKS_NO_MATCHING_KEY' },
      "one issuer's key signs for no other",
    )
    for (const garbage of ['', 'a.b.c', undefined, 5])
      await refused(() => checks.verify(garbage), { code: 'ERR_JWS_INVALID' })

    const good = { issuer, keys: only('ES256') }
    const wrong = (issuers, more) => () => new Verifier({ issuers, algorithms: ['ES256'], ...more })
    for (const none of [undefined, null, {}, 'a', []]) await misused(wrong(none), 'issuers')
    await misused(wrong([good, good]), 'issuers')
    await misused(wrong([{ keys: only('ES256') }]), 'issuer')
    await misused(wrong([{ ...good, issuer: '' }]), 'issuer')
    await misused(wrong([{ ...good, audience: undefined }]), 'audience')
    await misused(wrong([{ ...good, algorithms: [] }]), 'algorithms')
    await misused(wrong([{ ...good, jwksUri: url }]), 'jwksUri')
    await misused(wrong([{ ...good, fetch }]), 'fetch')
    await misused(wrong([{ ...good, subject: 'a' }]), 'subject')
    await misused(wrong([good], { keys: only('ES256') }), 'keys')
    await misused(wrong([good], { issuer }), 'issuer')
    await misused(() => new Verifier({ issuers: [good] }), 'algorithms')
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

/** Answers of an issuer that arrive late or out of order. */
import { ok, outcome, refused, same } from '../harness.mjs'
import { CLAIMS } from '../mint.mjs'
import { remoteWorld } from './remote_world.mjs'

export function remoteOrderTests(context) {
  const { jotgate, world } = context
  const { RemoteKeySet } = jotgate
  const { url, issuerOf, serving, only, verifier, later, test, isolated, page, said, make, unavailable } = remoteWorld(context)

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

  test('where promises may not be shared, a second unknown kid gets 503, not 401', async () => {
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
      // Where promises cannot be shared, a request during the fetch gets 503.
      ok(thrown === undefined || (isolated && thrown.refusal === 'key_set_pending'), `${turns} turns: ${thrown?.stack}`)
      same((await first).payload, CLAIMS)
      same(host.calls.length, 2)
    }
  })
}

/** Status lists that cannot be used, hosts that fail, and how long a list counts. */
import { ok, same } from '../harness.mjs'
import { base64url, CLAIMS, NOW, tampered } from '../mint.mjs'
import { listOf, packed, statusWorld, URI, zlib } from './world.mjs'

export function statusFaultTests(context) {
  const { test, world } = context
  if (typeof DecompressionStream === 'undefined') return
  const use = () => statusWorld(context)
  /** Whether one request must not await a promise of another. */
  const isolated = typeof WebSocketPair !== 'undefined'
  /** A page, whose browser makes conditional requests by itself. */
  const page = typeof document === 'object'
  /** Lets work in the background end. */
  const settled = () => new Promise((done) => setTimeout(done, 20))

  /** The refusal for each answer of the host. */
  async function codes(rows, options) {
    const { bearer, gateWith, hostOf, tokenAt } = use()
    for (const [code, answer, about = ''] of rows) {
      const token = await tokenAt(0)
      const denied = await gateWith(hostOf(answer), options).check(bearer(token))
      same(denied.ok ? 'passed' : `${denied.status} ${denied.refusal}`, code === 'passed' ? code : `503 ${code}`, about)
      if (denied.ok) continue
      const { cause } = denied
      same([cause.name, cause.refusal, cause.url], ['StatusListUnavailable', code, URI])
      const shown = `${denied.detail} ${cause.stack} ${cause.cause?.stack} ${JSON.stringify(denied)} ${JSON.stringify(cause)}`
      for (const secret of [token, token.split('.')[1], ...(typeof answer === 'string' && answer.includes('.') ? [answer, answer.split('.')[1]] : [])]) {
        ok(secret.length < 20 || !shown.includes(secret), `${code}: a token is in what is shown`)
      }
    }
  }

  test('status: a list that is not as it must be is refused, each with its own code', async () => {
    const { listToken, served } = use()
    const list = listOf([0, 1])
    const good = await listToken(list)
    const withClaims = (claims) => listToken(list, { claims })
    await codes([
      ['passed', good],
      ['passed', `${good}\n`],
      ['passed', await withClaims({ iss: undefined })],
      ['passed', await withClaims({ exp: NOW + 1, ttl: 1 })],
      ['passed', await listToken(list, { header: { typ: 'application/statuslist+jwt' } })],
      ['passed', served(good, { 'content-type': 'Application/StatusList+JWT; charset=utf-8' })],
      ['status_list_media_type', served(good, { 'content-type': 'application/jwt' })],
      ['status_list_media_type', served(good, { 'content-type': 'application/statuslist+jwtx' })],
      ['status_list_media_type', served(good, { 'content-type': 'application/statuslist+cwt' })],
      ['status_list_media_type', served('{"status_list":{}}', { 'content-type': 'application/statuslist+json' })],
      ['status_list_media_type', { status: 200, text: async () => good }, 'no header at all'],
      ['status_list_type', await listToken(list, { header: { typ: 'JWT' } })],
      ['status_list_type', await listToken(list, { header: { typ: 'at+jwt' } })],
      ['status_list_type', await listToken(list, { header: { typ: undefined } })],
      ['status_list_signature', tampered(good, 2)],
      ['status_list_signature', await listToken(list, { header: { kid: 'unknown' } })],
      ['status_list_signature', await listToken(list, { alg: 'ES384' }), 'an algorithm that the gate does not accept'],
      ['status_list_signature', await listToken(list, { alg: 'HS256' }), 'a MAC'],
      ['status_list_signature', `${base64url('{"alg":"none","typ":"statuslist+jwt"}')}.${good.split('.')[1]}.`],
      ['status_list_malformed', ''],
      ['status_list_malformed', 'a.b'],
      ['status_list_malformed', '<html></html>'],
      ['status_list_expired', await withClaims({ exp: NOW - 6 })],
      ['status_list_malformed', await withClaims({ nbf: NOW + 6 })],
      ['status_list_malformed', await withClaims({ exp: String(NOW + 60) })],
      ['status_list_subject', await withClaims({ sub: `${URI}/` })],
      ['status_list_subject', await withClaims({ sub: undefined })],
      ['status_list_issuer', await withClaims({ iss: `${CLAIMS.iss}/` })],
      ['status_list_malformed', await withClaims({ iat: undefined })],
      ...(await Promise.all([0, -1, '60', null].map(async (ttl) => ['status_list_malformed', await withClaims({ ttl }), `ttl ${ttl}`]))),
      ...(await Promise.all([null, 'x', [], 7].map(async (value) => ['status_list_malformed', await listToken(value), `status_list ${value}`]))),
      ...(await Promise.all([0, 3, 16, '1', null, 1.5, -1].map(async (bits) => ['status_list_bits', await listToken({ ...list, bits }), `bits ${bits}`]))),
      ['status_list_bits', await listToken({})],
    ])
  })

  test('status: damaged and hostile data is refused, the same in every runtime', async () => {
    const { listToken } = use()
    const data = zlib(packed([0, 1, 2, 3, 0, 1], 2))
    const flipped = (index) => data.map((byte, at) => (at === index ? byte ^ 1 : byte))
    const damaged = {
      'nothing': new Uint8Array(),
      'a header alone': data.slice(0, 2),
      'no checksum': data.slice(0, -4),
      'half a checksum': data.slice(0, -2),
      'a part of the data': data.slice(0, 8),
      'the checksum of other data': flipped(data.length - 1),
      'data of another checksum': flipped(data.length - 5),
      'a byte after the end': Uint8Array.from([...data, 0]),
      'a second stream after the end': Uint8Array.from([...data, ...zlib(packed([1], 2))]),
      'no header': data.slice(2),
      'the header of gzip': Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, ...data]),
      'a dictionary': Uint8Array.from([0x78, 0x20 | (31 - ((0x78 * 256 + 0x20) % 31)), 0, 0, 0, 1, ...data.slice(2)]),
      'a reserved kind of block': Uint8Array.from([0x78, 0x01, 0x07, ...data.slice(3)]),
      'a length that is not repeated': flipped(5),
    }
    const lst = base64url(data)
    const texts = { 'padding': `${lst}=`, 'spaces': ` ${lst}`, 'standard base64': '+/+/', 'one character too many': `${lst.slice(0, lst.length - (lst.length % 4))}A`, 'no text': 7, 'empty': '', 'null': null }
    const rows = [...Object.entries(damaged).map(([about, bytes]) => [about, base64url(bytes)]), ...Object.entries(texts)]
    await codes([['passed', await listToken({ bits: 2, lst })]])
    await codes(await Promise.all(rows.map(async ([about, text]) => ['status_list_deflate', await listToken({ bits: 2, lst: text }), about])))
  })

  test('status: a list is decompressed up to a bound', async () => {
    const { gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const compressed = async (size) => {
      const stream = new Blob([new Uint8Array(size)]).stream().pipeThrough(new CompressionStream('deflate'))
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
      let binary = ''
      for (const byte of bytes) binary += String.fromCharCode(byte)
      return { bits: 1, lst: btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '') }
    }
    const bomb = await listToken(await compressed(64 << 20))
    ok(bomb.length < 200_000, `${bomb.length}`)
    await codes([['status_list_inflated', bomb]])
    await codes([['passed', await listToken(await compressed(8 << 20))], ['status_list_inflated', await listToken(await compressed((8 << 20) + 1))]])
    await codes([['passed', await listToken(await compressed(1_000))], ['status_list_inflated', await listToken(await compressed(1_001))]], { maxBytes: 1_000 })
    // The last entry of a million.
    const gate = gateWith(hostOf(await listToken(await compressed(1 << 20))))
    same([await wordOf(gate, tokenAt((8 << 20) - 1)), await wordOf(gate, tokenAt(8 << 20))], ['passed', '401 invalid_token status_index'])
  })

  test('status: a host that fails is a 503 with the reason', async () => {
    const { listToken, served } = use()
    const good = await listToken()
    const failed = (status, headers) => new Response(null, { status, headers })
    await codes([
      ['status_list_status', failed(404)],
      ['status_list_status', failed(500)],
      ['status_list_status', failed(304), 'nothing is in hand'],
      ['status_list_redirected', failed(302, { location: 'https://evil.example/' })],
      ['status_list_unreachable', () => Promise.reject(new TypeError('down'))],
      ['status_list_too_large', served('x'.repeat((1 << 20) + 1))],
      ['status_list_not_utf8', served(new Uint8Array([0x65, 0xff]))],
    ])
    await codes([['status_list_timeout', () => new Promise(() => {})], ['passed', good]], { timeoutDuration: 200 })
  })

  test('status: after a failure the host is left alone, as long as it asks for', async () => {
    const { at, bearer, gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const host = hostOf(() => new Response(null, { status: 503, headers: { 'retry-after': '60' } }))
    const gate = gateWith(host)
    await at(0, async () => same((await gate.check(bearer(await tokenAt(0)))).response().headers.get('retry-after'), '60'))
    host.answer = await listToken()
    await at(59, async () => same([await wordOf(gate, tokenAt(0)), host.calls.length], ['503 - status_list_status', 1]))
    await at(61, async () => same([await wordOf(gate, tokenAt(0)), host.calls.length], ['passed', 2]))
  })

  test('status: `ttl` and `exp` count more than `Cache-Control` and `Age`, and those without them', async () => {
    const { at, gateWith, hostOf, listToken, served, tokenAt, wordOf } = use()
    const rows = [
      [{ ttl: 30 }, {}, 30],
      [{ ttl: 30 }, { 'cache-control': 'max-age=500', 'age': '400' }, 30],
      [{ ttl: 30 }, { 'cache-control': 'no-store' }, 30],
      [{ ttl: 500 }, { 'cache-control': 'max-age=30' }, 500],
      [{ exp: NOW + 30 }, { 'cache-control': 'max-age=500' }, 30],
      [{ ttl: 20, exp: NOW + 300 }, {}, 20],
      [{ ttl: 10_000 }, {}, 600],
      [{}, {}, 600],
      [{}, { 'cache-control': 'max-age=40' }, 40],
      [{}, { 'cache-control': 'max-age=40', 'age': '30' }, 10],
    ]
    for (const [claims, headers, life] of rows) {
      const about = JSON.stringify([claims, headers])
      const text = await listToken(undefined, { claims })
      const host = hostOf(() => served(text, headers))
      const gate = gateWith(host)
      await at(0, async () => same(await wordOf(gate, tokenAt(0)), 'passed', about))
      // With an `Age`, a refresh in the background may be due at once.
      if (headers.age === undefined || claims.ttl !== undefined) await at(life * 0.7, async () => same([await wordOf(gate, tokenAt(0)), host.calls.length], ['passed', 1], about))
      host.answer = () => served(text, headers)
      await at(life + 1, async () => (await wordOf(gate, tokenAt(0)), ok(host.calls.length > 1, about)))
    }
  })

  test('status: a list outlives its time by `maxStale` while its host fails, and never its `exp`', async () => {
    const { at, bearer, gateWith, hostOf, listToken, rules, tokenAt, valueFor, word } = use()
    const { createGate } = context.jotgate
    for (const [claims, options, last, code] of [
      [{ ttl: 60 }, {}, 359, 'status_list_status'],
      [{ ttl: 60 }, { maxStale: 10_000 }, 69, 'status_list_status'],
      [{ ttl: 60 }, { maxStale: 0 }, 59, 'status_list_status'],
      [{ ttl: 60, exp: NOW + 100 }, {}, 104, 'status_list_status'],
    ]) {
      const host = hostOf(await listToken(undefined, { claims }))
      // The clock of the gate is that of the runtime.
      const gate = createGate({ ...rules, status: valueFor(host, options) })
      const check = async () => word(await gate.check(bearer(await tokenAt(0, { exp: NOW + 3_600 }))))
      await at(0, async () => same(await check(), 'passed'))
      host.answer = () => new Response(null, { status: 500 })
      // The first request after the time fetches; later ones know that the host fails.
      await at(58, async () => (same(await check(), 'passed'), await settled()))
      await at(last, async () => (same(await check(), 'passed', `${last}`), await settled()))
      await at(last + 2, async () => same(await check(), `503 - ${code}`, `${last + 2}`))
      await at(last + 2, async () => same(word(gate.checkSync(bearer(await tokenAt(0, { exp: NOW + 3_600 })))), '503 - keys_not_ready'))
    }
  })

  test('status: a list that a host confirms is verified again, and an older one is not taken', async () => {
    const { at, bearer, hostOf, listToken, rules, served, tokenAt, valueFor, word } = use()
    const text = await listToken(listOf([0, 1]), { claims: { ttl: 10 } })
    const host = hostOf((init, call) => (call > 1 && init.headers.get('if-none-match') === '"a"' ? new Response(null, { status: 304 }) : served(text, { etag: '"a"' })))
    let keys = { keys: [world().keys.ES256.jwk] }
    const gate = context.jotgate.createGate({ ...rules, keys: () => keys, cacheMaxAge: 1_000, status: valueFor(host) })
    const check = async (idx) => word(await gate.check(bearer(await tokenAt(idx))))
    await at(0, async () => same([await check(0), await check(1)], ['passed', '401 invalid_token status_invalid']))
    await at(11, async () => same([await check(0), await check(1), host.calls.length], ['passed', '401 invalid_token status_invalid', 2]))
    ok(page || host.calls[1].init.headers.get('if-none-match') === '"a"')
    host.answer = await listToken(listOf([0, 0]), { claims: { ttl: 10, iat: NOW - 1 } })
    await at(22, async () => same([await check(0), await check(1)], ['passed', '401 invalid_token status_invalid']))
    host.answer = await listToken(listOf([0, 0]), { claims: { ttl: 10, iat: NOW + 1 } })
    // The host is known to fail, so the list is fetched in the background.
    await at(60, async () => (await check(0), await settled()))
    await at(61, async () => same([await check(0), await check(1)], ['passed', 'passed']))
  })

  test('status: requests at the same time share one fetch, except in Workers', async () => {
    const { gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const host = hostOf(listToken())
    const gate = gateWith(host)
    const words = await Promise.all([0, 1, 0, 2].map((idx) => wordOf(gate, tokenAt(idx))))
    same(words, ['passed', '401 invalid_token status_invalid', 'passed', '401 invalid_token status_suspended'])
    ok(isolated ? host.calls.length <= 4 : host.calls.length === 1, `${host.calls.length}`)
  })
}

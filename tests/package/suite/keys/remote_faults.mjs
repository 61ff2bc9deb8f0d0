/**
 * What a remote key set makes of answers that real issuers, caches and clients give: aged, replaced under the same `kid`,
 * refused for a while, unusable, or from a client of the caller's own. The rows are those of `docs/remote-keys.md`.
 */
import { misused, ok, outcome, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'
import { remoteWorld } from './remote_world.mjs'

export function remoteFaultTests(context) {
  const { jotgate, facade, jose, world } = context
  const { createGate, KeySet, RemoteKeySet, Verifier } = jotgate
  const { url, issuerOf, only, at, later, test, PATIENCE, sleep, isolated, page, said, make: makeSet } = remoteWorld(context)
  const settle = () => sleep(5)
  const make = (answer, options) => makeSet(answer, { timeoutDuration: PATIENCE, ...options })
  const pastCaches = ({ init }) => init.headers.get('cache-control') === 'no-cache'

  test('V5: a first answer that a cache kept for too long is asked for once more, past caches', async () => {
    const aged = { 'cache-control': 'max-age=60, stale-while-revalidate=86400', 'age': '7200' }
    const { host, keys, checks } = make((init) => {
      const fresh = page || init.headers.get('cache-control') !== null
      return said(fresh ? { 'cache-control': 'max-age=60' } : aged, only(fresh ? 'ES256' : 'ES384'))()
    })
    same((await checks.verify(await world().token('ES256'))).payload, CLAIMS)
    same(host.calls.map(pastCaches), page ? [false] : [false, true])
    same(
      keys.keySet.keys.map(({ kid }) => kid),
      ['key-ES256'],
    )
  })

  test('a set that no bound allows to keep serves the request that fetched it', async () => {
    for (const headers of [{}, { 'cache-control': 'no-store' }]) {
      const { host, checks } = make(said(headers), { cacheMaxAge: 0, cacheMinAge: 0, maxStale: 0 })
      same((await checks.verify(await world().token('ES256'))).payload, CLAIMS)
      same(host.calls.length, 1)
    }
  })

  test('V5: nothing younger comes: the set is used until max-age and stale-while-revalidate, never longer', async () => {
    const token = await world().token('ES256')
    const headers = { 'cache-control': 'max-age=60, stale-while-revalidate=86400', 'age': '7200' }
    const second = [
      said(headers),
      () => new Response(null, { status: 500 }),
      () => Promise.reject(new TypeError('down')),
      said({}, { keys: [] }),
      said({ ...headers, age: '9000' }, only('ES384')),
    ]
    for (const again of second) {
      const { host, keys, checks } = make((_, call) => (call === 2 ? again() : said(headers)()), {
        maxStale: 100_000_000,
      })
      same((await checks.verify(token)).payload, CLAIMS)
      same(host.calls.length, page ? 1 : 2)
      host.answer = () => new Response(null, { status: 500 })
      const left = (60 + 86_400 - 7_200) * 1_000
      await later(left - 1_000, async () => ok(keys.keySet !== undefined))
      await later(left, async () => same(keys.keySet, undefined))
    }
    const { host, checks } = make(said(headers))
    const { message, cause } = await refused(() => checks.verify(token), { refusal: 'key_set_stale', retryAfter: 1 })
    ok(message.includes('7200 s') && message.includes('cacheMinAge'), message)
    same([host.calls.length, cause], [page ? 1 : 2, undefined])
    // The issuer is left alone for a second.
    await refused(() => checks.verify(token), { refusal: 'key_set_stale' })
    same(host.calls.length, page ? 1 : 2)
  })

  test('V5: a set without Cache-Control counts its Age', async () => {
    const token = await world().token('ES256')
    const { host, checks } = make(said({ age: '50000' }))
    await refused(() => checks.verify(token), { refusal: 'key_set_stale' })
    same(host.calls.length, page ? 1 : 2)
    const patient = make(said({ age: '50000' }), { cacheMaxAge: 86_400_000 })
    same((await patient.checks.verify(token)).payload, CLAIMS)
    await later(36_300_000, async () => same((await patient.checks.verify(token)).payload, CLAIMS))
    const young = make(said({ age: '500' }))
    await young.checks.verify(token)
    same(young.host.calls.length, 1)
    await later(110_000, () => outcome(() => young.checks.verify(token)))
    await settle()
    same(young.host.calls.length, 2, 'it was 500 seconds old when it came')
  })

  test('V5: a set in hand spares the second question', async () => {
    const { host, keys, checks } = make(said({ 'cache-control': 'max-age=100' }))
    await checks.verify(await world().token('ES256'))
    host.answer = said({ 'cache-control': 'max-age=100', 'age': '5000' })
    await later(500_000, async () => {
      await checks.verify(await world().token('ES256'))
      same(host.calls.map(pastCaches), [false, false])
      ok(keys.keySet !== undefined)
    })
  })

  /** A set whose ES256 key has the `kid` of the world's, and is another key. */
  let former
  const formerSet = async () => {
    former ??= await jose.exportJWK((await jose.generateKeyPair('ES256', { extractable: true })).publicKey)
    return { keys: [{ ...former, kid: 'key-ES256' }] }
  }
  const mismatch = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', refusal: 'signature_mismatch' }

  test('V6: a key that was replaced under its kid, or without one, is fetched, past caches', async () => {
    for (const kid of ['key-ES256', undefined]) {
      const token = await world().token('ES256', {}, { kid })
      const without = ({ keys }) => ({ keys: keys.map(({ kid: own, ...jwk }) => (kid === undefined ? jwk : { ...jwk, kid: own })) })
      const { host, keys, checks } = make(said({}, without(await formerSet())))
      await refused(() => checks.verify(token), mismatch, 'a set that was just fetched is not fetched again')
      same(host.calls.length, 1)
      host.answer = said({}, without(only('ES256')))
      const gate = createGate({ keys, algorithms: ['ES256'], issuer, audience, currentDate })
      await later(31_000, async () => {
        same((await checks.verify(token)).payload, CLAIMS)
        same(host.calls.map(pastCaches), [false, !page])
        same((await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))).ok, true)
        const [{ value }] = await checks.verifyBatch([token])
        same(value.payload, CLAIMS)
      })
      same(host.calls.length, 2)
    }
  })

  test('V6: a batch finds the new key too', async () => {
    const token = await world().token('ES256')
    const { host, keys, checks } = make(said({}, await formerSet()))
    await keys.reload()
    host.answer = said({}, only('ES256'))
    await later(31_000, async () => {
      const results = await checks.verifyBatch([token])
      same(results.map(({ status }) => status), ['fulfilled'])
    })
  })

  test('V6: without waiting the verdict is final, and the next call knows the new key', async () => {
    const token = await world().token('ES256')
    const { host, keys, checks } = make(said({}, await formerSet()))
    await keys.reload()
    host.answer = said({}, only('ES256'))
    await later(31_000, async () => {
      await refused(() => checks.verifySync(token), mismatch)
      await settle()
      // Where no promise may be shared, nothing would continue a fetch.
      same(host.calls.length, isolated ? 1 : 2)
      if (!isolated) same(checks.verifySync(token).payload, CLAIMS)
    })
  })

  test('V6: bad signatures and unknown keys have a cool-down each, and a failed fetch changes no verdict', async () => {
    const forged = [await world().token('ES256'), await world().token('ES256', { n: 1 })]
    const unknown = await world().token('ES256', {}, { kid: 'unknown' })
    const { host, keys, checks } = make(said({}, await formerSet()))
    await keys.reload()
    host.answer = () => new Response(null, { status: 500 })
    await later(31_000, async () => {
      for (const token of [...forged, ...forged]) await refused(() => checks.verify(token), mismatch)
      same(host.calls.length, 2)
      host.answer = said({}, await formerSet())
      await refused(() => checks.verify(unknown), { refusal: 'no_matching_key' })
      same(host.calls.length, 3, "a forged signature does not use up the unknown key's cool-down")
    })
    await later(70_000, async () => {
      await refused(() => checks.verify(forged[0]), mismatch)
      same(host.calls.length, 4)
      await refused(() => checks.verify(forged[1]), mismatch)
      same(host.calls.length, 4, 'the same set came: nothing else is looked into')
    })
  })

  test('V6: a key that the set lacks or a token that is refused for another reason fetches nothing', async () => {
    const { host, keys, checks } = make(said({}, only('ES256')))
    await keys.reload()
    await later(31_000, async () => {
      await refused(async () => checks.verify(await world().token('ES256', { exp: 1 })), { refusal: 'expired' })
      await refused(async () => checks.verify(await world().token('ES256', { aud: 'x' })), { claim: 'aud' })
    })
    same(host.calls.length, 1)
  })

  for (const [many, fails] of [[10_000, false], [1_000, true]]) {
    test(`V6: ${many} bad signatures cost one fetch${fails ? ', also when it fails' : ''}`, async () => {
      const set = await formerSet()
      const { host, checks, keys } = make(said({ 'cache-control': 'max-age=3600' }, set), { cacheMaxAge: 3_600_000 })
      await keys.reload()
      if (fails) host.answer = () => Promise.reject(new TypeError('down'))
      const forged = await Promise.all(Array.from({ length: 100 }, (_, n) => world().token('ES256', { n })))
      const codes = new Set()
      for (const [time, requests, calls] of [
        [31_000, many, 2],
        [60_000, many / 10, 2],
        [62_000, many / 10, 3],
      ]) {
        await later(time, () =>
          Promise.all(
            Array.from({ length: requests }, (_, turn) =>
              checks.verify(forged[turn % 100]).catch(({ refusal }) => codes.add(refusal)),
            ),
          ),
        )
        same(host.calls.length, calls, `after ${time} ms`)
      }
      // Where promises can't be shared, those that come during the fetch are asked to come again.
      same([...codes].sort(), isolated ? ['key_set_pending', 'signature_mismatch'] : ['signature_mismatch'])
    })
  }

  const useless = { keys: [{ kty: 'oct', kid: 'a', k: 'c2VjcmV0' }, { kty: 'RSA', kid: 'b', n: 'AQAB', e: 'AQAB' }] }

  test('V8: a set without a usable key says why, on the error, at the gate and in the message', async () => {
    const token = await world().token('ES256')
    const { skipped } = new KeySet(useless)
    same(
      skipped.map(({ kid }) => kid),
      ['a', 'b'],
    )
    const { keys, checks } = make(said({}, useless))
    for (let turn = 0; turn < 2; turn++) {
      // The second time no fetch is made.
      const error = await refused(() => checks.verify(token), { code: 'ERR_JWKS_INVALID', refusal: 'key_set_empty', skipped })
      for (const { message, kid } of skipped) ok(error.message.includes(message) && error.message.includes(`"${kid}"`))
      ok(!error.message.includes('c2VjcmV0'))
    }
    for (const onRefusal of [undefined, () => undefined]) {
      const gate = createGate({ keys, algorithms: ['ES256'], issuer, audience, currentDate, ...(onRefusal && { onRefusal }) })
      const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      same([denied.status, denied.refusal, denied.cause.skipped], [503, 'key_set_empty', skipped])
      ok(!Object.keys(denied).includes('cause') && !JSON.stringify(denied).includes('kid'))
      const text = await denied.response().text()
      for (const { message } of skipped) ok(!text.includes(message) && !text.includes('skipped'))
      const anonymous = await gate.check(new Request(url))
      same([anonymous.status, anonymous.cause], [401, undefined])
    }
    const direct = () => new Verifier({ keys: useless, algorithms: ['ES256'], issuer, audience })
    await misused(direct, 'keys')
    const { thrown } = await outcome(direct)
    for (const { message } of skipped) ok(thrown.message.includes(message), thrown.message)
    const remote = facade.createRemoteJWKSet(new URL(url), { [facade.customFetch]: said({}, useless) })
    await refused(() => facade.jwtVerify(token, remote), { code: 'ERR_JWKS_INVALID', skipped })
  })

  test('V8: a key that is missing because it was skipped says so', async () => {
    const token = await world().token('ES384', {}, { kid: 'b' })
    const jwks = { keys: [...only('ES256').keys, ...useless.keys] }
    const { skipped } = new KeySet(jwks)
    const { keys, checks } = make(said({}, jwks))
    await refused(() => checks.verify(token), { refusal: 'no_matching_key', skipped })
    const gate = createGate({ keys, algorithms: ['ES384'], issuer, audience, currentDate })
    const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
    same([denied.status, denied.refusal, denied.cause.skipped], [401, 'no_matching_key', skipped])
    await refused(() => facade.jwtVerify(token, facade.createLocalJWKSet(jwks)), { code: 'ERR_JWKS_NO_MATCHING_KEY', skipped })
  })

  test('V9: answers of any client are read, under the same limits', async () => {
    const token = await world().token('ES256')
    const jwks = only('ES256')
    const text = JSON.stringify(jwks)
    const bytes = new TextEncoder().encode(text)
    async function* pieces(...of) {
      yield* of
    }
    const good = {
      json: { json: async () => jwks },
      text: { text: async () => text },
      arrayBuffer: { arrayBuffer: async () => bytes.buffer },
      'bytes as pieces': { body: pieces(bytes.subarray(0, 9), bytes.subarray(9)) },
      'text as pieces': { body: pieces(text.slice(0, 9), text.slice(9)) },
      'a body of text': { body: text, json: async () => jwks },
      'a byte order mark': { arrayBuffer: async () => new TextEncoder().encode(`\ufeff${text}`).buffer },
      'no headers': { headers: undefined, json: async () => jwks },
    }
    for (const [name, answer] of Object.entries(good)) {
      const { checks } = make(async () => ({ status: 200, ...answer }))
      same((await checks.verify(token)).payload, CLAIMS, name)
      const fetch = async () => ({ status: 200, ...answer })
      if (answer.body?.next !== undefined) continue
      const remote = facade.createRemoteJWKSet(new URL(url), { [facade.customFetch]: fetch })
      same((await facade.jwtVerify(token, remote, { currentDate })).payload, CLAIMS, name)
    }
    const padded = 'x'.repeat(1_048_577)
    const wrong = {
      'too much JSON': [{ json: async () => ({ keys: [], padded }) }, 'jwks_too_large'],
      'too much text': [{ text: async () => padded }, 'jwks_too_large'],
      'too many bytes': [{ arrayBuffer: async () => new ArrayBuffer(1_048_577) }, 'jwks_too_large'],
      'too many pieces': [{ body: pieces(padded.slice(2), 'xx') }, 'jwks_too_large'],
      'no UTF-8': [{ arrayBuffer: async () => new Uint8Array([0x22, 0xff, 0x22]).buffer }, 'jwks_not_utf8'],
      'half a character': [{ body: pieces(new Uint8Array([0x22, 0xc3])) }, 'jwks_not_utf8'],
      'no JSON': [{ json: async () => JSON.parse('<') }, 'jwks_malformed'],
      'nothing': [{}, 'jwks_malformed'],
      'a failure': [{ json: async () => Promise.reject(new TypeError('reset')) }, 'key_set_unreachable'],
      'another status': [{ status: 404, json: async () => jwks, body: pieces(bytes) }, 'key_set_status'],
      'no answer': [undefined, 'key_set_unreachable'],
    }
    for (const [name, [answer, refusal]] of Object.entries(wrong)) {
      const { checks } = make(async () => answer && { status: 200, ...answer })
      await refused(() => checks.verify(token), { refusal }, name)
    }
    for (const answer of [
      { json: () => new Promise(() => {}) },
      { body: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) } },
    ]) {
      const { checks } = make(async () => ({ status: 200, ...answer }), { timeoutDuration: 30 })
      await refused(() => checks.verify(token), { code: 'ERR_JWKS_TIMEOUT' })
    }
  })

  test('V9: metadata comes from any client, too', async () => {
    const documents = {
      'https://issuer.example/.well-known/openid-configuration': { issuer, jwks_uri: url },
      [url]: only('ES256'),
    }
    const fetch = async (address) => ({ status: 200, json: async () => documents[address] })
    const gate = createGate({ fetch, algorithms: ['ES256'], issuer, audience, currentDate })
    const headers = { authorization: `Bearer ${await world().token('ES256')}` }
    same((await gate.check(new Request(url, { headers }))).ok, true)
  })

  test('V15: the package names itself to the issuer, unless the caller does or a browser would', async () => {
    const agent = async (headers) => {
      const documents = {
        'https://issuer.example/.well-known/openid-configuration': { issuer, jwks_uri: url },
        [url]: only('ES256'),
      }
      const seen = []
      const fetch = async (address, init) => {
        seen.push(init.headers.get('user-agent'))
        return new Response(JSON.stringify(documents[address]))
      }
      await RemoteKeySet.fromIssuer(issuer, { fetch, ...(headers && { headers }) }).reload()
      return seen
    }
    const found = await agent()
    same(found.length, 2)
    for (const value of found) ok(page ? value === null : /^jotgate\/\d+\.\d+\.\d+/.test(value), String(value))
    same(await agent({ 'User-Agent': 'mine/1' }), ['mine/1', 'mine/1'])
  })

  test("V17: an issuer's Retry-After is honoured, in seconds and as a date, within a bound", async () => {
    const token = await world().token('ES256')
    const now = Math.floor(Date.now() / 1_000) * 1_000
    const inSeconds = (seconds) => new Date(now + seconds * 1_000).toUTCString()
    for (const [status, headers, wait] of [
      [503, { 'retry-after': '7' }, 7],
      [429, { 'retry-after': '7' }, 7],
      [503, { 'retry-after': inSeconds(20) }, 20],
      [503, { 'retry-after': inSeconds(3_620), 'date': inSeconds(3_600) }, 20],
      [503, { 'retry-after': '999999999' }, 300],
      [503, { 'retry-after': inSeconds(99_999) }, 300],
      [503, { 'retry-after': inSeconds(-99_999) }, 1],
      [503, { 'retry-after': 'soon' }, 1],
      [503, { 'retry-after': '-7' }, 1],
      [500, { 'retry-after': '7' }, 1],
    ]) {
      await at(now, async () => {
        const about = JSON.stringify([status, headers])
        const { host, checks } = make(said(headers, {}, status))
        await refused(() => checks.verify(token), { refusal: 'key_set_status', retryAfter: wait }, about)
        host.answer = said({}, only('ES256'))
        await later(wait * 1_000 - 500, async () => {
          await refused(() => checks.verify(token), { refusal: 'key_set_status', retryAfter: 1 }, about)
          same(host.calls.length, 1, about)
        })
        await later(wait * 1_000, async () => same((await checks.verify(token)).payload, CLAIMS, about))
      })
    }
  })

  test('V17: metadata that asks for a pause is asked for at no other address', async () => {
    const host = issuerOf(() => new Response(null, { status: 503, headers: { 'retry-after': '9' } }))
    const keys = RemoteKeySet.fromIssuer(issuer, { fetch: host.fetch })
    await refused(() => keys.reload(), { refusal: 'discovery_status', retryAfter: 9 })
    same(host.calls.length, 1)
  })

  test('V20: an issuer that differs by the final slash is named, with both values on the cause alone', async () => {
    const place = 'https://issuer.example/.well-known/openid-configuration'
    for (const [mine, theirs, hint] of [
      ['https://issuer.example', 'https://issuer.example/', 'add a `/`'],
      ['https://issuer.example/', 'https://issuer.example', 'remove the `/`'],
      ['https://issuer.example', 'https://other.example', undefined],
      ['https://issuer.example', undefined, undefined],
    ]) {
      const fetch = async (address) =>
        address === place
          ? new Response(JSON.stringify({ issuer: theirs, jwks_uri: url }))
          : new Response(null, { status: 404 })
      const keys = RemoteKeySet.fromIssuer(mine, { fetch })
      const token = await world().token('ES256')
      const gate = createGate({ keys, algorithms: ['ES256'], issuer: mine, audience, currentDate })
      for (let turn = 0; turn < 2; turn++) {
        const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
        const { message, cause } = denied.cause
        same([denied.refusal, cause], ['discovery_issuer_mismatch', { expected: mine, found: theirs }])
        same(hint === undefined ? message.includes('`/`') : message.includes(hint), hint !== undefined, message)
        ok(!(await denied.response().text()).includes('issuer.example'))
      }
    }
  })
}

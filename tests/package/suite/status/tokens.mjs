/** Status lists: which tokens are looked up, and what their status means. */
import { misused, ok, refused, same } from '../harness.mjs'
import { CLAIMS, NOW } from '../mint.mjs'
import { listOf, MEDIA_TYPE, PEER_LISTS, peerStatuses, statusWorld, URI } from './world.mjs'

export function statusTests(context) {
  const { introspection: { introspection }, jotgate, modular, status: { statusLists, StatusListUnavailable }, test, world } = context
  const use = () => statusWorld(context)

  if (typeof DecompressionStream === 'undefined') {
    test('status: without `DecompressionStream` the option throws at once', () => misusedHere(() => statusLists()))
    return
  }

  test('status: only 0 passes, and one fetch serves all tokens of a list', async () => {
    const { bearer, gateWith, hostOf, listToken, tokenAt, word, wordOf } = use()
    const host = hostOf(await listToken())
    const gate = gateWith(host)
    const words = ['passed', '401 invalid_token status_invalid', '401 invalid_token status_suspended', '401 invalid_token status_other']
    for (const [idx, expected] of words.entries()) same(await wordOf(gate, tokenAt(idx)), expected)
    for (const [idx, expected] of words.entries()) same(word(gate.checkSync(bearer(await tokenAt(idx)))), expected)
    const [{ url, init }] = host.calls
    same([host.calls.length, url, init.method, init.redirect, init.headers.get('accept')], [1, URI, 'GET', 'manual', MEDIA_TYPE])
    const denied = await gate.check(bearer(await tokenAt(1)))
    same([denied.detail, denied.claims.sub, denied.cause.claim, denied.cause.code], ['the token was revoked', CLAIMS.sub, 'status', 'ERR_JWT_CLAIM_VALIDATION_FAILED'])
    same(denied.challenge, 'Bearer realm="api", error="invalid_token", error_description="the token was revoked"')
    same((await gate.check(bearer(await tokenAt(3)))).cause.message, 'the status of the token is 3, not 0')
  })

  test('status: lists of 1, 2, 4 and 8 bits, made by another package, and those of the draft', async () => {
    const { gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const check = async (list, statuses) => {
      const gate = gateWith(hostOf(await listToken(list)))
      for (const [idx, status] of statuses.entries()) {
        const code = ['', 'status_invalid', 'status_suspended'][status] ?? 'status_other'
        same(await wordOf(gate, tokenAt(idx)), status === 0 ? 'passed' : `401 invalid_token ${code}`, `${list.bits} bits, ${idx}`)
      }
    }
    for (const bits of [1, 2, 4, 8]) {
      await check({ bits, lst: PEER_LISTS[bits] }, peerStatuses(bits))
      await check(listOf(peerStatuses(bits), bits), peerStatuses(bits))
    }
    await check({ bits: 1, lst: 'eNrbuRgAAhcBXQ' }, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1])
    await check({ bits: 2, lst: 'eNo76fITAAPfAgc' }, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])
  })

  test('status: a token without the claim passes without a fetch, unless it is required', async () => {
    const { gateWith, hostOf, wordOf } = use()
    const host = hostOf('')
    same(await wordOf(gateWith(host), world().token('ES256')), 'passed')
    same(await wordOf(gateWith(host, { required: true }), world().token('ES256')), '401 invalid_token status_missing')
    // A token that is refused anyway is not looked up.
    same(await wordOf(gateWith(host), world().token('ES256', { exp: NOW - 60, status: { status_list: { idx: 0, uri: URI } } })), '401 invalid_token expired')
    same(host.calls.length, 0)
  })

  test('status: a claim that is not as it must be is refused', async () => {
    const { gateWith, hostOf, wordOf } = use()
    const host = hostOf('')
    const gate = gateWith(host)
    const lists = [null, 7, 'x', [], {}, { idx: 0 }, { uri: URI }, { idx: -1, uri: URI }, { idx: 0.5, uri: URI }, { idx: '0', uri: URI }, { idx: 2 ** 53, uri: URI }, { idx: 0, uri: [URI] }, { idx: 0, uri: null }]
    const claims = [null, 'active', 0, false, [], {}, { other: {} }, ...lists.map((status_list) => ({ status_list }))]
    for (const status of claims) same(await wordOf(gate, world().token('ES256', { status })), '401 invalid_token status_malformed', JSON.stringify(status))
    same(host.calls.length, 0)
  })

  test('status: lists are fetched only below the allowed addresses', async () => {
    const { gateWith, hostOf, tokenAt, wordOf } = use()
    const host = hostOf('')
    const bad = [
      'https://evil.example/statuslists/1',
      'https://issuer.example.evil.example/statuslists/1',
      'https://issuer.example@evil.example/statuslists/1',
      'https://user:secret@issuer.example/statuslists/1',
      'https://issuer.example:444/statuslists/1',
      'https://issuer.example:443/statuslists/1',
      'http://issuer.example/statuslists/1',
      'https://ISSUER.example/statuslists/1',
      'https://issuer.example\\statuslists/1',
      'https://issuer.example/statuslists',
      'https://issuer.example/statuslists2/1',
      'https://issuer.example/statuslists/../private',
      'https://issuer.example/statuslists/%2e%2e/private',
      'https://issuer.example/statuslists/..%2fprivate',
      'https://issuer.example/statuslists/..%5Cprivate',
      'https://issuer.example/statuslists/1#x',
      'https://issuer.example/statuslists/1#',
      ' https://issuer.example/statuslists/1',
      'https://issuer.example/statuslists/1\n',
      '//issuer.example/statuslists/1',
      '/statuslists/1',
      'data:application/statuslist+jwt,x',
      'file:///statuslists/1',
      '',
    ]
    const gate = gateWith(host, { uris: ['https://issuer.example/statuslists/', 'https://other.example/list'] })
    for (const uri of [...bad, 'https://other.example/list/', 'https://other.example/list2']) {
      same(await wordOf(gate, tokenAt(0, { uri })), '401 invalid_token status_uri', uri)
    }
    same(host.calls.length, 0)
    host.answer = () => new Response(null, { status: 404 })
    for (const uri of ['https://issuer.example/statuslists/', 'https://issuer.example/statuslists/a/b?c=%20d', 'https://other.example/list']) {
      same(await wordOf(gate, tokenAt(0, { uri })), '503 - status_list_status', uri)
    }
    same(host.calls.length, 3)
  })

  test('status: without `uris`, lists are below the issuer of the token', async () => {
    const { fixed, gateWith, hostOf, listToken, rules, tokenAt, valueFor, wordOf } = use()
    const host = hostOf(await listToken())
    same(await wordOf(gateWith(host), tokenAt(0)), 'passed')
    same(await wordOf(gateWith(host), tokenAt(0, { uri: 'https://issuer.examples/1' })), '401 invalid_token status_uri')
    for (const issuer of ['urn:issuer', 'http://issuer.example', 'https://issuer.example/?a=b']) {
      misused(() => jotgate.createGate({ ...rules, ...fixed, issuer, status: valueFor(host) }), 'uris')
    }
    jotgate.createGate({ ...rules, ...fixed, issuer: 'http://127.0.0.1:8411', status: valueFor(host) })
    misused(() => new jotgate.Verifier({ keys: rules.keys, algorithms: ['ES256'], status: valueFor(host) }), 'uris')
    new jotgate.Verifier({ keys: rules.keys, algorithms: ['ES256'], status: valueFor(host, { uris: ['https://issuer.example/'] }) })
  })

  test('status: of several issuers, each signs its own lists', async () => {
    const { fixed, hostOf, listToken, tokenAt, valueFor, wordOf } = use()
    const other = 'https://other.example'
    const uri = `${other}/statuslists/1`
    const issuers = [
      { issuer: CLAIMS.iss, keys: { keys: [world().keys.ES256.jwk] }, algorithms: ['ES256'] },
      { issuer: other, keys: { keys: [world().keys.ES384.jwk] }, algorithms: ['ES384'] },
    ]
    const host = hostOf(() => '')
    const tokens = [tokenAt(0), world().token('ES384', { iss: other, status: { status_list: { idx: 0, uri } } })]
    // A verdict of its own for each case: after a failure, a list is not fetched again at once.
    const words = async () => {
      const gate = jotgate.createGate({ issuers, audience: CLAIMS.aud, ...fixed, status: valueFor(host) })
      return [await wordOf(gate, tokens[0]), await wordOf(gate, tokens[1])]
    }
    const ofOther = (options) => listToken(undefined, { alg: 'ES384', claims: { iss: other, sub: uri }, ...options })
    const answers = (first, second) => async (_, call) => (call % 2 === 1 ? first : second)
    host.answer = answers(await listToken(), await ofOther())
    same(await words(), ['passed', 'passed'])
    host.answer = answers(await ofOther({ claims: { iss: CLAIMS.iss, sub: URI } }), await listToken(undefined, { claims: { iss: other, sub: uri } }))
    same(await words(), ['503 - status_list_signature', '503 - status_list_signature'])
    host.answer = answers(await listToken(undefined, { claims: { iss: other } }), await ofOther({ claims: { iss: CLAIMS.iss, sub: uri } }))
    same(await words(), ['503 - status_list_issuer', '503 - status_list_issuer'])
    // A list of another issuer than the token's.
    host.calls.length = 0
    const gate = (options) => jotgate.createGate({ issuers, audience: CLAIMS.aud, ...fixed, status: valueFor(host, options) })
    same([await wordOf(gate(), tokenAt(0, { uri })), host.calls.length], ['401 invalid_token status_uri', 0])
    host.answer = await ofOther()
    same(await wordOf(gate({ uris: [`${other}/`] }), tokenAt(0, { uri })), '503 - status_list_signature')
  })

  test('status: an entry beyond the end causes one more fetch, and then none for a while', async () => {
    const { at, bearer, gateWith, hostOf, listToken, tokenAt, word, wordOf } = use()
    await at(0, async () => {
      const host = hostOf(await listToken(listOf([0, 0, 0, 0])))
      const gate = gateWith(host)
      same(await wordOf(gate, tokenAt(3)), 'passed')
      same(word(gate.checkSync(bearer(await tokenAt(4)))), '503 - keys_not_ready')
      host.answer = await listToken(listOf([0, 0, 0, 0, 0, 1]))
      same(await wordOf(gate, tokenAt(4)), 'passed')
      same(await wordOf(gate, tokenAt(5)), '401 invalid_token status_invalid')
      same(await wordOf(gate, tokenAt(8)), '401 invalid_token status_index')
      same(word(gate.checkSync(bearer(await tokenAt(2 ** 52)))), '401 invalid_token status_index')
      same(host.calls.length, 2)
    })
  })

  test('status: checkSync and verifySync wait for a list, then use it', async () => {
    const { bearer, gateWith, hostOf, listToken, rules, fixed, tokenAt, valueFor, word } = use()
    const host = hostOf(await listToken())
    const gate = gateWith(host)
    same(word(gate.checkSync(bearer(await world().token('ES256')))), 'passed')
    same(word(gate.checkSync(bearer(await tokenAt(0)))), '503 - keys_not_ready')
    const verifier = new jotgate.Verifier({ ...rules, ...fixed, status: valueFor(host) })
    await refused(async () => verifier.verifySync(await tokenAt(0)), { name: 'JWKSUnavailable', refusal: 'keys_not_ready' })
    same((await verifier.verify(await tokenAt(0))).payload.sub, CLAIMS.sub)
    same(verifier.verifySync(await tokenAt(0)).payload.sub, CLAIMS.sub)
    await refused(async () => verifier.verifySync(await tokenAt(1)), { name: 'JWTClaimValidationFailed', refusal: 'status_invalid', claim: 'status' })
  })

  test('status: a verifier of one issuer or of several, and its errors', async () => {
    const { fixed, hostOf, listToken, rules, tokenAt, valueFor } = use()
    const host = hostOf(await listToken())
    const { issuer, keys, ...others } = rules
    for (const of of [{ issuer, keys }, { issuers: [{ issuer, keys }] }]) {
      const verifier = new jotgate.Verifier({ ...others, ...fixed, ...of, status: valueFor(host, { required: true }) })
      const results = await verifier.verifyBatch(await Promise.all([tokenAt(0), tokenAt(1), tokenAt(2), world().token('ES256')]))
      same(results.map(({ status, reason }) => reason?.refusal ?? status), ['fulfilled', 'status_invalid', 'status_suspended', 'status_missing'])
    }
    host.answer = () => new Response(null, { status: 500 })
    const verifier = new jotgate.Verifier({ ...rules, ...fixed, status: valueFor(host) })
    const error = await refused(async () => verifier.verify(await tokenAt(0)), { name: 'StatusListUnavailable', code: 'ERR_JWKS_UNAVAILABLE', refusal: 'status_list_status', status: 500, url: URI })
    ok(error instanceof StatusListUnavailable && error instanceof jotgate.JWKSUnavailable && error.retryAfter >= 1)
    misused(() => new modular.Verifier({ ...rules, ...fixed, status: valueFor(host) }), 'status')
  })

  test('status: a token from the cache of accepted tokens is looked up again', async () => {
    const { at, gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const host = hostOf(await listToken(listOf([0]), { claims: { ttl: 10 } }))
    const gate = gateWith(host, {}, { tokenCache: {} })
    const token = await tokenAt(0)
    await at(0, async () => same(await wordOf(gate, token), 'passed'))
    host.answer = await listToken(listOf([1]), { claims: { ttl: 10 } })
    await at(5, async () => same([await wordOf(gate, token), host.calls.length], ['passed', 1]))
    await at(11, async () => same(await wordOf(gate, token), '401 invalid_token status_invalid'))
  })

  test('status: an opaque token has the status that its introspection names', async () => {
    const { gateWith, hostOf, listToken, wordOf } = use()
    const host = hostOf(await listToken())
    const answer = (idx) => new Response(JSON.stringify({ active: true, ...CLAIMS, status: { status_list: { idx, uri: URI } } }))
    const value = introspection({ endpoint: 'https://issuer.example/introspect', clientId: 'a', clientSecret: 'b', fetch: async (_, { body }) => answer(Number(new URLSearchParams(body).get('token'))) })
    const gate = gateWith(host, {}, { introspection: value })
    same([await wordOf(gate, '0'), await wordOf(gate, '1')], ['passed', '401 invalid_token status_invalid'])
  })

  test('status: the number and the size of the lists in memory are bounded', async () => {
    const { gateWith, hostOf, listToken, tokenAt, wordOf } = use()
    const lists = Object.fromEntries(await Promise.all(['1', '2'].map(async (name) => [name, await listToken(listOf([0]), { claims: { sub: `${CLAIMS.iss}/${name}` } })])))
    const fetches = async (options, order) => {
      const host = hostOf('')
      const gate = gateWith({ fetch: async (url) => host.fetch(url).then(() => new Response(lists[url.at(-1)], { headers: { 'content-type': MEDIA_TYPE } })) }, options)
      for (const name of order) same(await wordOf(gate, tokenAt(0, { uri: `${CLAIMS.iss}/${name}` })), 'passed')
      return host.calls.length
    }
    same(await fetches({}, '121212'), 2)
    same(await fetches({ maxLists: 2 }, '121212'), 2)
    same(await fetches({ maxLists: 1 }, '11221'), 3)
    // Each list takes more than four bytes.
    same(await fetches({ maxBytes: 1 }, '11221'), 3)
  })

  test('status: options', () => {
    for (const [options, name] of [
      [{ uris: [] }, 'uris'],
      [{ uris: 'https://issuer.example/' }, 'uris'],
      [{ uris: ['http://issuer.example/'] }, 'uris'],
      [{ uris: ['https://user@issuer.example/'] }, 'uris'],
      [{ uris: ['https://issuer.example/#'] }, 'uris'],
      [{ uris: ['https://issuer.example/?a=/'] }, 'uris'],
      [{ uris: ['issuer.example'] }, 'uris'],
      [{ uris: undefined }, 'uris'],
      [{ required: 'yes' }, 'required'],
      [{ maxBytes: 0 }, 'maxBytes'],
      [{ maxLists: 0.5 }, 'maxLists'],
      [{ maxStale: -1 }, 'maxStale'],
      [{ cacheMaxAge: Number.NaN }, 'cacheMaxAge'],
      [{ cacheMaxAge: 999 }, 'cacheMaxAge'],
      [{ timeoutDuration: 0 }, 'timeoutDuration'],
      [{ fetch: 'x' }, 'fetch'],
      [{ uri: [] }, 'uri'],
    ]) misused(() => statusLists(options), name)
    same(statusLists({ uris: ['https://issuer.example', 'http://localhost:1/a/', 'http://[::1]/b'] }).uris, ['https://issuer.example/', 'http://localhost:1/a/', 'http://[::1]/b'])
    const value = statusLists({ uris: ['https://issuer.example/'] })
    const { rules } = use()
    for (const status of [{}, { uris: [] }, null, [value, value], 'x']) misused(() => jotgate.createGate({ ...rules, status }), 'status', JSON.stringify(status))
    jotgate.createGate({ ...rules, status: [value] })
  })
}

/** A `TypeError` that names what the runtime lacks. */
function misusedHere(call) {
  try {
    call()
  } catch (thrown) {
    return ok(thrown instanceof TypeError && thrown.message.includes('DecompressionStream'), String(thrown))
  }
  throw new Error('it was accepted')
}

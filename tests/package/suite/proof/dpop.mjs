/** DPoP at the gate (RFC 9449): each check of §4.3, the answers of §7.1, nonces, and used proofs. */
import { ok, same } from '../harness.mjs'
import { base64url, NOW } from '../mint.mjs'
import { API, hashOf, proofClient, proven, requestWith, rules } from './proofs.mjs'

export function dpopTests(context) {
  const { jotgate, dpop: { dpop, replayMemory }, test, world } = context
  const gateWith = (options, extra) => jotgate.createGate(rules(world, { proof: dpop(options), ...extra }))
  const word = (pass) => (pass.ok ? pass.claims.sub : `${pass.status} ${pass.error ?? '-'} ${pass.refusal}`)

  test('DPoP: a bound token with its proof passes, with each algorithm', async () => {
    const gate = gateWith()
    for (const alg of ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256', 'PS256']) {
      const client = await proofClient(context, alg)
      const token = await client.token()
      same(word(await gate.check(proven(token, await client.proof(token)))), 'user-1', alg)
    }
  })

  test('DPoP: each check of RFC 9449 §4.3 broken in turn is refused with a code of its own', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const stranger = await proofClient(context)
    const token = await client.token()
    const good = await client.proof(token)
    const [head, body, signature] = good.split('.')
    const privateJwk = await context.jose.exportJWK(client.privateKey)
    const proofs = {
      dpop_proof_missing: [undefined, ' '],
      dpop_proof_repeated: [`${good}, ${good}`],
      dpop_proof_malformed: ['x', `${head}.${body}`, `${good}.x`, `${head}.${body}.${'A'.repeat(9_000)}`, `${base64url('[]')}.${body}.${signature}`],
      dpop_proof_type: [await client.proof(token, {}, { typ: 'JWT' }), await client.proof(token, {}, { typ: undefined })],
      dpop_proof_algorithm: [
        `${base64url(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk: client.jwk }))}.${body}.${signature}`,
        `${base64url(JSON.stringify({ typ: 'dpop+jwt', alg: 'HS256', jwk: client.jwk }))}.${body}.${signature}`,
      ],
      dpop_proof_key: [
        await client.proof(token, {}, { jwk: undefined }),
        await client.proof(token, {}, { jwk: 'text' }),
        await client.proof(token, {}, { jwk: { ...client.jwk, crv: 'P-384' } }),
        await client.proof(token, {}, { jwk: { ...client.jwk, use: 'enc' } }),
      ],
      dpop_proof_private_key: [await client.proof(token, {}, { jwk: privateJwk }), await client.proof(token, {}, { jwk: { kty: 'oct', k: 'AA' } })],
      dpop_proof_signature: [
        await client.proof(token, {}, { jwk: stranger.jwk }),
        `${head}.${body}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`,
      ],
      dpop_proof_method: [await client.proof(token, { htm: 'POST' }), await client.proof(token, { htm: 'get' }), await client.proof(token, { htm: undefined })],
      dpop_proof_url: [
        await client.proof(token, { htu: 'https://api.example/other' }),
        await client.proof(token, { htu: 'http://api.example/notes' }),
        await client.proof(token, { htu: 'https://evil.example/notes' }),
        await client.proof(token, { htu: 'https://api.example\\notes' }),
        await client.proof(token, { htu: '/notes' }),
        await client.proof(token, { htu: undefined }),
      ],
      dpop_proof_time: [
        await client.proof(token, { iat: NOW - 306 }),
        await client.proof(token, { iat: NOW + 61 }),
        await client.proof(token, { iat: String(NOW) }),
        await client.proof(token, { iat: undefined }),
      ],
      dpop_proof_token: [await client.proof(token, { ath: await hashOf('x') }), await client.proof(token, { ath: undefined })],
      dpop_key_mismatch: [await stranger.proof(token)],
      dpop_proof_id: [
        await client.proof(token, { jti: undefined }),
        await client.proof(token, { jti: '' }),
        await client.proof(token, { jti: 'x'.repeat(129) }),
        await client.proof(token, { jti: 7 }),
      ],
    }
    for (const [code, broken] of Object.entries(proofs)) {
      const error = code === 'dpop_key_mismatch' ? 'invalid_token' : 'invalid_dpop_proof'
      for (const [index, proof] of broken.entries()) {
        same(word(await gate.check(proven(token, proof))), `401 ${error} ${code}`, `${code} ${index}`)
      }
    }
    // None of them was remembered.
    same(word(await gate.check(proven(token, good))), 'user-1')
  })

  test('DPoP: the same URL in other spellings is accepted, and its query and fragment are ignored', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const token = await client.token()
    const url = 'https://api.example/a/%7Euser/b%2fc?d=e'
    for (const htu of ['https://api.example/a/~user/b%2Fc', 'HTTPS://API.example:443/a/x/../%7euser/b%2Fc', 'https://api.example/a/~user/b%2fc?x#y']) {
      same(word(await gate.check(proven(token, await client.proof(token, { htu }), { url }))), 'user-1', htu)
    }
    for (const htu of ['https://api.example/a/~user/b/c', 'https://api.example/a/~user/b%2fC', 'https://api.example:444/a/~user/b%2Fc']) {
      same((await gate.check(proven(token, await client.proof(token, { htu }), { url }))).refusal, 'dpop_proof_url', htu)
    }
  })

  test('DPoP: times at the edges of the window', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const token = await client.token()
    for (const iat of [NOW - 305, NOW - 300, NOW + 60]) ok((await gate.check(proven(token, await client.proof(token, { iat })))).ok, iat)
  })

  test('DPoP: a proof passes once; another request needs another one', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const token = await client.token()
    const proof = await client.proof(token)
    const outcomes = (await Promise.all([1, 2, 3].map(() => gate.check(proven(token, proof))))).map(word)
    same(outcomes.sort(), ['401 invalid_dpop_proof dpop_proof_replayed', '401 invalid_dpop_proof dpop_proof_replayed', 'user-1'])
    // The same `jti` for another URL is another proof.
    const jti = 'one'
    ok((await gate.check(proven(token, await client.proof(token, { jti })))).ok)
    const url = `${API}/2`
    ok((await gate.check(proven(token, await client.proof(token, { jti, htu: url }), { url }))).ok)
    same((await gate.check(proven(token, await client.proof(token, { jti })))).refusal, 'dpop_proof_replayed')
  })

  test('DPoP: a full share refuses that key alone, a full store everyone', async () => {
    const gate = gateWith({ replay: replayMemory({ maxEntries: 3, maxPerKey: 2 }) })
    const [one, two] = [await proofClient(context), await proofClient(context)]
    const send = async (client) => {
      const token = await client.token()
      return gate.check(proven(token, await client.proof(token)))
    }
    same([word(await send(one)), word(await send(one))], ['user-1', 'user-1'])
    const exhausted = await send(one)
    same(word(exhausted), '429 - dpop_proofs_exhausted')
    same([exhausted.challenge, exhausted.response().headers.get('retry-after')], [undefined, '300'])
    same(word(await send(two)), 'user-1')
    const full = await send(two)
    same([word(full), full.cause.message], ['503 - dpop_store_failed', 'the memory of used proofs is full: raise `maxEntries`'])
  })

  test('DPoP: entries are forgotten when their proofs have expired', async () => {
    const store = replayMemory({ maxEntries: 2, maxPerKey: 1 })
    same([store.seen('a.1', 100, 50), store.seen('a.1', 100, 60), store.seen('a.2', 100, 60)], [false, true, 'full'])
    same([store.seen('a.2', 200, 101), store.seen('b.1', 120, 101)], [false, false])
    same(store.seen('c.1', 300, 121), false)
    let thrown
    try {
      store.seen('d.1', 300, 122)
    } catch (error) {
      thrown = error.message
    }
    same(thrown, 'the memory of used proofs is full: raise `maxEntries`')
    const large = replayMemory({ maxEntries: 100_000, maxPerKey: 100_000 })
    for (let index = 0; index < 20_000; index++) same(large.seen(`a.${index}`, index + 300, index), false)
  })

  test('DPoP: your own store is asked once, last, and a failing store refuses', async () => {
    const calls = []
    const answers = [false, true, 'full', undefined, 0]
    const gate = gateWith({ replay: { answers, async seen(...call) { return calls.push(call), this.answers.shift() } } })
    const client = await proofClient(context)
    const token = await client.token()
    same(word(await gate.check(proven(token, await client.proof(token, { htm: 'PUT' })))), '401 invalid_dpop_proof dpop_proof_method')
    const expected = ['user-1', '401 invalid_dpop_proof dpop_proof_replayed', '429 - dpop_proofs_exhausted']
    for (const outcome of expected) same(word(await gate.check(proven(token, await client.proof(token)))), outcome)
    // Anything but `false` refuses.
    for (const _ of [1, 2]) same((await gate.check(proven(token, await client.proof(token)))).refusal, 'dpop_proof_replayed')
    same([calls.length, calls[0][0].length, calls[0][0].startsWith(`${client.jkt}.`), calls[0].slice(1)], [5, 87, true, [NOW + 305, NOW]])
    const broken = gateWith({ replay: { seen() { throw new Error('no connection') } } })
    const denied = await broken.check(proven(token, await client.proof(token)))
    same([word(denied), denied.cause.message], ['503 - dpop_store_failed', 'no connection'])
  })

  test('DPoP: a bound token under Bearer, and an unbound one under DPoP, are refused', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const [bound, unbound] = [await client.token(), await client.token({ cnf: undefined })]
    const proof = await client.proof(bound)
    same(word(await gate.check(requestWith({ authorization: `Bearer ${bound}`, dpop: proof }))), '401 invalid_token dpop_scheme_required')
    same(word(await gate.check(requestWith({ authorization: `Bearer ${unbound}` }))), 'user-1')
    same(word(await gate.check(proven(unbound, await client.proof(unbound)))), '401 invalid_token token_not_bound')
    const strict = gateWith({ required: true })
    same(word(await strict.check(requestWith({ authorization: `Bearer ${unbound}` }))), '401 invalid_token token_not_bound')
    same(word(await strict.check(proven(bound, proof))), 'user-1')
    // A query parameter, a header and a cookie are as good as Bearer.
    const everywhere = gateWith({}, { query: true, header: 'x-token', cookie: true })
    const ways = [
      requestWith({}, { url: `${API}?access_token=${bound}` }),
      requestWith({ 'x-token': bound }),
      requestWith({ cookie: `__Host-access_token=${bound}` }),
    ]
    for (const way of ways) same((await everywhere.check(way)).refusal, 'dpop_scheme_required')
  })

  test('DPoP: every member of cnf must be proven', async () => {
    const gate = gateWith()
    const client = await proofClient(context)
    const wrong = [{ jkt: client.jkt, other: 'x' }, { 'x5t#S256': 'x' }, {}, [], 'x', 7, null, { jkt: 7 }, { jkt: client.jkt, jwk: {} }]
    for (const cnf of wrong) {
      const token = await client.token({ cnf })
      const text = JSON.stringify(cnf)
      same((await gate.check(proven(token, await client.proof(token)))).refusal, 'confirmation_not_enforced', text)
      same((await gate.check(requestWith({ authorization: `Bearer ${token}` }))).refusal, 'confirmation_not_enforced', text)
    }
    // Without `proof`, as before.
    const plain = jotgate.createGate(rules(world))
    const token = await client.token()
    same((await plain.check(requestWith({ authorization: `Bearer ${token}` }))).refusal, 'confirmation_not_enforced')
  })

  test('the scheme DPoP without `proof` is named, not taken for a missing token', async () => {
    const plain = jotgate.createGate(rules(world, { cookie: true, query: true }))
    for (const authorization of ['DPoP x', 'dpop x.y.z', 'DPoP', 'DPOP  x']) {
      const denied = await plain.check(requestWith({ authorization }))
      same([word(denied), denied.challenge], ['401 - scheme_not_supported', 'Bearer realm="api"'], authorization)
      same((await plain.check(requestWith({ authorization }), { optional: true })).refusal, 'scheme_not_supported')
    }
    const token = await world().token('ES256')
    for (const authorization of [`DPoP x, Bearer ${token}`, `Bearer ${token}, DPoP x`, `Basic x, DPoP ${token}`]) {
      same(word(await plain.check(requestWith({ authorization }))), '400 invalid_request credentials_repeated')
    }
    same((await plain.check(requestWith({ authorization: 'DPoPx y' }))).refusal, 'credentials_absent')
  })

  test('DPoP: challenges name both schemes, and the error is in the one that was used', async () => {
    const algs = 'algs="ES256 EdDSA"'
    const gate = gateWith({ algorithms: ['ES256', 'EdDSA'] })
    const client = await proofClient(context)
    const token = await client.token()
    const challenge = async (incoming, needs) => (await gate.check(incoming, needs)).challenge
    same(await challenge(requestWith({})), `Bearer realm="api", DPoP ${algs}`)
    same(await challenge(requestWith({ authorization: 'Bearer x' })), `Bearer realm="api", error="invalid_token", error_description="the token is malformed", DPoP ${algs}`)
    same(
      await challenge(proven(token, undefined)),
      `Bearer realm="api", DPoP realm="api", error="invalid_dpop_proof", error_description="the request has no DPoP proof", ${algs}`,
    )
    same(
      await challenge(proven(token, await client.proof(token)), { scopes: ['notes:write'] }),
      `Bearer realm="api", scope="notes:write", DPoP realm="api", error="insufficient_scope", scope="notes:write", error_description="the token lacks scopes", ${algs}`,
    )
    same(await challenge(requestWith({ authorization: 'DPoP' })), `Bearer realm="api", DPoP realm="api", error="invalid_request", error_description="the Authorization header has a scheme but no token", ${algs}`)
    const strict = gateWith({ algorithms: ['ES256'], required: true }, { realm: 'a, b', resource: 'https://api.example/notes', audience: 'api' })
    const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/notes"'
    same((await strict.check(requestWith({}))).challenge, `DPoP realm="a, b", ${metadata}, algs="ES256"`)
  })

  test('DPoP: the metadata of a resource names the algorithms', async () => {
    const gate = gateWith({ required: true, algorithms: ['ES256'] }, { resource: API })
    const document = await gate.metadata(new Request('https://api.example/.well-known/oauth-protected-resource/notes')).json()
    same([document.dpop_signing_alg_values_supported, document.dpop_bound_access_tokens_required], [['ES256'], true])
  })

  test('DPoP: nonces are given out, accepted for two times, and refused afterwards and from other secrets', async () => {
    const nonce = 'a secret that is long enough for an HMAC'
    const at = (seconds, secret = nonce) => gateWith({ nonce: secret }, { currentDate: new Date(seconds * 1000) })
    const client = await proofClient(context)
    const token = await client.token({ exp: NOW + 10_000 })
    const send = async (seconds, claims, secret) =>
      at(seconds, secret).check(proven(token, await client.proof(token, { iat: seconds, ...claims })))
    const start = NOW - (NOW % 300)
    const first = await send(start)
    same(word(first), '401 use_dpop_nonce dpop_nonce_missing')
    ok(first.challenge.includes('error="use_dpop_nonce"'), first.challenge)
    const given = first.response().headers.get('dpop-nonce')
    for (const later of [0, 299, 599]) same(word(await send(start + later, { nonce: given })), 'user-1', later)
    const old = await send(start + 600, { nonce: given })
    same(word(old), '401 use_dpop_nonce dpop_nonce_invalid')
    ok(old.response().headers.get('dpop-nonce') !== given)
    const [time, mac] = given.split('.')
    for (const wrong of ['', 'x', '.', time, `${time}.`, `${time}.${'A'.repeat(43)}`, `.${mac}`, `${given}x`, `${'x'.repeat(5_000)}`, 7, null]) {
      same((await send(start, { nonce: wrong })).refusal, 'dpop_nonce_invalid', wrong)
    }
    same((await send(start, { nonce: given }, nonce.toUpperCase())).refusal, 'dpop_nonce_invalid')
    // The same secret as bytes gives the same nonces.
    same(word(await send(start, { nonce: given }, new TextEncoder().encode(nonce))), 'user-1')
  })
}

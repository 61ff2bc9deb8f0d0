/** Introspection (RFC 7662): which tokens are looked up, what the answers must fulfil, and for how long they are remembered. */
import { ok, same } from '../harness.mjs'
import { base64url, CLAIMS, NOW } from '../mint.mjs'
import { proofClient, proven } from '../proof/proofs.mjs'
import { ACTIVE, ENDPOINT, forgedJwt, introspectionWorld, OPAQUE } from './world.mjs'

export function introspectionTests(context) {
  const { dpop: { dpop }, jotgate, jose, test, world } = context
  const use = () => introspectionWorld(context)

  test('introspection: an opaque token passes with the claims of the answer; the request is that of RFC 7662', async () => {
    const { bearer, endpointOf, gateWith } = use()
    const endpoint = endpointOf(ACTIVE)
    const seen = []
    const gate = gateWith(endpoint, { clientId: 'my api', clientSecret: 'a:b%c+ü' }, { onDecision: (decision) => void seen.push(decision) })
    const pass = await gate.check(bearer(OPAQUE), { scopes: ['items:read'] })
    same([pass.ok, pass.claims, pass.scopes, pass.header], [true, ACTIVE, ['items:read', 'items:list'], {}])
    const [{ url, init, form }] = endpoint.calls
    same([url, init.method, init.redirect, form], [ENDPOINT, 'POST', 'manual', { token: OPAQUE, token_type_hint: 'access_token' }])
    same(init.headers.get('authorization'), `Basic ${btoa('my+api:a%3Ab%25c%2B%C3%BC')}`)
    same([init.headers.get('content-type'), init.headers.get('accept')], ['application/x-www-form-urlencoded', 'application/json'])
    same(seen.map(({ ok, issuer, kid }) => [ok, issuer, kid ?? null]), [[true, CLAIMS.iss, null]])
  })

  test('introspection: a JWT is verified here, and neither it nor anything that is no bearer token is sent', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const endpoint = endpointOf(ACTIVE)
    const gate = gateWith(endpoint)
    const good = await world().token('ES256')
    same(word(await gate.check(bearer(good))), 'passed')
    same(word(gate.checkSync(bearer(good))), 'passed')
    const refused = {
      signature_mismatch: [`${good.slice(0, -6)}AAAAAA`],
      no_matching_key: [await world().token('ES256', {}, { kid: 'other' })],
      expired: [await world().token('ES256', { exp: 1 })],
      algorithm_none: [forgedJwt('{"alg":"none"}')],
      header_duplicate_member: [forgedJwt('{"alg":"ES256","alg":"ES256"}')],
      algorithm_missing: [forgedJwt(' {} ')],
      token_too_long: ['x'.repeat(16_385), `${'x'.repeat(16_384)}.y.z`],
      token_parts: ['ä', 'a"b', 'a;b', '=a', 'a=b', 'a\\b', 'a(b)'],
    }
    for (const [code, tokens] of Object.entries(refused)) {
      for (const token of tokens) {
        // No real `Headers` takes this text.
        const request = { headers: { get: (name) => (name === 'authorization' ? `Bearer ${token}` : null) } }
        same(word(await gate.check(request)), `401 invalid_token ${code}`, token.slice(0, 40))
      }
    }
    same(endpoint.calls.length, 0)
    // Three parts without a JSON header, and five parts, are no JWT.
    for (const token of ['a.b.c', 'x', `${base64url('7')}.b.c`, `${base64url('null')}.b.c`, 'a.b.c.d.e', 'x'.repeat(16_384)]) same(word(await gate.check(bearer(token))), 'passed', token)
    same(endpoint.calls.length, 6)
  })

  test('introspection: the answer must fulfil the same policy as a JWT', async () => {
    const { wordOf } = use()
    same(await wordOf(ACTIVE), 'passed')
    const broken = [
      [{ exp: undefined }, 'claim_missing'],
      [{ exp: NOW - 6 }, 'expired'],
      [{ exp: String(NOW + 600) }, 'claim_not_number'],
      [{ nbf: NOW + 6 }, 'not_yet_valid'],
      [{ iss: undefined }, 'claim_missing'],
      [{ iss: 'https://other.example' }, 'issuer_mismatch'],
      [{ iss: [CLAIMS.iss] }, 'claim_type'],
      [{ aud: undefined }, 'claim_missing'],
      [{ aud: 'other' }, 'audience_mismatch'],
      [{ aud: ['other', 'another'] }, 'audience_mismatch'],
      [{ cnf: { jkt: 'x' } }, 'confirmation_not_enforced'],
      [{ cnf: {} }, 'confirmation_not_enforced'],
      [{ token_type: 'refresh_token' }, 'not_access_token'],
      [{ token_type: 'N_A' }, 'not_access_token'],
      [{ token_use: 'refresh_token' }, 'not_access_token'],
    ]
    for (const [claims, code] of broken) same(await wordOf({ ...ACTIVE, ...claims }), `401 invalid_token ${code}`, JSON.stringify(claims))
    same(await wordOf({ ...ACTIVE, aud: ['other', CLAIMS.aud], token_type: 'bearer', token_use: 'access_token' }), 'passed')
    same(await wordOf({ ...ACTIVE, token_type: undefined }), 'passed')
    same(await wordOf({ ...ACTIVE, aud: undefined }, { audience: false }), 'passed')
    same(await wordOf({ ...ACTIVE, exp: undefined }, { requireExp: false }), 'passed')
    same(await wordOf(ACTIVE, { requiredClaims: ['sid'] }), '401 invalid_token claim_missing')
    same(await wordOf(ACTIVE, { subject: 'other' }), '401 invalid_token subject_mismatch')
    same(await wordOf(ACTIVE, { maxTokenAge: 30 }), '401 invalid_token too_old')
    // `typ`, `crit` and the length of secrets are about JWTs.
    same(await wordOf(ACTIVE, { typ: 'at+jwt', crit: ['x'], minSecretLength: 64 }), 'passed')
  })

  test('introspection: needs, clients, principals, rules and step-up are those of a JWT', async () => {
    const { wordOf } = use()
    same(await wordOf(ACTIVE, { needs: { scopes: ['items:write'] } }), '403 insufficient_scope insufficient_scope')
    same(await wordOf({ ...ACTIVE, scope: 'all' }, { needs: { scopes: ['items:write'] }, implies: { all: ['items:write'] } }), 'passed')
    same(await wordOf(ACTIVE, { needs: { roles: ['admin'] } }), '403 insufficient_scope insufficient_roles')
    same(await wordOf(ACTIVE, { client: 'other' }), '401 invalid_token client_mismatch')
    same(await wordOf(ACTIVE, { client: 'app' }), 'passed')
    same(await wordOf(ACTIVE, { principal: () => undefined }), '401 invalid_token principal_unknown')
    same(await wordOf(ACTIVE, { authorize: ({ active, sub }) => active === true && sub === 'user-1' }), 'passed')
    same(await wordOf(ACTIVE, { needs: { acr: ['gold'] } }), '401 insufficient_user_authentication login_too_weak')
    const strong = { ...ACTIVE, acr: 'gold', auth_time: NOW - 100 }
    same(await wordOf(strong, { needs: { acr: ['gold'], maxAuthAge: 300 } }), 'passed')
    same(await wordOf(strong, { needs: { maxAuthAge: 30 } }), '401 insufficient_user_authentication login_too_old')
  })

  test('introspection: a bound token needs its DPoP proof', async () => {
    const { endpointOf, gateWith, word } = use()
    const client = await proofClient(context)
    const endpoint = endpointOf({ ...ACTIVE, token_type: 'DPoP', cnf: { jkt: client.jkt } })
    const gate = gateWith(endpoint, {}, { proof: dpop({ required: true }) })
    same(word(await gate.check(proven(OPAQUE, await client.proof(OPAQUE)))), 'passed')
    same(word(await gate.check(proven(OPAQUE, await client.proof('another')))), '401 invalid_dpop_proof dpop_proof_token')
    same(word(await gate.check(proven(OPAQUE, await (await proofClient(context)).proof(OPAQUE)))), '401 invalid_token dpop_key_mismatch')
    same(word(await gate.check({ headers: new Headers({ authorization: `Bearer ${OPAQUE}` }), method: 'GET' })), '401 invalid_token dpop_scheme_required')
    same(endpoint.calls.length, 1)
  })

  test('introspection: an inactive token is 401 `invalid_token`, and asked about again after 10 seconds', async () => {
    const { at, bearer, endpointOf, gateWith, word } = use()
    // What else an inactive answer has does not count.
    const endpoint = endpointOf({ ...ACTIVE, active: false })
    const gate = gateWith(endpoint)
    const start = Date.now()
    const denied = await at(start, () => gate.check(bearer(OPAQUE), { scopes: ['a'] }))
    same([word(denied), denied.detail, denied.claims ?? null], ['401 invalid_token token_inactive', 'the token is not active', null])
    same(denied.challenge, 'Bearer realm="api", error="invalid_token", scope="a", error_description="the token is not active"')
    same([denied.cause.name, denied.cause.claim, denied.cause.refusal], ['JWTClaimValidationFailed', 'active', 'token_inactive'])
    for (const [time, calls] of [[9_999, 1], [10_000, 2], [19_999, 2], [-1, 3]]) {
      same(word(await at(start + time, () => gate.check(bearer(OPAQUE)))), '401 invalid_token token_inactive')
      same(endpoint.calls.length, calls, `${time} ms`)
    }
  })

  test('introspection: an active token is remembered for `maxAge`, never beyond its `exp`', async () => {
    const { at, bearer, endpointOf, gateWith, word } = use()
    const start = 1_790_000_000_000
    const count = async (options, times) => {
      const endpoint = endpointOf(ACTIVE)
      const gate = gateWith(endpoint, options)
      same(word(await at(start, () => gate.check(bearer(OPAQUE)))), 'passed')
      const calls = []
      for (const time of times) calls.push((await at(start + time, () => gate.check(bearer(OPAQUE)))).ok && endpoint.calls.length)
      return calls
    }
    same(await count({}, [59_999, 60_000, 119_999, 120_000]), [1, 2, 2, 3])
    same(await count({ maxAge: '2 minutes' }, [119_999, 120_000]), [1, 2])
    same(await count({ maxAge: 0 }, [0, 0]), [2, 3])
    // The clock moves here: at `exp` the token is looked up again, whatever the tolerance.
    const { currentDate: _, ...rules } = use().rules
    const endpoint = endpointOf({ ...ACTIVE, exp: NOW + 20 })
    const gate = jotgate.createGate({ ...rules, introspection: use().valueFor(endpoint) })
    for (const [time, calls] of [[0, 1], [19_999, 1], [20_000, 2], [21_000, 3]]) {
      same([word(await at(start + time, () => gate.check(bearer(OPAQUE)))), endpoint.calls.length], ['passed', calls], `${time} ms`)
    }
    same(word(await at(start + 25_000, () => gate.check(bearer(OPAQUE)))), '401 invalid_token expired')
  })

  test('introspection: the memory is bounded, and inactive tokens do not drop active ones', async () => {
    const { bearer, endpointOf, gateWith } = use()
    const endpoint = endpointOf(({ token }) => (token.startsWith('bad') ? { active: false } : ACTIVE))
    const gate = gateWith(endpoint, { maxEntries: 2 })
    const asked = async (...tokens) => {
      const before = endpoint.calls.length
      for (const token of tokens) await gate.check(bearer(token))
      return endpoint.calls.length - before
    }
    same(await asked('a', 'b', 'bad-1', 'bad-2', 'bad-3', 'a', 'b'), 5)
    same(await asked('bad-2', 'bad-3'), 0)
    same(await asked('bad-1'), 1)
    same(await asked('c', 'b', 'c'), 1)
    same(await asked('a'), 1)
    // Large answers: 8 MiB in all, of 80 KB each in base64url.
    const large = endpointOf({ ...ACTIVE, x: 'x'.repeat(60_000) })
    const bounded = gateWith(large)
    for (let index = 0; index < 110; index++) await bounded.check(bearer(`large-${index}`))
    same((await bounded.check(bearer('large-109')), large.calls.length), 110)
    same((await bounded.check(bearer('large-20')), large.calls.length), 110)
    same((await bounded.check(bearer('large-0')), large.calls.length), 111)
  })

  test('introspection: `checkSync` says that it has to wait', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const endpoint = endpointOf(ACTIVE)
    const gate = gateWith(endpoint)
    same(word(gate.checkSync(bearer(OPAQUE))), '503 - keys_not_ready')
    same([word(await gate.check(bearer(OPAQUE))), word(gate.checkSync(bearer(OPAQUE)))], ['passed', '503 - keys_not_ready'])
    same(word(gate.checkSync(bearer('ä'))), '401 invalid_token token_parts')
  })

  test('introspection: `introspectJwts` sends JWTs that are valid, and the claims stay those of the JWT', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    let answer = { ...ACTIVE, scope: 'other' }
    const endpoint = endpointOf(() => answer)
    const gate = gateWith(endpoint, { introspectJwts: true, maxAge: 0 })
    const token = await world().token('ES256', { roles: ['admin'] })
    const pass = await gate.check(bearer(token), { scopes: ['items:read'], roles: ['admin'] })
    same([word(pass), pass.header.alg, pass.claims.active ?? null], ['passed', 'ES256', null])
    same(word(gate.checkSync(bearer(token))), '503 - keys_not_ready')
    for (const bad of [`${token.slice(0, -6)}AAAAAA`, await world().token('ES256', { exp: 1 }), forgedJwt()]) ok(!(await gate.check(bearer(bad))).ok)
    same(endpoint.calls.length, 1)
    answer = { active: false }
    same(word(await gate.check(bearer(token))), '401 invalid_token token_inactive')
    answer = { ...ACTIVE, aud: 'other' }
    same(word(await gate.check(bearer(token))), '401 invalid_token audience_mismatch')
    same(word(await gate.check(bearer(OPAQUE))), '401 invalid_token audience_mismatch')
  })

  test('introspection: signed answers (RFC 9701) are verified with the keys of the issuer', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const key = world().keys.ES256
    const sign = (claims, header, by = key) =>
      new jose.SignJWT(JSON.parse(JSON.stringify({ iss: CLAIMS.iss, aud: 'api', iat: NOW, token_introspection: ACTIVE, ...claims })))
        .setProtectedHeader({ alg: by.alg, kid: by.kid, typ: 'token-introspection+jwt', ...header })
        .sign(by.signer)
    const asked = async (text, extra) => {
      const endpoint = endpointOf(text)
      const denied = await gateWith(endpoint, { signed: true, ...extra }).check(bearer(OPAQUE))
      same(endpoint.calls[0].init.headers.get('accept'), 'application/token-introspection+jwt')
      return word(denied)
    }
    same(await asked(await sign()), 'passed')
    same(await asked(await sign({ token_introspection: { active: false } })), '401 invalid_token token_inactive')
    same(await asked(await sign({ token_introspection: { ...ACTIVE, aud: 'other' } })), '401 invalid_token audience_mismatch')
    const refused = {
      'the answer of another API': sign({ aud: 'other' }),
      'no audience': sign({ aud: undefined }),
      'another issuer': sign({ iss: 'https://other.example' }),
      'an access token': sign({ active: true }, { typ: 'at+jwt' }),
      'no type': sign({}, { typ: undefined }),
      'an old answer': sign({ iat: NOW - 306 }),
      'no time': sign({ iat: undefined }),
      'an algorithm that is not allowed': sign({}, {}, world().keys.EdDSA),
      'another key': sign({}, { alg: 'ES256', kid: key.kid }, { ...key, signer: (await jose.generateKeyPair('ES256')).privateKey }),
      'an answer that is not signed': JSON.stringify(ACTIVE),
      'nothing': '',
    }
    for (const [name, text] of Object.entries(refused)) same(await asked(await text), '503 - introspection_signature', name)
    for (const inner of [undefined, null, 'x', [ACTIVE], { ...ACTIVE, active: 'true' }]) {
      same(await asked(await sign({ token_introspection: inner })), '503 - introspection_malformed', JSON.stringify(inner))
    }
    // A signed answer is no access token.
    const gate = gateWith(endpointOf(ACTIVE), { signed: true })
    same(word(await gate.check(bearer(await sign({ ...ACTIVE, aud: CLAIMS.aud })))), '401 invalid_token type_mismatch')
  })

  test('introspection: with several issuers, the one of the endpoint has its own audience', async () => {
    const { bearer, endpointOf, rules, valueFor, word } = use()
    const { issuer, audience, ...others } = rules
    const OTHER = 'https://other.example'
    const issuers = [{ issuer: CLAIMS.iss, audience: 'unused', keys: others.keys }, { issuer: OTHER, audience: 'their-api', keys: others.keys }]
    delete others.keys
    const gateFor = (introspection) => jotgate.createGate({ ...others, issuers, introspection })
    const theirs = endpointOf({ ...ACTIVE, iss: OTHER, aud: 'their-api' })
    const gate = gateFor(valueFor(theirs, { issuer: OTHER, introspectJwts: true }))
    same(word(await gate.check(bearer(OPAQUE))), 'passed')
    same(word(await gate.check(bearer(await world().token('ES256', { aud: 'unused' })))), 'passed')
    same(theirs.calls.length, 1)
    same(word(await gate.check(bearer(await world().token('ES256', { iss: OTHER, aud: 'their-api' })))), 'passed')
    same(theirs.calls.length, 2)
    const stolen = endpointOf({ ...ACTIVE, iss: CLAIMS.iss, aud: 'unused' })
    same(word(await gateFor(valueFor(stolen, { issuer: OTHER })).check(bearer(OPAQUE))), '401 invalid_token issuer_mismatch')
    // Two endpoints: `chooses` names the one.
    const ours = endpointOf({ ...ACTIVE, aud: 'unused' })
    const both = gateFor([
      valueFor(ours, { issuer: CLAIMS.iss, chooses: (token) => token.startsWith('our') }),
      valueFor(theirs, { issuer: OTHER, chooses: (token) => (token.startsWith('their') ? true : 'yes') }),
    ])
    const before = theirs.calls.length
    same([word(await both.check(bearer('our-1'))), word(await both.check(bearer('their-1')))], ['passed', 'passed'])
    same([ours.calls.map(({ form }) => form.token), theirs.calls.slice(before).map(({ form }) => form.token)], [['our-1'], ['their-1']])
    same(word(await both.check(bearer('neither'))), '401 invalid_token token_parts')
  })
}

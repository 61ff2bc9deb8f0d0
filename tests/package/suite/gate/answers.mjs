/** What a gate answers (RFC 6750 §3, RFC 9457), as a client sees it. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, base64url, CLAIMS, currentDate, issuer, NOW, tampered } from '../mint.mjs'

export function gateTests({ jotgate, test, world, jose }) {
  const { createGate } = jotgate
  const options = (extra) => ({
    keys: world().jwks,
    algorithms: ['ES256', 'EdDSA'],
    issuer,
    audience,
    currentDate,
    realm: 'items',
    ...extra,
  })
  const request = (authorization) =>
    new Request('https://api.example/items', authorization === undefined ? {} : { headers: { authorization } })

  /** What a client reads of an answer. */
  async function read(denied) {
    same(denied.ok, false)
    const response = denied.response()
    same(response.status, denied.status)
    same(response.headers.get('content-type'), 'application/problem+json')
    same(response.headers.get('cache-control'), 'no-store')
    const problem = await response.json()
    same([problem.type, problem.status, problem.code], ['about:blank', denied.status, denied.refusal])
    return { challenge: response.headers.get('www-authenticate'), problem, retry: response.headers.get('retry-after') }
  }

  test('a good token passes, with its claims', async () => {
    const gate = createGate(options())
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      const pass = await gate.check(request(`${scheme} ${await world().token('ES256')}`), { scopes: ['items:read'] })
      const header = { alg: 'ES256', kid: 'key-ES256' }
      const scopes = ['items:read', 'items:list']
      same(pass, { ok: true, claims: CLAIMS, header, scopes, principal: undefined, preflight: undefined, anonymous: undefined })
    }
  })

  test('nothing sent, or another scheme: 401 with a bare challenge', async () => {
    const gate = createGate(options())
    for (const sent of [
      undefined,
      '',
      '  ',
      'Basic dXNlcjpwYXNz',
      'Digest username="a", uri="/b"',
      'Bearerish abc',
    ]) {
      const denied = await gate.check(request(sent))
      same([denied.status, denied.error, denied.refusal], [401, undefined, 'credentials_absent'], sent)
      same((await read(denied)).challenge, 'Bearer realm="items"')
    }
  })

  test('a malformed request: 400 invalid_request', async () => {
    const gate = createGate(options())
    const token = await world().token('ES256')
    const cases = [
      ['Bearer', 'credentials_missing'],
      ['Bearer   ', 'credentials_missing'],
      [`Bearer ${token}, Bearer ${token}`, 'credentials_repeated'],
      [`Basic abc, Bearer ${token}`, 'credentials_repeated'],
      ['Bearer,', 'credentials_repeated'],
      [`Bearer ${token} ${token}`, 'credentials_malformed'],
      [`Bearer\t${token}`, 'credentials_malformed'],
    ]
    for (const [sent, refusal] of cases) {
      const denied = await gate.check(request(sent))
      same([denied.status, denied.error, denied.refusal], [400, 'invalid_request', refusal], sent)
      ok(
        (await read(denied)).challenge.startsWith('Bearer realm="items", error="invalid_request", error_description="'),
      )
    }
    const twice = new Headers()
    twice.append('authorization', `Bearer ${token}`)
    twice.append('authorization', `Bearer ${token}`)
    same((await gate.check({ headers: twice })).refusal, 'credentials_repeated')
  })

  test('a refused token: 401 invalid_token, the reason in words, nothing of what would be accepted', async () => {
    const { keys, token } = world()
    const { privateKey } = await jose.generateKeyPair('ES256')
    const strange = await new jose.SignJWT({ ...CLAIMS })
      .setProtectedHeader({ alg: 'ES256', kid: keys.ES256.kid })
      .sign(privateKey)
    const none = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(CLAIMS))}.`
    const cases = [
      ['expired', await token('ES256', { exp: NOW - 6 }), 'the token has expired'],
      ['not_yet_valid', await token('ES256', { nbf: NOW + 6 }), 'the token is not valid yet'],
      ['audience_mismatch', await token('ES256', { aud: 'other' }), "the token's aud is not accepted"],
      ['issuer_mismatch', await token('ES256', { iss: 'other' }), "the token's iss is not accepted"],
      ['claim_missing', await token('ES256', { iss: undefined }), "the token's iss is missing"],
      ['type_mismatch', await token('ES256', {}, { typ: 'id+jwt' }), "the token's typ is not accepted"],
      ['signature_mismatch', tampered(await token('ES256'), 2), 'the signature does not match'],
      ['signature_mismatch', strange, 'the signature does not match'],
      ['algorithm_none', none, 'the algorithm is not accepted'],
      ['algorithm_not_allowed', await token('RS256'), 'the algorithm is not accepted'],
      ['no_matching_key', await token('ES256', {}, { kid: 'other' }), 'no key of the issuer matches the token'],
      ['token_parts', 'garbage', 'the token is malformed'],
      ['header_base64url', '{}.{}.{}', 'the token is malformed'],
    ]
    const gate = createGate(options())
    for (const [refusal, sent, detail] of cases) {
      const denied = await gate.check(request(`Bearer ${sent}`))
      same([denied.status, denied.error, denied.refusal], [401, 'invalid_token', refusal], refusal)
      const { challenge, problem } = await read(denied)
      same(challenge, `Bearer realm="items", error="invalid_token", error_description="${detail}"`)
      same([problem.title, problem.detail], ['Unauthorized', detail])
      ok(!JSON.stringify(problem).includes(sent), 'the answer holds the token')
    }
  })

  test('too few rights: 403 insufficient_scope, the scopes named', async () => {
    const gate = createGate(options())
    const bearer = async (claims) => request(`Bearer ${await world().token('ES256', claims)}`)
    const cases = [
      [{}, { scopes: ['items:read', 'items:write'] }, 'insufficient_scope', 'items:read items:write'],
      [{}, { anyScope: ['a', 'b'] }, 'insufficient_scope', 'a'],
      [{}, { scopes: ['b'], anyScope: ['a', 'b'] }, 'insufficient_scope', 'b a'],
      [{ scope: undefined }, { scopes: ['items:read'] }, 'insufficient_scope', 'items:read'],
      // The first claim that is there counts, never the union.
      [{ scope: 'a', scp: ['items:read'] }, { scopes: ['items:read'] }, 'insufficient_scope', 'items:read'],
      [{ permissions: ['a'] }, { permissions: ['b'] }, 'insufficient_permissions', undefined],
      [{ roles: 'a' }, { roles: ['b'] }, 'insufficient_roles', undefined],
    ]
    for (const [claims, needs, refusal, scope] of cases) {
      const denied = await gate.check(await bearer(claims), needs)
      same([denied.status, denied.error, denied.refusal], [403, 'insufficient_scope', refusal])
      const { challenge } = await read(denied)
      ok(challenge.includes('error="insufficient_scope"'))
      same(/ scope="([^"]*)"/.exec(challenge)?.[1], scope)
    }
    const passing = [
      [{}, { scopes: ['items:list', 'items:read'] }],
      [{}, { anyScope: ['x', 'items:read'] }],
      [{ scope: undefined, scp: ['a b', 'c'] }, { scopes: ['c'] }],
      [{ scope: undefined, scopes: 'a b' }, { scopes: ['b'] }],
      [
        { permissions: ['a', 'b'], roles: ['r'] },
        { permissions: ['b'], roles: ['r'] },
      ],
    ]
    for (const [claims, needs] of passing)
      same((await gate.check(await bearer(claims), needs)).ok, true, JSON.stringify(needs))
  })

  test('an answer takes headers along, but not those that it sets itself', async () => {
    const denied = await createGate(options()).check(request())
    const response = denied.response({
      headers: { 'access-control-allow-origin': '*', 'www-authenticate': 'Basic', 'content-type': 'text/html' },
    })
    same(response.headers.get('access-control-allow-origin'), '*')
    same(response.headers.get('www-authenticate'), 'Bearer realm="items"')
    same(response.headers.get('content-type'), 'application/problem+json')
    same([denied.response().status, denied.response().status], [401, 401])
  })

  test('nothing can be injected into a challenge', async () => {
    const denied = await createGate(options({ realm: 'a"b\\c' })).check(request())
    same((await read(denied)).challenge, 'Bearer realm="a\'b?c"')
    for (const realm of ['a\r\nSet-Cookie: b', 'é', '', undefined, 5])
      await misused(() => createGate(options({ realm })), 'realm')
    const gate = createGate(options())
    for (const scopes of [['a"b'], ['a b'], ['a\n'], ['é'], ['\\'], [''], [], undefined, 'a', [5]]) {
      await misused(() => gate.check(request(), { scopes }), 'scopes', JSON.stringify(scopes))
    }
    // A required claim's name is the program's own word, but it ends up in a header too.
    const odd = createGate(options({ requiredClaims: ['x"\r\ny'] }))
    const { challenge } = await read(await odd.check(request(`Bearer ${await world().token('ES256')}`)))
    ok(challenge.includes(`error_description="the token's x'??y is missing"`), challenge)
  })

  test('misused options and needs are a TypeError that names them', async () => {
    const { issuer: _, ...noIssuer } = options()
    const { audience: __, ...noAudience } = options()
    const { keys: ___, ...noKeys } = options()
    await misused(() => createGate(noIssuer), 'issuer')
    await misused(() => createGate(noAudience), 'audience')
    await misused(() => createGate({ ...noKeys, issuer: [issuer, 'https://other.example'] }), 'jwksUri')
    createGate(noKeys)
    await misused(() => createGate(options({ jwksUri: 'https://issuer.example/jwks' })), 'jwksUri')
    for (const value of [undefined, '', null, 5, true, []])
      await misused(() => createGate(options({ audience: value })), 'audience')
    for (const value of [undefined, '', 'issuer', 'ftp://issuer.example', 'https://a:b@c', 5, null]) {
      await misused(() => createGate({ ...noKeys, jwksUri: value }), 'jwksUri', String(value))
      const issuers = [{ issuer, audience, jwksUri: value }]
      await misused(() => createGate({ algorithms: ['ES256'], issuers }), 'jwksUri', String(value))
    }
    for (const value of ['joe', 'urn:issuer', 'https://a:b@c', 'https://issuer.example?a=b'])
      await misused(() => createGate({ ...noKeys, issuer: value }), 'issuer', value)
    await misused(() => createGate(options({ cooldownDuration: 5 })), 'cooldownDuration')
    await misused(() => createGate(options({ scopes: ['a'] })), 'scopes')
    const gate = createGate(options())
    await misused(() => gate.check(request(), { scope: ['a'] }), 'scope')
    for (const name of ['anyScope', 'permissions', 'roles', 'waitUntil']) {
      for (const value of [undefined, null, [], '', 5])
        await misused(() => gate.check(request(), { [name]: value }), name)
    }
    for (const value of [undefined, null, {}, 5, 'request'])
      await refused(() => gate.check(value), { name: 'TypeError' })
  })

  test('an option that is present but undefined, empty or not a number is a TypeError that names it', async () => {
    const nothing = [undefined, null, '', []]
    const noNumber = [undefined, null, '', NaN, Infinity, -1]
    const wrong = {
      ...Object.fromEntries(['issuer', 'audience', 'algorithms', 'typ', 'requiredClaims'].map((name) => [name, nothing])),
      issuers: nothing,
      subject: nothing,
      crit: [...nothing, {}],
      requireExp: [...nothing, NaN],
      clockTolerance: noNumber,
      maxTokenAge: noNumber,
      maxTokenLength: noNumber,
      minSecretLength: noNumber,
      currentDate: [...nothing, NaN, new Date(NaN)],
      hostCrypto: nothing,
      tokenCache: [undefined],
      keys: nothing,
      jwksUri: nothing,
      header: nothing,
      cookie: nothing,
      origins: nothing,
      query: nothing,
      realm: nothing,
      preflight: nothing,
      principal: nothing,
      authorize: nothing,
      onRefusal: nothing,
      timeoutDuration: [...noNumber, 0],
      cooldownDuration: noNumber,
      cacheMaxAge: noNumber,
      cacheMinAge: noNumber,
      maxStale: noNumber,
      headers: [undefined, null, ''],
      fetch: nothing,
    }
    const remote = ['jwksUri', 'timeoutDuration', 'cooldownDuration', 'cacheMaxAge', 'cacheMinAge', 'maxStale', 'headers', 'fetch']
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const { keys, ...rest } = options({ cookie: 'a', [name]: value })
        const given = remote.includes(name) ? { jwksUri: 'https://issuer.example/jwks', ...rest } : { ...rest, keys }
        // Beside `issuers` these two would be the first mistake.
        if (name === 'issuers') for (const own of ['issuer', 'keys']) delete given[own]
        await misused(() => createGate(given), name, `${name}: ${String(value)}`)
      }
    }
  })

  test('audience: false asks for none, typ can be narrowed, exp can be left out', async () => {
    const { token } = world()
    const check = async (extra, claims, header) =>
      (await createGate(options(extra)).check(request(`Bearer ${await token('ES256', claims, header)}`))).refusal ??
      'passed'
    same(await check({ audience: false }, { aud: undefined }), 'passed')
    same(await check({ audience: false }, { aud: 'anybody' }), 'passed')
    same(await check({}, { exp: undefined }), 'claim_missing')
    same(await check({ requireExp: false }, { exp: undefined }), 'passed')
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt', undefined]) same(await check({}, {}, { typ }), 'passed')
    same(await check({ typ: 'at+jwt' }, {}, { typ: 'JWT' }), 'type_mismatch')
    same(await check({ typ: 'at+jwt' }, {}, {}), 'type_missing')
  })
}

/** What `Verifier`, `KeySet` and the decoding functions do with good and refused tokens, and with misused options. */
import { misused, ok, refused, same } from '../harness.mjs'
import { ALGORITHMS, audience, base64url, CLAIMS, currentDate, issuer, NOW, tampered, withClaims } from '../mint.mjs'

export function verifierTests({ jotgate, facade, test, world, jose }) {
  const { KeySet, Verifier } = jotgate
  const options = (extra) => ({
    keys: world().keys.ES256.jwk,
    algorithms: ['ES256'],
    issuer,
    audience,
    currentDate,
    ...extra,
  })

  for (const alg of ALGORITHMS) {
    test(`${alg}: a token verifies with its JWK, now and later, and a tampered one does not`, async () => {
      const { jwk } = world().keys[alg]
      const token = await world().token(alg)
      const verifier = new Verifier(options({ keys: jwk, algorithms: [alg] }))
      for (const result of [await verifier.verify(token), verifier.verifySync(token)]) {
        same(result, { payload: CLAIMS, protectedHeader: { alg, kid: `key-${alg}` } })
      }
      const mismatch = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', refusal: 'signature_mismatch' }
      await refused(() => verifier.verify(tampered(token, 2)), mismatch, 'signature')
      await refused(() => verifier.verifySync(withClaims(token, { ...CLAIMS, sub: 'admin' })), mismatch, 'claims')
    })
  }

  test('every kind of keys is taken: JWKS, KeySet, JSON text of one, PEM, secret, imported key', async () => {
    const { keys, token, jwks } = world()
    const es256 = await token('ES256')
    const pem = await jose.exportSPKI(keys.ES256.publicKey)
    for (const key of [
      keys.ES256.jwk,
      jwks,
      new KeySet(jwks),
      new KeySet(JSON.stringify(jwks)),
      pem,
      await facade.importJWK(keys.ES256.jwk),
    ]) {
      same((await new Verifier(options({ keys: key })).verify(es256)).payload, CLAIMS)
    }
    const hs256 = await token('HS256')
    const secret = new Verifier(options({ keys: keys.HS256.secret, algorithms: ['HS256'] }))
    same(secret.verifySync(hs256).payload, CLAIMS)
  })

  test('the result has the key of the set, opaque, and the same object each time', async () => {
    const { jwks, token } = world()
    const verifier = new Verifier(options({ keys: jwks, algorithms: ['ES256', 'EdDSA'] }))
    const { key } = await verifier.verify(await token('EdDSA'))
    same([key.kid, key.alg, key.kty, key.type, key.bits], ['key-EdDSA', 'EdDSA', 'OKP', 'public', 256])
    ok(key === verifier.verifySync(await token('EdDSA')).key)
    ok(Object.isFrozen(key))
    ok(!JSON.stringify(key).includes(world().keys.EdDSA.jwk.x), 'the key shows its material')
    ok(verifier.verifySync(await token('ES256')).key.kid === 'key-ES256')
  })

  test('results are made for one call: changing one changes no other', async () => {
    const token = await world().token('ES256')
    const verifier = new Verifier(options())
    const first = verifier.verifySync(token)
    first.payload.sub = 'changed'
    first.protectedHeader.alg = 'changed'
    same(verifier.verifySync(token), { payload: CLAIMS, protectedHeader: { alg: 'ES256', kid: 'key-ES256' } })
  })

  test('claims beyond ASCII arrive whole', async () => {
    const claims = {
      name: 'Jane Döe 🔑 \u0000\u2028',
      list: [1, 2.5, null, { deep: true }],
      ['__proto__']: { admin: true },
    }
    const token = await world().token('ES256', JSON.parse(JSON.stringify(claims)))
    const { payload } = new Verifier(options()).verifySync(token)
    same(payload, { ...CLAIMS, ...JSON.parse(JSON.stringify(claims)) })
    ok(!payload.admin, 'a claim became a prototype')
  })

  test('two keys with one kid are both tried', async () => {
    const { keys, token } = world()
    const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
    const stranger = { ...(await jose.exportJWK(publicKey)), kid: 'key-ES256', alg: 'ES256' }
    const verifier = new Verifier(options({ keys: { keys: [stranger, keys.ES256.jwk] } }))
    same(verifier.verifySync(await token('ES256')).payload, CLAIMS)
  })

  test('a token of an unknown kid finds no key, one without kid is tried with those that fit', async () => {
    const { jwks, token } = world()
    const verifier = new Verifier(options({ keys: jwks }))
    await refused(async () => verifier.verifySync(await token('ES256', {}, { kid: 'other' })), {
      code: 'ERR_JWKS_NO_MATCHING_KEY',
      refusal: 'no_matching_key',
    })
    same(verifier.verifySync(await token('ES256', {}, { kid: undefined })).payload, CLAIMS)
  })

  const claimRefusals = [
    [
      'expired',
      { exp: NOW },
      {},
      { code: 'ERR_JWT_EXPIRED', claim: 'exp', reason: 'check_failed', refusal: 'expired' },
    ],
    ['without exp', { exp: undefined }, {}, { claim: 'exp', reason: 'missing', refusal: 'claim_missing' }],
    ['not yet valid', { nbf: NOW + 1 }, {}, { claim: 'nbf', reason: 'check_failed', refusal: 'not_yet_valid' }],
    ['of another issuer', { iss: 'https://other.example' }, {}, { claim: 'iss', refusal: 'issuer_mismatch' }],
    ['without an issuer', { iss: undefined }, {}, { claim: 'iss', reason: 'missing', refusal: 'claim_missing' }],
    ['for another audience', { aud: ['other', 'apis'] }, {}, { claim: 'aud', refusal: 'audience_mismatch' }],
    ['without an audience', { aud: undefined }, {}, { claim: 'aud', reason: 'missing', refusal: 'claim_missing' }],
    ['about another subject', {}, { subject: 'user-2' }, { claim: 'sub', refusal: 'subject_mismatch' }],
    [
      'without a required claim',
      {},
      { requiredClaims: ['jti'] },
      { claim: 'jti', reason: 'missing', refusal: 'claim_missing' },
    ],
    [
      'too old',
      { iat: NOW - 61 },
      { maxTokenAge: '1 minute' },
      { code: 'ERR_JWT_EXPIRED', claim: 'iat', refusal: 'too_old' },
    ],
    ['issued in the future', { iat: NOW + 1 }, { maxTokenAge: 60 }, { claim: 'iat', refusal: 'issued_in_future' }],
    ['of another type', {}, { typ: ['JWT', 'at+jwt'] }, { claim: 'typ', refusal: 'type_missing' }],
    ['whose exp is text', { exp: '9999999999' }, {}, { claim: 'exp', reason: 'invalid', refusal: 'claim_not_number' }],
  ]
  for (const [name, claims, extra, expected] of claimRefusals) {
    test(`a token ${name} is refused with its claim, and the error has its claims`, async () => {
      const token = await world().token('ES256', claims)
      const verifier = new Verifier(options(extra))
      const wanted = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', ...expected }
      const error = await refused(() => verifier.verify(token), wanted)
      same(error.payload, JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })))
      same((await refused(() => verifier.verifySync(token), wanted)).payload, error.payload)
      ok(error instanceof jotgate.JOSEError && !error.message.includes(token))
    })
  }

  test('options that widen what is accepted do so', async () => {
    const cases = [
      [{ exp: NOW - 5 }, { clockTolerance: 6 }],
      [{ exp: NOW - 299 }, { clockTolerance: '5 minutes' }],
      [{ exp: undefined }, { requireExp: false }],
      [{ iss: 'b' }, { issuer: ['a', 'b'] }],
      [{ aud: ['x', 'api'] }, { audience: ['y', 'api'] }],
      [{ iat: NOW + 100 }, {}],
      [{}, { maxTokenAge: '1h', subject: 'user-1', requiredClaims: ['scope'] }],
    ]
    for (const [claims, extra] of cases) {
      ok(new Verifier(options(extra)).verifySync(await world().token('ES256', claims)).payload)
    }
    const typed = await world().token('ES256', {}, { typ: 'application/AT+jwt' })
    ok(new Verifier(options({ typ: 'at+jwt' })).verifySync(typed))
    const critical = await world().token('ES256', {}, { crit: ['x'], x: 1 }, { crit: { x: true } })
    for (const crit of [['x'], { x: true }]) ok(new Verifier(options({ crit })).verifySync(critical))
    await refused(() => new Verifier(options()).verifySync(critical), {
      code: 'ERR_JOSE_NOT_SUPPORTED',
      refusal: 'crit_not_understood',
    })
  })

  test('the host clock is read at each token, not at construction', async () => {
    const token = await world().token('ES256', { exp: Math.floor(Date.now() / 1000) + 60 })
    const { currentDate: _, ...rest } = options()
    const verifier = new Verifier(rest)
    ok(verifier.verifySync(token))
    const now = Date.now
    try {
      Date.now = () => now() + 3_600_000
      await refused(() => verifier.verifySync(token), { refusal: 'expired' })
    } finally {
      Date.now = now
    }
  })

  test('algorithms are never taken from the token', async () => {
    const { keys, token } = world()
    const pem = await jose.exportSPKI(keys.ES256.publicKey)
    const confused = await new jose.SignJWT({ ...CLAIMS })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(pem))
    const notAllowed = { code: 'ERR_JOSE_ALG_NOT_ALLOWED', refusal: 'algorithm_not_allowed' }
    await refused(() => new Verifier(options({ keys: pem })).verifySync(confused), notAllowed)
    await refused(async () => new Verifier(options()).verifySync(await token('ES384')), notAllowed)
    for (const none of ['none', 'None', 'nOnE']) {
      const unsigned = `${base64url(JSON.stringify({ alg: none }))}.${base64url(JSON.stringify(CLAIMS))}.`
      await refused(() => new Verifier(options()).verifySync(unsigned), {
        code: 'ERR_JOSE_ALG_NOT_ALLOWED',
        refusal: 'algorithm_none',
      })
    }
  })

  test('a key that no listed algorithm can use is a TypeError at construction', async () => {
    const { keys } = world()
    await misused(() => new Verifier(options({ keys: keys.RS256.jwk })), 'keys')
    await misused(() => new Verifier(options({ keys: keys.HS256.secret })), 'keys')
    const short = new Uint8Array(31).fill(7)
    await misused(() => new Verifier(options({ keys: short, algorithms: ['HS256'] })), 'keys')
    ok(new Verifier(options({ keys: short, algorithms: ['HS256'], minSecretLength: 31 })))
    await misused(() => new Verifier(options({ keys: 'a secret as text', algorithms: ['HS256'] })), 'keys')
    const pem = new TextEncoder().encode(await jose.exportSPKI(keys.ES256.publicKey))
    await refused(() => new Verifier(options({ keys: pem, algorithms: ['HS256'] })), { refusal: 'key_secret_is_pem' })
  })

  test('options that are absent, unknown, undefined, empty or of another type are a TypeError that names them', async () => {
    const { keys, algorithms, ...rest } = options()
    await misused(() => new Verifier({ algorithms, ...rest }), 'keys')
    await misused(() => new Verifier({ keys, ...rest }), 'algorithms')
    await misused(() => new Verifier(options({ audiance: 'api' })), 'audiance')
    const wrong = {
      keys: [undefined, null, 5, '', [], {}, Symbol('k'), new Date(), true],
      algorithms: [undefined, null, [], '', 'ES256', [''], ['ES257'], [undefined], [5], [, 'ES256']],
      issuer: [undefined, null, '', [], [''], 5, ['a', undefined], {}, '\ud800'],
      audience: [undefined, null, '', [], [''], 5, false, ['a', 5]],
      subject: [undefined, null, '', [], ['a'], 5],
      typ: [undefined, null, '', [], 5],
      requiredClaims: [undefined, null, '', [], 'exp', [''], [5]],
      requireExp: [undefined, null, 0, 'false', ''],
      clockTolerance: [undefined, null, '', NaN, Infinity, -1, '-1s', '5 parsecs', '5', 'NaN', [], {}, '1 minute ago'],
      maxTokenAge: [undefined, null, '', NaN, Infinity, -1, '1 fortnight', new Date()],
      currentDate: [undefined, null, '', 5, NaN, new Date(NaN), '2026-01-01'],
      crit: [undefined, null, '', 'x', [], {}, [5], { x: 1 }],
      maxTokenLength: [undefined, null, '', NaN, Infinity, 0, -1, 1.5, '100', 2 ** 31],
      minSecretLength: [undefined, null, '', NaN, Infinity, 0, -1, 1.5],
    }
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values)
        await misused(
          () => new Verifier(options({ [option]: value })),
          option,
          String(typeof value === 'symbol' ? '' : JSON.stringify(value)),
        )
    }
    for (const value of [undefined, null, 5, 'x', []]) {
      await refused(() => new Verifier(value), { name: 'TypeError' })
    }
  })

  test('tokens longer than the limit are refused, and the limit can be moved', async () => {
    const long = await world().token('ES256', { pad: 'x'.repeat(16_000) })
    const tooLong = { code: 'ERR_JWS_INVALID', refusal: 'token_too_long' }
    await refused(() => new Verifier(options()).verifySync(long), tooLong)
    ok(new Verifier(options({ maxTokenLength: long.length })).verifySync(long))
    await refused(() => new Verifier(options({ maxTokenLength: long.length - 1 })).verifySync(long), tooLong)
  })

  test('a key set lists its keys and what it skipped, and stays usable', async () => {
    const { keys, token } = world()
    const odd = [
      keys.ES256.jwk,
      { kty: 'EC', crv: 'secp256k1', kid: 'k1', x: 'AA', y: 'AA' },
      null,
      keys.HS256.jwk,
      { ...keys.ES256.jwk, kid: 'off', y: keys.ES256.jwk.x },
      { kty: 'new' },
    ]
    const set = new KeySet({ keys: odd })
    same([set.size, set.keys.map(({ kid, index }) => [kid, index])], [1, [['key-ES256', 0]]])
    same(
      set.skipped.map(({ index, kid, code }) => [index, kid, code]),
      [
        [1, 'k1', 'jwk_unsupported'],
        [2, undefined, 'jwk_not_object'],
        [3, 'key-HS256', 'jwk_symmetric_in_set'],
        [4, 'off', 'key_point_not_on_curve'],
        [5, undefined, 'jwk_unsupported'],
      ],
    )
    ok(
      Object.isFrozen(set) &&
        Object.isFrozen(set.keys) &&
        Object.isFrozen(set.keys[0]) &&
        Object.isFrozen(set.skipped[0]),
    )
    same(new Verifier(options({ keys: set })).verifySync(await token('ES256')).payload, CLAIMS)
    for (const bad of ['', '{', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[],"keys":[]}', {}, { keys: 5 }, []]) {
      await refused(() => new KeySet(bad), { code: 'ERR_JWKS_INVALID', name: 'JWKSInvalid' }, JSON.stringify(bad))
    }
  })

  test('decoding verifies nothing and says so by its errors', async () => {
    const { decodeJwt, decodeProtectedHeader } = jotgate
    const token = tampered(await world().token('ES256', { exp: 1 }), 2)
    same(decodeJwt(token), { ...CLAIMS, exp: 1 })
    same(decodeProtectedHeader(token), { alg: 'ES256', kid: 'key-ES256' })
    same(decodeProtectedHeader(`${token}.a.b`), { alg: 'ES256', kid: 'key-ES256' })
    same(decodeProtectedHeader({ protected: token.split('.')[0] }), { alg: 'ES256', kid: 'key-ES256' })
    for (const bad of [
      '',
      'a',
      'a.b',
      '..',
      '.e30.',
      'e30..',
      'e30.W10.',
      'e30.e30=.',
      '\ud800.e30.',
      undefined,
      null,
      5,
      {},
    ]) {
      await refused(() => decodeJwt(bad), { name: 'JWTInvalid', code: 'ERR_JWT_INVALID' }, String(bad))
    }
    for (const bad of [
      '',
      'a',
      'a.b',
      '..',
      'W10..',
      'e30',
      undefined,
      null,
      5,
      {},
      { protected: 5 },
      { protected: 'e30.e30' },
    ]) {
      await refused(() => decodeProtectedHeader(bad), { name: 'TypeError' }, String(bad))
    }
  })
}

/**
 * What `docs/jose.md` lists: every difference to jose, each run against both. A row with the same outcome on both
 * sides fails, and so does one that the page does not list: the list can't rot.
 */
import { comparable, ok, outcome, same } from '../harness.mjs'
import { audience, base64url, CLAIMS, currentDate, issuer, NOW } from '../mint.mjs'

/** What of jose is not here: not verification, or a later version's. */
export const ABSENT = [
  'CompactEncrypt',
  'CompactSign',
  'EncryptJWT',
  'FlattenedEncrypt',
  'FlattenedSign',
  'GeneralEncrypt',
  'GeneralSign',
  'SignJWT',
  'UnsecuredJWT',
  'base64url',
  'compactDecrypt',
  'cryptoRuntime',
  'exportJWK',
  'exportPKCS8',
  'exportSPKI',
  'flattenedDecrypt',
  'flattenedVerify',
  'generalDecrypt',
  'generalVerify',
  'generateKeyPair',
  'generateSecret',
  'importPKCS8',
  'jwtDecrypt',
]

/** The rows: `id` is in the page, `run` runs on each side, `jose` and `jotgate` are the expected results. */
export function differences({ jose, world }) {
  const fresh = (alg) => structuredClone(world().keys[alg].jwk)
  const base = { issuer, audience, currentDate }
  const good = JSON.stringify(CLAIMS)
  const hs = (header, payload, encode) => async (lib) =>
    lib.jwtVerify(await world().raw(header, payload, encode), fresh('HS256'), { currentDate })
  const es = (claims, options, header) => async (lib) =>
    lib.jwtVerify(await world().token('ES256', claims, header), fresh('ES256'), { ...base, ...options })
  const accepted = 'accepted'
  const number = (bytes, last) => {
    const value = crypto.getRandomValues(new Uint8Array(bytes))
    value[0] |= 0x80
    value[bytes - 1] = last ?? value[bytes - 1] | 1
    return base64url(value)
  }
  const padded = (data) => base64url(data).padEnd(Math.ceil(base64url(data).length / 4) * 4, '=')
  const nested = `{"a":${'['.repeat(200)}${']'.repeat(200)}}`

  const good200 = (headers) => new Response(JSON.stringify(world().jwks), { headers })
  /** Verifies a token at each of these times through a remote set; the last outcome counts. */
  const remote =
    (answer, { times = [0], tolerant = false, ...options } = {}) =>
    async (lib) => {
      let calls = 0
      const fetch = async () => answer(++calls)
      const keys = lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), {
        ...options,
        [lib.customFetch]: fetch,
      })
      const token = await world().token('ES256')
      const now = Date.now
      try {
        for (const [turn, time] of times.entries()) {
          Date.now = () => now.call(Date) + time
          const verified = lib.jwtVerify(token, keys, base)
          await (tolerant && turn + 1 < times.length ? verified.catch(() => {}) : verified)
        }
      } finally {
        Date.now = now
      }
    }

  return [
    {
      id: 'none',
      run: (lib) => lib.jwtVerify(`${base64url('{"alg":"none"}')}.${base64url(good)}.`, fresh('ES256')),
      jose: 'JOSENotSupported',
      jotgate: 'JOSEAlgNotAllowed algorithm_none',
    },
    {
      id: 'secret-length',
      run: async (lib) => {
        const secret = new TextEncoder().encode('short')
        return lib.jwtVerify(await new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(secret), secret)
      },
      jose: accepted,
      jotgate: 'JOSEAlgNotAllowed key_secret_too_short',
    },
    {
      id: 'secret-pem',
      run: async (lib) => {
        const secret = new TextEncoder().encode(await jose.exportSPKI(world().keys.ES256.publicKey))
        return lib.jwtVerify(await new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(secret), secret)
      },
      jose: accepted,
      jotgate: 'JWKInvalid key_secret_is_pem',
    },
    {
      id: 'rsa-size',
      run: (lib) => lib.importJWK({ kty: 'RSA', n: number(1032), e: 'AQAB' }, 'RS256'),
      jose: accepted,
      jotgate: 'JWKInvalid key_rsa_modulus_size',
    },
    {
      id: 'rsa-modulus',
      run: (lib) => lib.importJWK({ kty: 'RSA', n: number(256, 2), e: 'AQAB' }, 'RS256'),
      jose: [accepted, 'OperationError', 'DataError'],
      jotgate: 'JWKInvalid key_rsa_modulus_even',
    },
    {
      id: 'rsa-exponent',
      run: (lib) => lib.importJWK({ kty: 'RSA', n: number(256), e: 'AQAAAAE' }, 'RS256'),
      jose: [accepted, 'OperationError'],
      jotgate: 'JWKInvalid key_rsa_exponent',
    },
    {
      id: 'ed25519-point',
      run: (lib) =>
        lib.importJWK(
          { kty: 'OKP', crv: 'Ed25519', x: base64url(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))) },
          'EdDSA',
        ),
      jose: accepted,
      jotgate: 'JWKInvalid key_point_of_small_order',
    },
    {
      id: 'b64',
      run: hs('{"alg":"HS256","b64":false}', good),
      jose: accepted,
      jotgate: 'JWTInvalid payload_unencoded',
    },
    {
      id: 'b64-compact',
      run: async (lib) => {
        const encode = (data) => (data === 'payload' ? data : base64url(data))
        const jws = await world().raw('{"alg":"HS256","b64":false,"crit":["b64"]}', 'payload', encode)
        return lib.compactVerify(jws, world().keys.HS256.secret)
      },
      jose: accepted,
      jotgate: 'JWTInvalid payload_unencoded',
    },
    {
      id: 'duplicate-header',
      run: hs('{"alg":"none","alg":"HS256"}', good),
      jose: accepted,
      jotgate: 'JWSInvalid header_duplicate_member',
    },
    {
      id: 'duplicate-claim',
      run: hs('{"alg":"HS256"}', '{"sub":"a","sub":"b"}'),
      jose: accepted,
      jotgate: 'JWTInvalid claims_duplicate_member',
    },
    {
      id: 'base64url-padding',
      run: hs('{"alg":"HS256" }', good, padded),
      jose: accepted,
      jotgate: 'JWSInvalid header_base64url',
    },
    {
      id: 'base64url-spaces',
      run: hs('{"alg":"HS256"}', good, (data) => base64url(data).replace(/^(.)/, '$1 ')),
      jose: accepted,
      jotgate: 'JWSInvalid header_base64url',
    },
    {
      id: 'base64url-stray-bits',
      run: hs('{"alg":"HS256"  }', good, (data) => base64url(data).replace(/Q$/, 'R').replace(/0$/, '1')),
      jose: accepted,
      jotgate: 'JWSInvalid header_base64url',
    },
    { id: 'nesting', run: hs('{"alg":"HS256"}', nested), jose: accepted, jotgate: 'JWTInvalid claims_too_deep' },
    {
      id: 'byte-order-mark',
      run: hs('{"alg":"HS256"}', `\ufeff${good}`),
      jose: accepted,
      jotgate: 'JWTInvalid claims_not_utf8',
    },
    { id: 'token-length', run: es({ pad: 'x'.repeat(20_000) }), jose: accepted, jotgate: 'JWSInvalid token_too_long' },
    {
      id: 'time-range',
      run: hs('{"alg":"HS256"}', '{"exp":1e999}'),
      jose: accepted,
      jotgate: 'JWTInvalid claims_malformed',
    },
    {
      id: 'party-type',
      run: async (lib) => lib.jwtVerify(await world().token('ES256', { sub: 5 }), fresh('ES256'), base),
      jose: accepted,
      jotgate: 'JWTClaimValidationFailed claim_type',
    },
    { id: 'header-type', run: es({}, {}, { kid: 5 }), jose: accepted, jotgate: 'JWSInvalid header_parameter_type' },
    {
      id: 'crit-twice',
      run: async (lib) =>
        lib.jwtVerify(await world().raw('{"alg":"HS256","crit":["x","x"],"x":1}', good), fresh('HS256'), {
          currentDate,
          crit: { x: true },
        }),
      jose: accepted,
      jotgate: 'JWSInvalid crit_malformed',
    },
    {
      id: 'first-failure',
      run: es({ iss: 'other', exp: NOW - 1, aud: 5 }),
      jose: 'JWTClaimValidationFailed iss',
      jotgate: 'JWTClaimValidationFailed claim_type aud',
    },
    {
      id: 'options-undefined',
      run: es({ aud: 'other' }, { audience: undefined }),
      jose: accepted,
      jotgate: 'TypeError',
    },
    { id: 'options-empty', run: es({}, { requiredClaims: [] }), jose: accepted, jotgate: 'TypeError' },
    {
      id: 'algorithms-unknown',
      run: es({}, { algorithms: ['ES256', 'ML-DSA-44'] }),
      jose: accepted,
      jotgate: 'TypeError',
    },
    { id: 'age-bound', run: es({}, { maxTokenAge: 315_576_001 }), jose: accepted, jotgate: 'TypeError' },
    { id: 'current-date', run: es({}, { currentDate: new Date(NOW) }), jose: accepted, jotgate: 'TypeError' },
    { id: 'tolerance-bound', run: es({}, { clockTolerance: 86_401 }), jose: accepted, jotgate: 'TypeError' },
    {
      id: 'key-for-another-algorithm',
      run: async (lib) => lib.jwtVerify(await world().token('ES256'), fresh('RS256'), base),
      jose: 'TypeError',
      jotgate: 'JOSEAlgNotAllowed key_type_mismatch',
    },
    {
      id: 'ed25519-names',
      run: async (lib) => lib.jwtVerify(await world().token('EdDSA'), { ...fresh('EdDSA'), alg: 'Ed25519' }, base),
      jose: 'TypeError',
      jotgate: accepted,
    },
    {
      id: 'private-jwk',
      run: async (lib) => lib.jwtVerify(await world().token('ES256'), { ...world().keys.ES256.privateJwk }, base),
      jose: 'TypeError',
      jotgate: accepted,
    },
    {
      id: 'non-extractable',
      run: async (lib) => {
        const key = await crypto.subtle.importKey(
          'jwk',
          { ...fresh('ES256'), alg: undefined, kid: undefined },
          { name: 'ECDSA', namedCurve: 'P-256' },
          false,
          ['verify'],
        )
        return lib.jwtVerify(await world().token('ES256'), key, base)
      },
      jose: accepted,
      jotgate: 'TypeError',
    },
    {
      id: 'opaque-keys',
      run: async (lib) => (await lib.importJWK(fresh('ES256'))).algorithm.name,
      jose: accepted,
      jotgate: 'TypeError',
    },
    {
      id: 'opaque-secrets',
      run: async (lib) => (await lib.importJWK(fresh('HS256'))).slice(0, 1),
      jose: accepted,
      jotgate: 'TypeError',
    },
    {
      id: 'import-use',
      run: (lib) => lib.importJWK({ ...fresh('ES256'), use: 'enc' }),
      jose: accepted,
      jotgate: 'JOSENotSupported key_does_not_fit',
    },
    {
      id: 'thumbprint-of-weak-keys',
      run: (lib) => lib.calculateJwkThumbprint({ kty: 'RSA', n: number(128), e: 'AQAB' }),
      jose: accepted,
      jotgate: 'JWKInvalid key_rsa_modulus_size',
    },
    {
      id: 'jwk-stays',
      run: async (lib) => {
        const jwk = fresh('ES256')
        await lib.jwtVerify(await world().token('ES256'), jwk, base)
        jwk.note = 'mine' // modules are strict: a frozen object throws
      },
      jose: 'TypeError',
      jotgate: accepted,
    },
    {
      id: 'set-member-skipped',
      run: async (lib) => {
        const keys = lib.createLocalJWKSet({ keys: [{ ...fresh('ES256'), y: fresh('ES256').x }] })
        return lib.jwtVerify(await world().token('ES256'), keys, base).catch((thrown) => {
          throw thrown instanceof lib.errors.JOSEError ? thrown : new RangeError('the host refused the key')
        })
      },
      // Deno imports a point that is not on its curve, and finds out with the signature.
      jose: ['RangeError', 'JWSSignatureVerificationFailed'],
      jotgate: 'JWKSNoMatchingKey no_matching_key',
    },
    {
      id: 'remote-url',
      run: (lib) => lib.createRemoteJWKSet(new URL('https://user:secret@issuer.example/jwks')),
      jose: accepted,
      jotgate: 'TypeError option',
    },
    {
      id: 'remote-status',
      run: remote(() => new Response('{}', { status: 500 })),
      jose: 'JOSEError',
      jotgate: 'JWKSUnavailable key_set_status',
    },
    {
      id: 'remote-unreachable',
      run: remote(() => Promise.reject(new RangeError('no way'))),
      jose: 'RangeError',
      jotgate: 'JWKSUnavailable key_set_unreachable',
    },
    {
      id: 'remote-malformed',
      run: remote(() => new Response('<html>')),
      jose: 'JOSEError',
      jotgate: 'JWKSInvalid jwks_malformed',
    },
    {
      id: 'remote-empty',
      run: remote(() => new Response('{"keys":[]}')),
      jose: 'JWKSNoMatchingKey',
      jotgate: 'JWKSInvalid key_set_empty',
    },
    {
      id: 'remote-large',
      run: remote(() => new Response(JSON.stringify(world().jwks).padEnd(2_000_000))),
      jose: accepted,
      jotgate: 'JWKSInvalid jwks_too_large',
    },
    {
      id: 'remote-stale',
      run: remote((call) => (call === 1 ? good200() : new Response('', { status: 503 })), { times: [0, 700_000] }),
      jose: 'JOSEError',
      jotgate: accepted,
    },
    {
      id: 'remote-retry',
      run: remote((call) => (call === 1 ? new Response('', { status: 503 }) : good200()), {
        times: [0, 10],
        tolerant: true,
      }),
      jose: accepted,
      jotgate: 'JWKSUnavailable key_set_status',
    },
    {
      id: 'remote-cache-control',
      run: remote(
        (call) => {
          if (call > 1) throw new RangeError('asked again')
          return good200({ 'cache-control': 'max-age=60' })
        },
        { times: [0, 100_000], maxStale: 0 },
      ),
      jose: accepted,
      jotgate: 'JWKSUnavailable key_set_unreachable',
    },
    {
      id: 'remote-same-kid',
      run: async (lib) => {
        const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
        const former = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'key-ES256' }] }
        const answer = (call) => (call === 1 ? new Response(JSON.stringify(former)) : good200())
        return remote(answer, { times: [0, 40_000], tolerant: true })(lib)
      },
      jose: 'JWSSignatureVerificationFailed',
      jotgate: accepted,
    },
    {
      id: 'remote-aged',
      run: remote(() => good200({ 'cache-control': 'max-age=60', 'age': '7200' })),
      jose: accepted,
      jotgate: 'JWKSUnavailable key_set_stale',
    },
    {
      id: 'remote-retry-after',
      run: remote(
        (call) => (call === 1 ? new Response('', { status: 503, headers: { 'retry-after': '60' } }) : good200()),
        { times: [0, 50_000], tolerant: true },
      ),
      jose: accepted,
      jotgate: 'JWKSUnavailable key_set_status',
    },
    {
      id: 'decode-header-checked',
      run: (lib) => lib.decodeJwt('.e30.'),
      jose: accepted,
      jotgate: 'JWTInvalid header_malformed',
    },
  ]
}

export function joseDifferenceTests(context) {
  const { facade, jose, test } = context
  for (const { id, run, ...expected } of differences(context)) {
    test(`unlike jose: ${id}`, async () => {
      const [theirs, ours] = [shown(await outcome(() => run(jose))), shown(await outcome(() => run(facade)))]
      const about = (lib, found) =>
        ok(matches(found, expected[lib]), `${lib} came to ${found}, the row says ${expected[lib]}`)
      about('jose', theirs)
      about('jotgate', ours)
      ok(theirs !== ours, 'there is no difference any more: take the row out of docs/jose.md')
    })
  }

  test('a limit that only Verifier can lower is not lowered here', async () => {
    const secret = new TextEncoder().encode('short')
    const token = await new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    const { thrown } = await outcome(() => facade.jwtVerify(token, secret, { minSecretLength: 1 }))
    same(thrown?.refusal, 'key_secret_too_short')
  })

  test('unlike jose: exports', () => {
    const absent = Object.keys(jose)
      .filter((name) => !(name in facade))
      .sort()
    same(absent, [...ABSENT].sort())
    same(
      Object.keys(facade).filter((name) => !(name in jose)),
      [],
    )
  })
}

/** The words of `expected`, or of one of several, all stand in what was found: hosts differ in the keys that they take. */
function matches(found, expected) {
  if (Array.isArray(expected)) return expected.some((one) => matches(found, one))
  return expected.split(' ').every((word) => found.split(' ').includes(word))
}

function shown(result) {
  if (result.thrown === undefined) return 'accepted'
  const { name, claim } = comparable(result)
  return [name, result.thrown.refusal, claim].filter(Boolean).join(' ')
}

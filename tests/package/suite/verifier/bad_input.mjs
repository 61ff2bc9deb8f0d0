/** Any bytes and any value as token, key, set or option: coded, never a panic, never a hang, and the instance goes on. */
import { ok, outcome, same } from '../harness.mjs'
import { ALGORITHMS, audience, base64url, CLAIMS, currentDate, issuer } from '../mint.mjs'

export function badInputTests({ jotgate, facade, test, world }) {
  const { createGate, decodeJwt, decodeProtectedHeader, JOSEError, KeySet, RemoteKeySet, Verifier } = jotgate
  const options = () => ({
    keys: world().jwks,
    algorithms: ['ES256', 'RS256', 'PS512', 'EdDSA'],
    issuer,
    audience,
    currentDate,
  })

  /** Neither accepted nor anything but an error with a code, or a `TypeError`. */
  async function coded(call, about) {
    const { thrown } = await outcome(call)
    if (thrown === undefined) return false
    const trap = globalThis.WebAssembly.RuntimeError
    ok(!(thrown instanceof trap), `${about}: ${thrown.stack}`)
    const fine =
      thrown instanceof TypeError ||
      (thrown instanceof JOSEError && thrown.code.startsWith('ERR_J') && thrown.refusal !== 'unspecified')
    ok(fine, `${about}: ${thrown.stack}`)
    return true
  }

  /** The same numbers each time, so that a failure can be repeated. */
  function random(seed) {
    let state = seed
    return (limit) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
  }

  const ODD = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    5,
    NaN,
    Infinity,
    10n,
    Symbol('s'),
    '',
    ' ',
    '.',
    '..',
    '...',
    'a.b.c',
    '\0',
    '\ud800',
    '\udc00.\ud800.x',
    'é.é.é',
    '=.=.=',
    'null',
    '{}',
    '[]',
    {},
    [],
    [[]],
    Object.create(null),
    () => 'x',
    new Date(),
    /x/,
    new Map(),
    new Proxy({}, {}),
    new Uint8Array(),
    new Uint8Array(3),
    new Uint16Array(3),
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    Promise.resolve('x'),
    new Error('x'),
    { toString: () => 'a.b.c' },
    { valueOf: () => 5 },
    { length: 3 },
    { kty: 'EC' },
    { kty: 5 },
    { kty: 'oct', k: 5 },
    { kty: 'RSA', n: '', e: '' },
    { keys: null },
    { keys: [null, 5, 'x', [], {}] },
    {
      get kty() {
        throw new TypeError('mine')
      },
    },
    { keys: [], toJSON: () => 5 },
    'x'.repeat(1_000_000),
    '.'.repeat(100_000),
    `${'a'.repeat(16_000)}.${'b'.repeat(100)}.c`,
    '\ud800'.repeat(5_000),
    '€'.repeat(16_000),
  ]

  test('odd values as tokens are refused with a code, and the instance goes on', async () => {
    const verifier = new Verifier(options())
    const gate = createGate(options())
    const { jwk } = world().keys.ES256
    for (const [index, value] of ODD.entries()) {
      const about = `odd value ${index}`
      ok(await coded(() => verifier.verifySync(value), about), about)
      ok(await coded(() => verifier.verify(value), about), about)
      ok(await coded(() => facade.jwtVerify(value, jwk), about), about)
      ok(await coded(() => facade.jwtVerify(value, facade.createLocalJWKSet(world().jwks)), about), about)
      ok(await coded(() => facade.compactVerify(value, jwk), about), about)
      ok(await coded(() => decodeJwt(value), about), about)
      await coded(() => decodeProtectedHeader(value), about)
      const headers = { get: () => (value === null ? null : value) }
      if (typeof value === 'string') ok(!(await gate.check({ headers })).ok, about)
    }
    same(verifier.verifySync(await world().token('ES256')).payload, CLAIMS)
    same(
      (
        await gate.check(
          new Request('https://a.example', { headers: { authorization: `Bearer ${await world().token('EdDSA')}` } }),
        )
      ).ok,
      true,
    )
  })

  test('random and half-right tokens are refused with a code, and the instance goes on', async () => {
    const verifier = new Verifier(options())
    const next = random(7)
    const tokens = await Promise.all(['ES256', 'RS256', 'PS512', 'EdDSA'].map((alg) => world().token(alg)))
    for (let turn = 0; turn < 1_500; turn++) {
      const good = tokens[turn % tokens.length]
      const at = next(good.length)
      const mutated = [
        () => good.slice(0, at) + String.fromCharCode(next(turn % 3 === 0 ? 0x10000 : 128)) + good.slice(at + 1),
        () => good.slice(0, at) + good.slice(at + 1 + next(5)),
        () => good.slice(0, at) + good.slice(next(good.length)),
        () => Array.from({ length: next(60) }, () => String.fromCharCode(next(256))).join(''),
        () =>
          `${base64url(Uint8Array.from({ length: next(60) }, () => next(256)))}.${base64url('{}')}.${base64url(Uint8Array.from({ length: next(80) }, () => next(256)))}`,
        () =>
          `${base64url(`{"alg":"${['ES256', 'RS256', 'PS512', 'EdDSA'][next(4)]}","kid":"key-${ALGORITHMS[next(14)]}"}`)}.${good.split('.')[1]}.${base64url(Uint8Array.from({ length: [0, 1, 32, 63, 64, 65, 256, 512][next(8)] }, () => next(256)))}`,
      ][next(6)]()
      if (mutated === good) continue
      ok(await coded(() => verifier.verifySync(mutated), `turn ${turn}`), `turn ${turn} was accepted`)
      await coded(() => decodeJwt(mutated), `turn ${turn}`)
      await coded(() => decodeProtectedHeader(mutated), `turn ${turn}`)
    }
    for (const token of tokens) same(verifier.verifySync(token).payload, CLAIMS)
  })

  test('odd values as keys, sets and options are refused with a code or a TypeError', async () => {
    const token = await world().token('ES256')
    for (const [index, value] of ODD.entries()) {
      const about = `odd value ${index}`
      // A function is asked for keys at the first token.
      if (typeof value !== 'function') ok(await coded(() => new Verifier({ ...options(), keys: value }), about), about)
      await coded(() => new Verifier(value), about)
      await coded(() => new KeySet(value), about)
      await coded(() => new RemoteKeySet(value), about)
      await coded(() => new RemoteKeySet('https://a.example', value), about)
      await coded(() => createGate(value), about)
      await coded(() => facade.createLocalJWKSet(value), about)
      await coded(() => facade.importJWK(value, 'ES256'), about)
      await coded(() => facade.importSPKI(value, 'ES256'), about)
      await coded(() => facade.importJWK(world().keys.ES256.jwk, value), about)
      await coded(() => facade.calculateJwkThumbprint(value), about)
      await coded(() => facade.calculateJwkThumbprint(world().keys.ES256.jwk, value), about)
      await coded(() => facade.jwtVerify(token, value), about)
      await coded(() => facade.jwtVerify(token, () => value), about)
      await coded(() => facade.jwtVerify(token, world().keys.ES256.jwk, value), about)
      for (const option of [
        'algorithms',
        'issuer',
        'audience',
        'subject',
        'typ',
        'requiredClaims',
        'clockTolerance',
        'maxTokenAge',
        'currentDate',
        'crit',
        'maxTokenLength',
        'minSecretLength',
        'requireExp',
      ]) {
        await coded(() => new Verifier({ ...options(), [option]: value }), `${option}: ${about}`)
        await coded(() => facade.jwtVerify(token, world().keys.ES256.jwk, { [option]: value }), `${option}: ${about}`)
      }
    }
    same(new Verifier(options()).verifySync(token).payload, CLAIMS)
  })

  test('random and half-right keys are refused with a code, or verify nothing', async () => {
    const next = random(11)
    const token = await world().token('ES256')
    const members = ['kty', 'crv', 'x', 'y', 'n', 'e', 'k', 'alg', 'use', 'key_ops', 'kid']
    const values = [
      undefined,
      null,
      5,
      '',
      'AA',
      'AQAB',
      'P-256',
      'P-384',
      'Ed25519',
      'EC',
      'RSA',
      'oct',
      'OKP',
      '\ud800',
      [],
      ['verify'],
      {},
      'A'.repeat(43),
      '_'.repeat(86),
      '='.repeat(4),
    ]
    for (let turn = 0; turn < 1_500; turn++) {
      const alg = ALGORITHMS[next(ALGORITHMS.length)]
      const jwk = { ...world().keys[alg].jwk }
      for (let change = 0; change <= next(3); change++) jwk[members[next(members.length)]] = values[next(values.length)]
      await coded(() => facade.importJWK(jwk, alg), `turn ${turn}`)
      await coded(() => facade.calculateJwkThumbprint(jwk), `turn ${turn}`)
      await coded(() => new Verifier({ ...options(), keys: jwk }).verifySync(token), `turn ${turn}`)
      await coded(() => new KeySet({ keys: [jwk, jwk] }), `turn ${turn}`)
    }
    for (let turn = 0; turn < 300; turn++) {
      const bytes = Uint8Array.from({ length: next(200) }, () => next(256))
      await coded(() => new KeySet(String.fromCharCode(...bytes)), `text ${turn}`)
      const pem = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...bytes))}\n-----END PUBLIC KEY-----`
      await coded(() => facade.importSPKI(pem, 'ES256'), `pem ${turn}`)
      await coded(() => new Verifier({ ...options(), keys: pem.slice(0, next(pem.length)) }), `pem ${turn}`)
    }
    same(new Verifier(options()).verifySync(token).payload, CLAIMS)
  })

  test('large and deep input is refused in bounded time, and leaves no trace in memory', async () => {
    const verifier = new Verifier(options())
    const deep = '['.repeat(500_000)
    const wide = JSON.stringify({ keys: Array.from({ length: 2_000 }, () => ({ kty: 'x' })) })
    ok(await coded(() => new KeySet(deep), 'deep'))
    ok(await coded(() => new KeySet(`{"keys":${deep}`), 'deep'))
    ok(await coded(() => new KeySet(wide), 'wide'))
    ok(await coded(() => new KeySet(`{"keys":[${' '.repeat(2_000_000)}]}`), 'long'))
    for (let turn = 0; turn < 20; turn++) {
      ok(await coded(() => verifier.verifySync('x'.repeat(10_000_000)), 'long'))
      ok(await coded(() => decodeJwt(`${base64url('{}')}.${'x'.repeat(1_000_000)}.`), 'long'))
    }
    same(verifier.verifySync(await world().token('ES256')).payload, CLAIMS)
  })

  test('calls that come in between each other get their own answers', async () => {
    const verifier = new Verifier(options())
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, index) => world().token('EdDSA', { sub: `user-${index}` })),
    )
    const getKey = async () => {
      await Promise.resolve()
      verifier.verifySync(tokens[0])
      return world().keys.EdDSA.jwk
    }
    const found = await Promise.all(
      tokens.map(async (token, index) => {
        const [a, b] = await Promise.all([verifier.verify(token), facade.jwtVerify(token, getKey, { currentDate })])
        return a.payload.sub === `user-${index}` && b.payload.sub === `user-${index}`
      }),
    )
    ok(found.every(Boolean))
  })
}

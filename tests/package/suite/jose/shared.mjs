/** Behaviour that `jotgate/jose` shares with jose: each row runs against both, with the same outcome. */
import { comparable, outcome, same } from '../harness.mjs'
import { ALGORITHMS, audience, base64url, CLAIMS, currentDate, issuer, NOW, tampered, withClaims } from '../mint.mjs'

/** A result without its key, which is opaque here and a CryptoKey there. */
const show = (result) => {
  const { key, ...rest } = result
  return { ...rest, hasKey: key !== undefined }
}

export function joseSharedTests({ facade, jose, test, world }) {
  const row = (name, run, display = show) =>
    test(`as jose: ${name}`, async () => {
      const theirs = comparable(await outcome(() => run(jose)), display)
      const ours = comparable(await outcome(() => run(facade)), display)
      same(ours, theirs, name)
    })

  const fresh = (alg) => structuredClone(world().keys[alg].jwk)
  const base = { issuer, audience, currentDate }
  /** Verifies an ES256 token of these claims under these options. */
  const claims = (name, change, options, header) =>
    row(name, async (lib) => lib.jwtVerify(await fixed(change, header), fresh('ES256'), { ...base, ...options }))
  /** The same token for both: an ECDSA signature is another each time, which must not matter. */
  const fixed = remember((change, header) => world().token('ES256', change, header, { crit: { x: true, y: true } }))

  for (const alg of ALGORITHMS) {
    row(`${alg} with a JWK`, async (lib) => lib.jwtVerify(await world().token(alg), fresh(alg), base))
    row(`${alg} tampered`, async (lib) => lib.jwtVerify(tampered(await world().token(alg), 2), fresh(alg), base))
    row(`${alg} imported`, async (lib) =>
      lib.jwtVerify(await world().token(alg), await lib.importJWK(fresh(alg)), base),
    )
    row(`${alg} as a compact JWS`, async (lib) => lib.compactVerify(await world().token(alg, {}), fresh(alg)))
    row(`${alg} through a local set`, async (lib) =>
      lib.jwtVerify(await world().token(alg), lib.createLocalJWKSet(world().jwks), base),
    )
    for (const hash of [undefined, 'sha256', 'sha384', 'sha512']) {
      row(
        `${alg} thumbprint ${hash}`,
        (lib) => lib.calculateJwkThumbprint(fresh(alg), hash),
        (text) => text,
      )
    }
    if (!alg.startsWith('HS')) {
      row(`${alg} from SPKI`, async (lib) => {
        const pem = await jose.exportSPKI(await jose.importJWK(fresh(alg), alg, { extractable: true }))
        return lib.jwtVerify(await world().token(alg), await lib.importSPKI(pem, alg), base)
      })
    }
  }

  row('a secret as bytes', async (lib) => lib.jwtVerify(await world().token('HS256'), world().keys.HS256.secret, base))
  row('the token as bytes', async (lib) => lib.jwtVerify(new TextEncoder().encode(await fixed()), fresh('ES256'), base))
  row('a CryptoKey', async (lib) => lib.jwtVerify(await fixed(), world().keys.ES256.publicKey, base))
  row('an Ed25519 CryptoKey under both names', async (lib) => [
    await lib.jwtVerify(await world().token('Ed25519'), world().keys.Ed25519.publicKey, base),
    await lib.jwtVerify(await world().token('EdDSA'), world().keys.EdDSA.publicKey, base),
  ])
  row(
    'a thumbprint of a CryptoKey',
    (lib) => lib.calculateJwkThumbprint(world().keys.ES256.publicKey),
    (text) => text,
  )
  row('no options', async (lib) =>
    lib.jwtVerify(await world().token('ES256', { exp: undefined, nbf: undefined }), fresh('ES256')),
  )

  /** The outcome of a remote set of each library, with its members and the fetches that it made. */
  const remote = (name, run, answers, options) =>
    row(
      `a remote set: ${name}`,
      async (lib) => {
        let calls = 0
        const cache = {}
        const fetch = async (_, { headers, method, redirect, signal }) => {
          if (method !== 'GET' || redirect !== 'manual' || !(signal instanceof AbortSignal)) throw new Error('init')
          const answer = answers[Math.min(calls++, answers.length - 1)]
          return typeof answer === 'function' ? answer({ headers, signal }) : new Response(JSON.stringify(answer))
        }
        const extra = { [lib.customFetch]: fetch, [lib.jwksCache]: cache, ...options }
        const keys = lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), extra)
        const members = () => ({
          coolingDown: keys.coolingDown,
          fresh: keys.fresh,
          reloading: keys.reloading,
          jwks: keys.jwks(),
          cached: cache.jwks,
          calls,
        })
        const verify = async (alg, header) => {
          const call = async () => lib.jwtVerify(await world().token(alg, {}, header), keys, base)
          const { value, thrown } = comparable(await outcome(call), show)
          return [value ?? thrown, members()]
        }
        const before = members()
        return [before, await run({ lib, keys, verify, members, cache, extra })]
      },
      (result) => result,
    )
  const first = () => ({ keys: [world().keys.ES256.jwk] })
  const answering = (keys) => () => new Response(JSON.stringify(keys()))
  remote(
    'a token, then one of another key in the cool-down',
    async ({ verify }) => [await verify('ES256'), await verify('ES384')],
    [answering(first)],
  )
  remote(
    'a key that was published since, without a cool-down',
    async ({ verify }) => [await verify('ES256'), await verify('ES384'), await verify('ES512', { kid: 'unknown' })],
    [answering(first), answering(() => world().jwks)],
    { cooldownDuration: 0 },
  )
  remote('several keys match', ({ verify }) => verify('ES256', { kid: undefined }), [
    answering(() => ({ keys: [world().keys.ES256.jwk, world().keys.ES256.jwk] })),
  ])
  remote('an algorithm of secrets', ({ verify }) => verify('HS256'), [answering(() => world().jwks)])
  remote(
    'an issuer that does not answer in time',
    ({ verify }) => verify('ES256'),
    [({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))],
    { timeoutDuration: 50 },
  )
  remote('no key set', ({ verify }) => verify('ES256'), [answering(() => ({ key: [] }))])
  remote(
    'reload and reloading',
    async ({ keys, members }) => {
      const work = keys.reload()
      const during = keys.reloading
      return [during, await work, members()]
    },
    [answering(first)],
  )
  remote(
    "a cache of the caller's hydrates another set",
    async ({ lib, verify, cache, extra }) => {
      await verify('ES256')
      const other = lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), extra)
      const { payload } = await lib.jwtVerify(await world().token('ES256'), other, base)
      return [payload, other.jwks(), other.fresh, Math.abs(cache.uat - Date.now()) < 60_000]
    },
    [answering(first), () => Promise.reject(new Error('never'))],
  )
  for (const cache of [
    {},
    { uat: 5 },
    { uat: NaN, jwks: { keys: [] } },
    { uat: 1, jwks: { keys: [] } },
    { uat: Infinity, jwks: 5 },
  ]) {
    row(
      `a remote set: a cache that is none ${JSON.stringify(cache)} ${cache.uat}`,
      async (lib) => {
        const extra = { [lib.jwksCache]: { ...cache }, [lib.customFetch]: async () => answering(first)() }
        const keys = lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), extra)
        const before = keys.fresh
        await lib.jwtVerify(await world().token('ES256'), keys, base)
        return [before, keys.fresh, extra[lib.jwksCache].jwks]
      },
      (result) => result,
    )
  }
  for (const [name, wrong] of Object.entries({
    'no URL': ['https://issuer.example/jwks'],
    'a time-out below 0': [new URL('https://a.example'), { timeoutDuration: -1 }],
    'a time-out of half a millisecond': [new URL('https://a.example'), { timeoutDuration: 0.5 }],
    'a cool-down that is no number': [new URL('https://a.example'), { cooldownDuration: NaN }],
    'an age below 0': [new URL('https://a.example'), { cacheMaxAge: -1 }],
    'an age without end': [new URL('https://a.example'), { cacheMaxAge: Infinity, cooldownDuration: Infinity }],
  })) {
    row(
      `a remote set: ${name}`,
      (lib) => typeof lib.createRemoteJWKSet(...wrong),
      (result) => result,
    )
  }

  claims('a good token', {}, {})
  claims('a list of issuers and audiences', { aud: ['x', 'api'] }, { issuer: ['a', issuer], audience: ['b', 'api'] })
  claims('no exp', { exp: undefined }, {})
  claims('expired', { exp: NOW - 1 }, {})
  claims('expired this very second', { exp: NOW }, {})
  claims('expired within the tolerance', { exp: NOW - 4 }, { clockTolerance: 5 })
  claims('expired at the end of the tolerance', { exp: NOW - 5 }, { clockTolerance: '5 seconds' })
  claims('exp required and absent', { exp: undefined }, { requiredClaims: ['exp'] })
  claims('nbf in the future', { nbf: NOW + 1 }, {})
  claims('nbf in the future within the tolerance', { nbf: NOW + 5 }, { clockTolerance: '5s' })
  claims('nbf now', { nbf: NOW }, {})
  claims('exp is text', { exp: '1' }, {})
  claims('nbf is text', { nbf: '1' }, {})
  claims('iat is text with a maximum age', { iat: '1' }, { maxTokenAge: 5 })
  claims('iat is text without one', { iat: 'yesterday' }, {})
  claims('aud absent', { aud: undefined }, {})
  claims('aud of another', { aud: 'other' }, {})
  claims('aud of others', { aud: ['other', 'api2'] }, {})
  claims('aud empty', { aud: [] }, {})
  claims('iss absent', { iss: undefined }, {})
  claims('iss of another', { iss: 'other' }, {})
  claims('iss with a slash more', { iss: `${issuer}/` }, {})
  claims('sub absent', { sub: undefined }, { subject: 'user-1' })
  claims('sub of another', { sub: 'user-2' }, { subject: 'user-1' })
  claims('sub as asked', {}, { subject: 'user-1' })
  claims('a required claim absent', {}, { requiredClaims: ['jti'] })
  claims('a required claim there', { jti: '' }, { requiredClaims: ['jti'] })
  claims('a required claim null', { jti: null }, { requiredClaims: ['jti'] })
  claims('a required claim that objects inherit', {}, { requiredClaims: ['toString'] })
  claims('typ absent', {}, { typ: 'JWT' })
  claims('typ as asked', {}, { typ: 'JWT' }, { typ: 'JWT' })
  claims('typ in other letters and with application/', {}, { typ: 'at+jwt' }, { typ: 'application/AT+JWT' })
  claims('typ of another', {}, { typ: 'at+jwt' }, { typ: 'JWT' })
  claims('young enough', {}, { maxTokenAge: '1m' })
  claims('too old', { iat: NOW - 61 }, { maxTokenAge: 60 })
  claims('too old within the tolerance', { iat: NOW - 61 }, { maxTokenAge: 60, clockTolerance: 1 })
  claims('iat absent with a maximum age', { iat: undefined }, { maxTokenAge: '2 hours' })
  claims('iat in the future with a maximum age', { iat: NOW + 1 }, { maxTokenAge: 60 })
  claims('iat in the future without one', { iat: NOW + 1 }, {})
  claims('crit understood', {}, { crit: { x: true } }, { crit: ['x'], x: 1 })
  claims('crit not understood', {}, {}, { crit: ['x'], x: 1 })
  claims('crit of two, one understood', {}, { crit: { x: true } }, { crit: ['x', 'y'], x: 1, y: 2 })
  claims('alg on the list', {}, { algorithms: ['RS256', 'ES256'] })
  claims('alg not on the list', {}, { algorithms: ['RS256', 'ES384'] })

  for (const span of [
    '1 second',
    '2 secs',
    '3m',
    '4 mins',
    '5 Hours',
    '6hr',
    '7d',
    '8 days',
    '9 weeks',
    '1w',
    '1.5 years',
    '2yrs',
    '+1 h',
    '1 hour from now',
  ]) {
    claims(`a span of ${span}`, { iat: NOW - 4_000 }, { maxTokenAge: span })
  }
  for (const span of ['', 'x', '5', '5 parsecs', '-5s', '5s ago', '1 h 2 m', ' 5s', '1e3s', '.5h']) {
    claims(`a span that is none: ${JSON.stringify(span)}`, {}, { maxTokenAge: span })
    claims(`a tolerance that is none: ${JSON.stringify(span)}`, {}, { clockTolerance: span })
  }
  for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    claims(`a tolerance of ${value}`, {}, { clockTolerance: value })
    claims(`a maximum age of ${value}`, {}, { maxTokenAge: value })
  }
  claims('a date that is none', {}, { currentDate: new Date(Number.NaN) })
  claims('algorithms as a string', {}, { algorithms: 'ES256' })
  claims('algorithms of numbers', {}, { algorithms: [256] })
  claims('an option that neither knows', {}, { verbose: true })

  const verify = (name, token) => row(name, async (lib) => lib.jwtVerify(await token(), fresh('HS256'), base))
  const raw = (header, payload) => () => world().raw(header, payload)
  const good = JSON.stringify(CLAIMS)
  verify('two parts', async () => 'e30.e30')
  verify('five parts', async () => 'e30.e30.e30.e30.e30')
  verify('an empty string', async () => '')
  verify('a number', async () => 5)
  verify('undefined', async () => undefined)
  verify('an object', async () => ({}))
  verify('a header that is no base64url', async () => '!.e30.e30')
  verify('a header that is no JSON', raw('{', good))
  verify('a header that is a list', raw('[]', good))
  verify('a header that is null', raw('null', good))
  verify('no alg', raw('{}', good))
  verify('an alg that is no string', raw('{"alg":5}', good))
  verify('an empty alg', raw('{"alg":""}', good))
  verify('an unknown alg', raw('{"alg":"XS256"}', good))
  verify('an unknown alg in other letters', raw('{"alg":"hs256"}', good))
  verify('a payload that is no JSON', raw('{"alg":"HS256"}', 'hello'))
  verify('a payload that is a list', raw('{"alg":"HS256"}', '[]'))
  verify('a payload that is null', raw('{"alg":"HS256"}', 'null'))
  verify('a payload that is text', raw('{"alg":"HS256"}', '"a"'))
  verify('a payload that is not UTF-8', raw('{"alg":"HS256"}', new Uint8Array([0x7b, 0xff, 0x7d])))
  verify('crit empty', raw('{"alg":"HS256","crit":[]}', good))
  verify('crit no list', raw('{"alg":"HS256","crit":"x"}', good))
  verify('crit of numbers', raw('{"alg":"HS256","crit":[5]}', good))
  verify('crit of an empty name', raw('{"alg":"HS256","crit":[""]}', good))
  verify('b64 true and critical', raw('{"alg":"HS256","crit":["b64"],"b64":true}', good))
  verify('b64 critical and absent', raw('{"alg":"HS256","crit":["b64"]}', good))
  verify('other claims under an old signature', async () =>
    withClaims(await world().token('HS256'), { ...CLAIMS, sub: 'admin' }),
  )
  verify('no signature', async () => (await world().token('HS256')).replace(/[^.]*$/, ''))
  verify('half a signature', async () => (await world().token('HS256')).slice(0, -19))
  verify('a signature that is no base64url', async () => `${(await world().token('HS256')).slice(0, -2)}!!`)
  row('alg none, with a list', (lib) =>
    lib.jwtVerify(`${base64url('{"alg":"none"}')}.${base64url(good)}.`, fresh('ES256'), { algorithms: ['ES256'] }),
  )

  row('no key of the set matches', async (lib) =>
    lib.jwtVerify(await fixed({}, { kid: 'other' }), lib.createLocalJWKSet(world().jwks), base),
  )
  row('no key of an empty set matches', async (lib) =>
    lib.jwtVerify(await fixed(), lib.createLocalJWKSet({ keys: [] }), base),
  )
  row('no kid, one key fits', async (lib) =>
    lib.jwtVerify(await fixed({}, { kid: undefined }), lib.createLocalJWKSet(world().jwks), base),
  )
  row('two keys match', async (lib) => lib.jwtVerify(await fixed(), lib.createLocalJWKSet(twice()), base))
  row(
    'two keys match, each is tried',
    async (lib) => {
      const error = await lib.jwtVerify(await fixed(), lib.createLocalJWKSet(twice()), base).catch((thrown) => thrown)
      const found = []
      for await (const key of error) {
        found.push(
          await lib.jwtVerify(await fixed(), key, base).then(
            ({ payload }) => payload.sub,
            ({ code }) => code,
          ),
        )
      }
      return found
    },
    (list) => list,
  )
  row('a shared secret and a set', async (lib) =>
    lib.jwtVerify(await world().token('HS256'), lib.createLocalJWKSet({ keys: [fresh('HS256')] }), base),
  )
  const members = {
    'use of another kind': { use: 'enc' },
    'key_ops without verify': { key_ops: ['sign'] },
    'alg of another': { alg: 'ES384' },
    'kid of another': { kid: 'z' },
  }
  for (const [name, member] of Object.entries(members)) {
    row(`a set whose key has ${name}`, async (lib) =>
      lib.jwtVerify(await fixed(), lib.createLocalJWKSet({ keys: [{ ...fresh('ES256'), ...member }] }), base),
    )
  }
  for (const bad of [undefined, null, 5, 'x', {}, { keys: 5 }, { keys: [5] }, { keys: [null] }]) {
    row(`a set that is none: ${JSON.stringify(bad)}`, (lib) => typeof lib.createLocalJWKSet(bad))
  }
  row('a copy of the set', (lib) => lib.createLocalJWKSet(world().jwks).jwks())
  row(
    'a set called by hand',
    (lib) => lib.createLocalJWKSet(world().jwks)({ alg: 'ES256', kid: 'key-ES256' }),
    (key) => key.type,
  )
  row(
    'a set called without anything',
    (lib) => lib.createLocalJWKSet(world().jwks)(),
    () => 'a key',
  )

  row(
    'a function that finds the key sees header and token',
    async (lib) => {
      const seen = []
      const token = await fixed()
      const result = await lib.jwtVerify(token, (...args) => (seen.push(args), fresh('ES256')), base)
      const [protectedHeader, { protected: header, payload, signature }] = seen[0]
      return { ...show(result), seen: [seen.length, protectedHeader, [header, payload, signature].join('.') === token] }
    },
    (value) => value,
  )
  row('a function that fails', async (lib) =>
    lib.jwtVerify(await fixed(), () => Promise.reject(new RangeError('mine')), base),
  )
  row(
    'a function is not asked about a bad token',
    async (lib) => {
      const asked = []
      const getKey = (header) => (asked.push(header), fresh('ES256'))
      await lib.jwtVerify('a.b.c', getKey, base).catch(() => {})
      await lib.jwtVerify(await fixed(), getKey, { ...base, algorithms: ['RS256'] }).catch(() => {})
      return asked
    },
    (list) => list,
  )
  row('a compact JWS of any bytes', async (lib) => {
    const jws = await new jose.CompactSign(new Uint8Array([0, 255, 1]))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(world().keys.HS256.secret)
    return lib.compactVerify(jws, world().keys.HS256.secret, { algorithms: ['HS256'] })
  })

  for (const bad of [undefined, null, 5, 'key', true]) {
    row(`a key that is none: ${bad}`, async (lib) => lib.jwtVerify(await fixed(), bad, base))
    row(`an import that is none: ${bad}`, (lib) => lib.importJWK(bad, 'ES256'))
    row(`SPKI that is none: ${bad}`, (lib) => lib.importSPKI(bad, 'ES256'))
    row(`a thumbprint of nothing: ${bad}`, (lib) => lib.calculateJwkThumbprint(bad))
  }
  row('an import without alg', (lib) => lib.importJWK({ ...fresh('ES256'), alg: undefined }))
  row('an import of an unknown kty', (lib) => lib.importJWK({ kty: 'XX' }, 'ES256'))
  row('an import of an unknown alg', (lib) => lib.importJWK({ ...fresh('ES256'), alg: undefined }, 'XS256'))
  row('an import of another key for this alg', (lib) => lib.importJWK({ ...fresh('RS256'), alg: undefined }, 'ES256'))
  row('SPKI for an unknown alg', async (lib) =>
    lib.importSPKI(await jose.exportSPKI(world().keys.ES256.publicKey), 'XS256'),
  )
  row('a thumbprint of an unknown kty', (lib) => lib.calculateJwkThumbprint({ kty: 'XX' }))
  row('a thumbprint of a key without its members', (lib) =>
    lib.calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x: fresh('ES256').x }),
  )
  row('a thumbprint of an unknown hash', (lib) => lib.calculateJwkThumbprint(fresh('ES256'), 'md5'))

  const decoded = (value) => value
  row('decoding claims', async (lib) => lib.decodeJwt(tampered(await fixed(), 2)), decoded)
  row('decoding a header', async (lib) => lib.decodeProtectedHeader(tampered(await fixed(), 2)), decoded)
  row(
    'decoding a header out of an object',
    async (lib) => lib.decodeProtectedHeader({ protected: (await fixed()).split('.')[0] }),
    decoded,
  )
  row(
    'decoding the header of an encrypted token',
    async (lib) => lib.decodeProtectedHeader(`${(await fixed()).split('.')[0]}.a.b.c.d`),
    decoded,
  )
  for (const bad of [
    '',
    'a',
    'a.b',
    'a.b.c',
    '..',
    'e30..',
    'e30.W10.',
    'e30.bnVsbA.',
    'a.b.c.d.e',
    undefined,
    null,
    5,
    {},
  ]) {
    row(`decoding claims of ${JSON.stringify(bad)}`, (lib) => lib.decodeJwt(bad), decoded)
    row(`decoding the header of ${JSON.stringify(bad)}`, (lib) => lib.decodeProtectedHeader(bad), decoded)
  }

  test('as jose: error classes made by hand bear the same codes and members', () => {
    for (const [name, theirs] of Object.entries(jose.errors)) {
      if (name.startsWith('JWE')) continue
      const ours = facade.errors[name]
      const args =
        name === 'JWTExpired' || name === 'JWTClaimValidationFailed' ? ['m', { a: 1 }, 'exp', 'check_failed'] : ['m']
      const [mine, other] = [new ours(...args), new theirs(...args)]
      for (const member of ['name', 'message', 'code', 'claim', 'reason', 'payload', 'cause'])
        same(mine[member], other[member], `${name}.${member}`)
      same(ours.code, theirs.code)
      same([mine instanceof Error, mine instanceof facade.errors.JOSEError], [true, true])
    }
  })

  function twice() {
    // A stranger's point on the curve: the generator of P-256 (FIPS 186-5).
    const generator = {
      x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
      y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
    }
    return { keys: [{ ...fresh('ES256'), ...generator }, fresh('ES256')] }
  }
}

function remember(make) {
  const made = new Map()
  return (...args) => {
    const text = JSON.stringify(args)
    if (!made.has(text)) made.set(text, make(...args))
    return made.get(text)
  }
}

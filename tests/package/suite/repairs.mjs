/** Faults that were repaired, each by the number of its report: bytes that change, durations in the wrong unit, options that never work. */
import { misused, ok, outcome, refused, same } from './harness.mjs'
import { audience, CLAIMS, currentDate, issuer, NOW } from './mint.mjs'

export function repairTests({ jotgate, facade, test, world }) {
  const { createGate, RemoteKeySet, Verifier } = jotgate
  const encoder = new TextEncoder()
  const rules = { issuer, audience, currentDate }
  const secretOf = () => world().keys.HS256.secret

  /** Two tokens of one length, so that one can be written over the other. */
  async function pair(alg) {
    const [first, second] = [await world().token(alg, { sub: 'user-1' }), await world().token(alg, { sub: 'user-2' })]
    return { first: encoder.encode(first), second: encoder.encode(second) }
  }

  test('V3: bytes that change while a promise is awaited change nothing', async () => {
    const { keys } = world()
    const set = facade.createLocalJWKSet(world().jwks)
    const ways = {
      'jwtVerify, a secret': ['HS256', (bytes) => facade.jwtVerify(bytes, secretOf(), rules)],
      'jwtVerify, a JWK': ['ES256', (bytes) => facade.jwtVerify(bytes, keys.ES256.jwk, rules)],
      'jwtVerify, a CryptoKey': ['ES256', (bytes) => facade.jwtVerify(bytes, keys.ES256.publicKey, rules)],
      'jwtVerify, a set': ['ES256', (bytes) => facade.jwtVerify(bytes, set, rules)],
      'jwtVerify, a slow function': [
        'ES256',
        (bytes) => facade.jwtVerify(bytes, async () => (await Promise.resolve(), keys.ES256.jwk), rules),
      ],
      'compactVerify': [
        'ES256',
        async (bytes) => {
          const { payload } = await facade.compactVerify(bytes, async () => keys.ES256.jwk)
          return { payload: JSON.parse(new TextDecoder().decode(payload)) }
        },
      ],
    }
    for (const [name, [alg, verify]] of Object.entries(ways)) {
      const { first, second } = await pair(alg)
      for (const bytes of [first, globalThis.Buffer?.from(first)]) {
        if (bytes === undefined) continue
        const promise = verify(bytes)
        bytes.set(second)
        same((await promise).payload.sub, 'user-1', name)
      }
    }
  })

  test('V3: a Verifier copies bytes, too', async () => {
    const fetched = async () => new Response(JSON.stringify(world().jwks))
    const keys = new RemoteKeySet('https://issuer.example/jwks', { fetch: fetched })
    const ways = {
      'a remote set': new Verifier({ ...rules, keys, algorithms: ['ES256'] }),
      'issuers': new Verifier({ audience, currentDate, algorithms: ['ES256'], issuers: [{ issuer, jwksUri: 'https://issuer.example/jwks', fetch: fetched }] }),
    }
    for (const [name, verifier] of Object.entries(ways)) {
      const { first, second } = await pair('ES256')
      const promise = verifier.verify(first)
      first.set(second)
      same((await promise).payload.sub, 'user-1', name)
    }
  })

  test('V3: a key function is shown the header that is verified, and the bytes of a secret are read at once', async () => {
    const { first, second } = await pair('ES256')
    let shown
    const promise = facade.jwtVerify(first, (header) => ((shown = header), world().keys.ES256.jwk), rules)
    first.set(second)
    same((await promise).protectedHeader, shown)
    const secret = Uint8Array.from(secretOf())
    const verified = facade.jwtVerify(await world().token('HS256'), secret, rules)
    secret.fill(0)
    same((await verified).payload.sub, CLAIMS.sub)
  })

  test('V3: a thumbprint is that of the key as it was given', async () => {
    const { jwk } = world().keys.ES256
    const changing = { ...jwk }
    const promise = facade.calculateJwkThumbprint(changing)
    Object.assign(changing, world().keys.EdDSA.jwk)
    same(await promise, await facade.calculateJwkThumbprint(jwk))
  })

  test('V18: a tolerance in milliseconds is refused, with the hint', async () => {
    const made = {
      Verifier: (clockTolerance) => new Verifier({ ...rules, keys: secretOf(), algorithms: ['HS256'], clockTolerance }),
      createGate: (clockTolerance) => createGate({ ...rules, keys: secretOf(), algorithms: ['HS256'], clockTolerance }),
    }
    for (const [name, make] of Object.entries(made)) {
      for (const fine of [0, 5, 600, '10 minutes']) ok(make(fine), name)
      for (const wrong of [601, 5_000, '11 minutes']) {
        await misused(() => make(wrong), 'clockTolerance', name)
        ok(/600 seconds.*not milliseconds/.test((await outcome(() => make(wrong))).thrown.message), name)
      }
    }
    const verify = async (clockTolerance) =>
      facade.jwtVerify(await world().token('HS256', { exp: NOW - 5_000 }), secretOf(), { ...rules, clockTolerance })
    ok(await verify(86_400))
    ok(await verify('24 hours'))
    await misused(() => verify(86_401), 'clockTolerance', 'jotgate/jose')
    await refused(() => verify(600), { code: 'ERR_JWT_EXPIRED' }, 'jotgate/jose')
  })

  test('V22: options that can never work are a TypeError at construction', async () => {
    const url = 'https://issuer.example/jwks'
    for (const timeoutDuration of [2 ** 31, 3e9]) {
      await misused(() => new RemoteKeySet(url, { timeoutDuration }), 'timeoutDuration')
      await misused(() => createGate({ ...rules, algorithms: ['ES256'], timeoutDuration }), 'timeoutDuration')
      await misused(() => facade.createRemoteJWKSet(new URL(url), { timeoutDuration }), 'timeoutDuration')
    }
    ok(new RemoteKeySet(url, { timeoutDuration: 2 ** 31 - 1 }))
    const secrets = { algorithms: ['HS256', 'HS512'] }
    await misused(() => createGate({ ...rules, ...secrets, jwksUri: url }), 'algorithms', 'with a URL')
    await misused(() => createGate({ ...rules, ...secrets }), 'algorithms', 'with discovery')
    await misused(() => createGate({ issuers: [{ issuer }], audience, ...secrets }), 'algorithms', 'with issuers')
    await misused(() => new Verifier({ ...rules, ...secrets, keys: new RemoteKeySet(url) }), 'algorithms', 'Verifier')
    ok(createGate({ ...rules, algorithms: ['HS256', 'ES256'], jwksUri: url }))
    const remembering = (maxEntries) => new Verifier({ ...rules, keys: world().jwks, algorithms: ['ES256'], tokenCache: { maxEntries } })
    await misused(() => remembering(2 ** 24), 'maxEntries')
    ok(remembering(2 ** 24 - 1))
  })

  test('V22: a pre-flight has both an Origin and a method that it asks for', () => {
    const gate = createGate({ ...rules, keys: world().jwks, algorithms: ['ES256'], preflight: true })
    const [origin, method] = ['origin', 'access-control-request-method']
    const asked = (headers) => gate.checkSync({ method: 'OPTIONS', url: '/', headers })
    same(asked({ [origin]: 'https://app.example', [method]: 'POST' }), { ok: true, preflight: true })
    for (const [one, other] of [['', ''], ['https://app.example', ''], ['', 'POST'], [' ', 'POST']]) {
      const denied = asked({ [origin]: one, [method]: other })
      same([denied.ok, denied.refusal], [false, 'credentials_absent'], `${one}, ${other}`)
    }
  })
}

/** Bytes of tokens and keys that the caller changes while a promise is pending. Names begin with the number of the report. */
import { same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'

export function changingByteTests({ jotgate, facade, test, world }) {
  const { RemoteKeySet, Verifier } = jotgate
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
}

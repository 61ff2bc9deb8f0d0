/** Many tokens in one call: each verdict is that of `verify`. */
import { ok, same } from '../harness.mjs'
import { ALGORITHMS, audience, CLAIMS, currentDate, issuer } from '../mint.mjs'

export function batchTests({ jotgate, test, world }) {
  const { KeySet, RemoteKeySet, Verifier } = jotgate
  const base = { issuer, audience, currentDate }
  const asymmetric = ALGORITHMS.filter((alg) => !alg.startsWith('HS'))
  const settledAs = ({ status, value, reason }) =>
    status === 'fulfilled' ? [value.payload, value.protectedHeader, value.key?.kid] : [reason.name, reason.refusal, reason.payload]
  const one = async (verifier, token) => settledAs((await Promise.allSettled([verifier.verify(token)]))[0])

  test('a batch is judged as its tokens one by one', async () => {
    const good = await Promise.all(asymmetric.map((alg, place) => world().token(alg, { sub: `user-${place}` })))
    const long = await world().token('ES256', { pad: 'é'.repeat(90_000) })
    const tokens = [
      ...good,
      ...good.map((token) => `${token.slice(0, -8)}AAAAAAAA`),
      await world().token('ES256', { exp: CLAIMS.iat }),
      await world().token('ES256', { aud: 'others' }),
      '',
      'a.b.c',
      'ü'.repeat(100),
      long,
      undefined,
      7,
      ...good,
    ]
    const set = new KeySet(world().jwks)
    const remote = new RemoteKeySet('https://issuer.example/jwks', { fetch: async () => Response.json(world().jwks) })
    const options = { ...base, algorithms: asymmetric, maxTokenLength: 1_000_000 }
    for (const more of [{ keys: set }, { keys: set, hostCrypto: false }, { keys: set, tokenCache: {} }, { keys: remote }]) {
      const verifier = new Verifier({ ...options, ...more })
      for (let turn = 0; turn < 3; turn++) {
        const results = await verifier.verifyBatch(tokens)
        same(results.length, tokens.length)
        for (const [place, token] of tokens.entries()) same(settledAs(results[place]), await one(verifier, token))
      }
    }
  })

  test('a batch of several issuers is judged as its tokens one by one', async () => {
    const [second, third, unknown] = ['second', 'third', 'unknown'].map((name) => `https://${name}.example`)
    const fetched = async () => Response.json({ keys: [world().keys.ES384.jwk] })
    const broken = async () => new Response('', { status: 500 })
    const options = {
      audience,
      currentDate,
      algorithms: ['ES256', 'RS256'],
      issuers: [
        { issuer, keys: new KeySet({ keys: [world().keys.ES256.jwk, world().keys.RS256.jwk] }) },
        { issuer: second, jwksUri: `${second}/jwks`, fetch: fetched, algorithms: ['ES384'], audience: 'other' },
        { issuer: third, jwksUri: `${third}/jwks`, fetch: broken },
      ],
    }
    const good = await Promise.all([
      world().token('ES256'),
      world().token('RS256'),
      world().token('ES384', { iss: second, aud: 'other' }),
    ])
    const refused = {
      'signature_mismatch': good.map((token) => `${token.slice(0, -8)}AAAAAAAA`),
      // What is another issuer's counts for none but that one.
      'algorithm_not_allowed': [await world().token('ES384'), await world().token('ES256', { iss: second, aud: 'other' })],
      'audience_mismatch': [await world().token('ES384', { iss: second }), await world().token('ES256', { aud: 'other' })],
      'key_set_status': [await world().token('ES256', { iss: third })],
      'issuer_mismatch': [await world().token('ES256', { iss: unknown }), await world().token('ES256', { iss: `${issuer}/` })],
      'claim_missing': [await world().token('ES256', { iss: undefined })],
      'expired': [await world().token('ES256', { exp: CLAIMS.iat })],
      'token_parts': ['', 'a', 'a.b'],
      'token_not_text': [undefined, 7],
    }
    const tokens = [...good, ...Object.values(refused).flat(), 'a.b.c', 'ü'.repeat(100), ...good]
    for (const more of [{}, { hostCrypto: false }, { tokenCache: {} }]) {
      const verifier = new Verifier({ ...options, ...more })
      for (let turn = 0; turn < 3; turn++) {
        const results = await verifier.verifyBatch(tokens)
        same(results.length, tokens.length)
        for (const [place, token] of tokens.entries()) same(settledAs(results[place]), await one(verifier, token))
        for (const token of good) same(results[tokens.indexOf(token)].status, 'fulfilled')
        for (const [code, those] of Object.entries(refused)) {
          for (const token of those) same(results[tokens.indexOf(token)].reason?.refusal, code, `${token}`)
        }
      }
    }
  })

  test('a batch under one key, of none, of hundreds', async () => {
    const verifier = new Verifier({ ...base, keys: world().keys.HS256.secret, algorithms: ['HS256'] })
    same(await verifier.verifyBatch([]), [])
    const tokens = await Promise.all(
      Array.from({ length: 500 }, (_, place) => world().token('HS256', { sub: `user-${place}`, pad: 'x'.repeat(place * 3) })),
    )
    const results = await verifier.verifyBatch(tokens)
    same(results.map(({ value }) => value.payload.sub), tokens.map((_, place) => `user-${place}`))
    let thrown
    await verifier.verifyBatch('a.b.c').catch((error) => (thrown = error))
    ok(thrown instanceof TypeError)
  })
}

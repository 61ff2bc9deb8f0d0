/** RSA by the runtime and by the core: the verdict is the same. */
import { ok, same } from '../harness.mjs'
import { audience, base64url, CLAIMS, currentDate, issuer } from '../mint.mjs'

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

export function hostCryptoTests({ jotgate, test, world }) {
  const { createGate, KeySet, Verifier } = jotgate
  const base = { issuer, audience, currentDate }
  const verdict = (verifier, token) =>
    verifier.verify(token).then(
      ({ payload }) => payload.sub,
      ({ refusal }) => refusal,
    )
  /** Lets a host that has to import the key do so. */
  const warm = async (verifier, token) => {
    for (let turn = 0; turn < 20; turn++) {
      await verifier.verify(token)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  for (const alg of RSA) {
    test(`${alg}: the host's verdicts are the core's`, async () => {
      const { jwk, signer } = world().keys[alg]
      const good = await world().token(alg)
      const parts = good.split('.')
      const bytes = Uint8Array.from(atob(parts[2].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
      const other = base64url(JSON.stringify({ ...CLAIMS, sub: 'another-user' }))
      const flipped = bytes.slice()
      flipped[100] ^= 1
      const tokens = [
        good,
        `${parts[0]}.${other}.${parts[2]}`,
        `${parts[0]}.${parts[1]}.${base64url(flipped)}`,
        // Other lengths of the same number, and numbers beyond the modulus: hosts differ in what they take.
        `${parts[0]}.${parts[1]}.${base64url(new Uint8Array([0, ...bytes]))}`,
        `${parts[0]}.${parts[1]}.${base64url(bytes.subarray(1))}`,
        `${parts[0]}.${parts[1]}.${base64url(new Uint8Array(bytes.length).fill(255))}`,
        `${parts[0]}.${parts[1]}.${base64url(new Uint8Array(bytes.length))}`,
        `${parts[0]}.${parts[1]}.`,
        await world().token(alg, { exp: CLAIMS.iat }),
      ]
      if (alg.startsWith('PS')) {
        // RFC 7518 §3.5: the salt is as long as the hash, and no other.
        for (const saltLength of [0, 20, 64]) {
          if (saltLength === Number(alg.slice(2)) / 8) continue
          const made = await crypto.subtle.sign(
            { name: 'RSA-PSS', saltLength },
            signer,
            new TextEncoder().encode(`${parts[0]}.${parts[1]}`),
          )
          tokens.push(`${parts[0]}.${parts[1]}.${base64url(new Uint8Array(made))}`)
        }
      }
      for (const keys of [jwk, new KeySet(world().jwks)]) {
        const options = { ...base, keys, algorithms: RSA }
        const [host, core] = [new Verifier(options), new Verifier({ ...options, hostCrypto: false })]
        await warm(host, good)
        same(await verdict(host, good), CLAIMS.sub)
        for (const token of tokens) same(await verdict(host, token), await verdict(core, token))
        same(await Promise.all(tokens.map((token) => verdict(host, token))), await Promise.all(tokens.map((token) => verdict(core, token))))
        same(host.verifySync(good).payload.sub, CLAIMS.sub)
        for (const token of tokens.slice(1)) {
          let refusal = 'none'
          try {
            host.verifySync(token)
          } catch (error) {
            refusal = error.refusal
          }
          same(refusal, await verdict(core, token))
        }
      }
    })
  }

  test('hundreds of RSA tokens in flight at the host each return their own sub', async () => {
    const verifier = new Verifier({ ...base, keys: new KeySet(world().jwks), algorithms: RSA })
    await warm(verifier, await world().token('PS256'))
    const tokens = await Promise.all(
      Array.from({ length: 300 }, (_, flight) => world().token(RSA[flight % 6], { sub: `user-${flight}` })),
    )
    const results = await Promise.all(tokens.map((token) => verifier.verify(token)))
    same(results.map(({ payload }) => payload.sub), tokens.map((_, flight) => `user-${flight}`))
  })

  test('the gate takes hostCrypto, and refuses what is no flag', async () => {
    const { jwk } = world().keys.RS256
    for (const hostCrypto of [true, false]) {
      const gate = createGate({ ...base, keys: jwk, algorithms: ['RS256'], hostCrypto })
      const headers = { authorization: `Bearer ${await world().token('RS256')}` }
      ok((await gate.check(new Request('https://api.example/', { headers }))).ok)
    }
    let thrown
    try {
      createGate({ ...base, keys: jwk, algorithms: ['RS256'], hostCrypto: 'no' })
    } catch (error) {
      thrown = error
    }
    ok(thrown instanceof TypeError && thrown.message.includes('hostCrypto'))
  })
}

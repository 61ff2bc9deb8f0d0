/** A thousand verifications in flight at once: each must return what its own token says, whatever the host's order is. */
import { ok, same } from '../harness.mjs'
import { audience, currentDate, issuer } from '../mint.mjs'

const FLIGHTS = 1_000

export function interleavingTests({ facade, jotgate, test, world }) {
  const { RemoteKeySet, Verifier } = jotgate
  const base = { issuer, audience, currentDate }
  /** Host answers in another order than they were asked for: early ones are late, and many come in one turn. */
  const delay = (flight) => new Promise((resolve) => setTimeout(resolve, (flight * 7919) % 41))
  // Claims of many lengths: a verdict that was read late would be cut, or bring another's tail.
  const claims = (flight) => ({ sub: `user-${flight}`, pad: 'x'.repeat((flight * 31) % 700) })
  const tokens = (alg) =>
    Promise.all(Array.from({ length: FLIGHTS }, (_, flight) => world().token(alg, claims(flight))))
  const own = (results) =>
    results.forEach(({ payload, protectedHeader }, flight) => {
      same([payload.sub, payload.pad.length], [`user-${flight}`, claims(flight).pad.length])
      ok(protectedHeader.kid.startsWith('key-'))
    })

  test('a thousand verifications wait for their keys, and each returns its own sub', async () => {
    const all = await tokens('HS256')
    own(
      await Promise.all(
        all.map((token, flight) =>
          facade.jwtVerify(
            token,
            async () => {
              await delay(flight)
              return world().keys.HS256.secret
            },
            base,
          ),
        ),
      ),
    )
  })

  test('a thousand verifications wait for a remote set, and each returns its own sub', async () => {
    const all = await tokens('ES256')
    let fetches = 0
    const keys = new RemoteKeySet('https://issuer.example/jwks', {
      timeoutDuration: 60_000,
      fetch: async () => {
        await delay(fetches++)
        return new Response(JSON.stringify(world().jwks))
      },
    })
    const verifier = new Verifier({ ...base, keys, algorithms: ['ES256'] })
    own(await Promise.all(all.map((token) => verifier.verify(token))))
  })

  test('of a thousand that wait, every third is refused, with its own claims', async () => {
    const all = await tokens('HS256')
    const secret = world().keys.HS256.secret
    const results = await Promise.allSettled(
      all.map((token, flight) =>
        facade.jwtVerify(token, () => delay(flight).then(() => secret), {
          ...base,
          subject: flight % 3 === 0 ? 'another-user' : `user-${flight}`,
        }),
      ),
    )
    results.forEach(({ status, value, reason }, flight) => {
      same(status, flight % 3 === 0 ? 'rejected' : 'fulfilled', `flight ${flight}: ${reason?.stack}`)
      if (status === 'rejected') same([reason.claim, reason.payload.sub], ['sub', `user-${flight}`])
      else same(value.payload.sub, `user-${flight}`)
    })
  })
}

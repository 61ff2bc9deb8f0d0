/** `warm`: a known token is verified when a verifier or a gate is made. */
import { misused, same } from '../harness.mjs'
import { ALGORITHMS, audience, currentDate, issuer } from '../mint.mjs'

export function warmTests({ jotgate, test, world }) {
  const { createGate, Verifier } = jotgate
  const rules = { issuer, audience, currentDate }
  const asymmetric = ALGORITHMS.filter((alg) => !alg.startsWith('HS'))

  test('`warm: true` verifies a known token of every kind, and changes no verdict', async () => {
    const verifier = new Verifier({ keys: world().jwks, algorithms: asymmetric, ...rules, warm: true })
    createGate({ keys: new Uint8Array(64), algorithms: ['HS256', 'HS384', 'HS512'], ...rules, warm: true })
    for (const alg of asymmetric) same(verifier.verifySync(await world().token(alg)).protectedHeader.alg, alg)
  })

  test('`warm` is true or false', async () => {
    for (const warm of [1, 'yes', null, undefined]) {
      await misused(() => new Verifier({ keys: world().jwks, algorithms: ['ES256'], ...rules, warm }), 'warm')
      await misused(() => createGate({ keys: world().jwks, algorithms: ['ES256'], ...rules, warm }), 'warm')
    }
  })
}

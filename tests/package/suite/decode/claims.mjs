/** `scopesOf`, `hasScope` and `secondsLeft` of `jotgate/decode`, compared with what a gate decides about the same token. */
import { same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW } from '../mint.mjs'

/** Claims that name scopes, well and badly. The minted token has a `scope` unless it is replaced here. */
const CASES = [
  {},
  { scope: undefined },
  { scope: '' },
  { scope: ' a  b ' },
  { scope: 'items:reader' },
  { scope: 'a\tb' },
  { scope: ['a', 'b'] },
  { scope: ['a b'] },
  { scope: ['a', 7] },
  { scope: [['a']] },
  { scope: null, scp: 'a' },
  { scope: 7 },
  { scope: { a: 'a' } },
  { scope: 'a', scp: ['b'], scopes: ['b'] },
  { scope: undefined, scp: 'b', scopes: 'a' },
  { scope: undefined, scp: ['a', 'b'] },
  { scope: undefined, scopes: 'b a' },
  { scope: undefined, roles: ['a'] },
]
const SCOPES = ['a', 'b', 'items:read', 'items', 'items:reader']

export function decodeClaimsTests({ jotgate, decoder, test, world }) {
  test('hasScope has a scope exactly where a gate lets a request with that need pass', async () => {
    const gate = jotgate.createGate({ keys: world().jwks, algorithms: ['ES256'], issuer, audience, currentDate })
    let granted = 0
    for (const changed of CASES) {
      const token = await world().token('ES256', changed)
      const claims = decoder.decodeJwt(token)
      for (const scope of SCOPES) {
        const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })
        const { ok } = await gate.check(request, { scopes: [scope] })
        same(decoder.hasScope(claims, scope), ok, `${scope} in ${JSON.stringify(changed)}`)
        same(decoder.scopesOf(claims).includes(scope), ok)
        if (ok) granted++
      }
    }
    same(granted, 12)
  })

  test('scopesOf reads no claim that all objects inherit', () => {
    same(decoder.scopesOf(Object.create({ scope: 'a' })), [])
    same(decoder.scopesOf({ sub: 'a' }), [])
    // A claim that is named like what is not there.
    same(decoder.scopesOf({ undefined: 'a' }), [])
    same(decoder.secondsLeft(Object.create({ exp: NOW + 90 }), NOW), undefined)
  })

  test('secondsLeft counts down to exp and past it', () => {
    same(decoder.secondsLeft({ exp: NOW + 90 }, NOW), 90)
    same(decoder.secondsLeft({ exp: NOW }, NOW + 5), -5)
    same([decoder.secondsLeft({}, NOW), decoder.secondsLeft({ exp: '7' }, NOW)], [undefined, undefined])
    const left = decoder.secondsLeft({ exp: Math.floor(Date.now() / 1000) + 100 })
    same(left > 0 && left <= 100, true, `${left}`)
  })
}

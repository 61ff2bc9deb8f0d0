/** The known answers at construction, outside of Workers: off by default, on by `warm: true`, and an error if one is wrong. */
import { core } from '../counted_core.mjs'
import { RemoteKeySet, Verifier } from 'jotgate'
import { checks, report, thrownBy } from '../report.mjs'

const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const make = (warm) => new Verifier({ keys: jwk, algorithms: ['EdDSA'], issuer: 'https://issuer.example', audience: 'api', ...warm })
const { check, outcome } = checks()

make()
make({ warm: false })
check('nothing is verified by default', core.verifications === 0, core.verifications)
core.tamper = true
const wrong = thrownBy(() => make({ warm: true }))
check('a wrong known answer throws', /self-test of EdDSA failed/.test(wrong?.message), wrong?.stack)
core.tamper = false
const before = core.verifications
make({ warm: true })
make({ warm: true })
check('each kind is verified once', core.verifications === before + 1, core.verifications - before)

// For keys that are fetched, the known key is read as a set.
const keys = new RemoteKeySet('https://issuer.example/jwks', { fetch: () => Promise.reject(new Error('it was fetched')) })
const makeFetching = (algorithms) => new Verifier({ keys, algorithms, issuer: 'https://issuer.example', audience: 'api', warm: true })
const { parse } = JSON
let sets = 0
JSON.parse = (text, ...rest) => {
  if (text.includes('"skipped":[]')) sets += 1
  return parse(text, ...rest)
}
const fetching = core.verifications
makeFetching(['ES256', 'ES384', 'ES512', 'RS256', 'PS512', 'EdDSA'])
JSON.parse = parse
check('each kind that is new is verified once with a set', core.verifications === fetching + 4 && sets === 4, `${core.verifications - fetching}, ${sets} sets`)
process.exitCode = report(outcome)

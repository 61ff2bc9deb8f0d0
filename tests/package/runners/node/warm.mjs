/** The known answers at construction, outside of Workers: off by default, on by `warm: true`, and an error if one is wrong. */
import { core } from '../counted_core.mjs'
import { Verifier } from 'jotgate'
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
process.exitCode = report(outcome)

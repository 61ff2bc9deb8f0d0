/** As in a browser that compiles nothing large at once: a clear error before `ready`, everything behind it. */
import { checks, report, thrownBy } from '../report.mjs'

const { Module } = WebAssembly
WebAssembly.Module = function () {
  throw new RangeError('WebAssembly.Module is disallowed on the main thread, if the buffer size is larger than 4KB')
}
const { ready, Verifier } = await import('jotgate')
const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const make = () => new Verifier({ keys: jwk, algorithms: ['EdDSA'], issuer: 'https://issuer.example', audience: 'api' })

const { check, outcome } = checks()

const early = thrownBy(make)
check('before it, the error says what to do', early?.message.includes('`await ready()`'), early?.stack)
await Promise.all([ready(), ready()])
const late = thrownBy(() => make().verifySync('a.b.c'))
check('behind it, verifySync works', late?.code === 'ERR_JWS_INVALID', late?.stack)
WebAssembly.Module = Module
process.exitCode = report(outcome)

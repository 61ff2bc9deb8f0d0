/** A worker as a stranger would write one: everything is made at module scope, where workerd allows no I/O. */
import { core } from '@tests/runners/counted_core.mjs'
import * as jotgate from 'jotgate'
import * as decoder from 'jotgate/decode'
import * as dpop from 'jotgate/dpop'
import * as introspection from 'jotgate/introspection'
import * as mcp from 'jotgate/mcp'
import * as mtls from 'jotgate/mtls'
import * as providers from 'jotgate/providers'
import * as status from 'jotgate/status'
import * as testing from 'jotgate/testing'
import * as modular from 'jotgate/verifier'
import * as facade from 'jotgate/jose'
import * as jose from 'jose'
import { runSuite, verifiersInParts } from '@tests/suite.mjs'
import { ownFetch } from '@tests/runners/own_fetch.mjs'
import { rightAway } from '@tests/runners/right_away.mjs'

const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const rules = { algorithms: ['EdDSA'], issuer: 'https://issuer.example', audience: 'api' }
const before = core.verifications
const verifier = new jotgate.Verifier({ keys: jwk, ...rules })
const gate = jotgate.createGate({ jwksUri: 'https://issuer.example/jwks', ...rules })
/** How many known tokens were verified, at module scope and in the first request. */
let known
const soon = rightAway(jotgate)
const local = facade.createLocalJWKSet({ keys: [jwk] })

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url)
    const issuer = searchParams.get('issuer')
    const count = (options) => {
      const before = core.verifications
      jotgate.createGate({ ...rules, keys: new Uint8Array(32), algorithms: ['HS256'], ...options })
      return core.verifications - before
    }
    known ??= { started: core.verifications - before, unasked: count({}), asked: count({ warm: true }) }
    const outcome = await runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, (context) => {
      const { test } = context
      soon(context)
      if (searchParams.has('inParts')) verifiersInParts(context)
      test('what was made at module scope works', async () => {
        const { code } = await verifier.verify('a.b.c').catch((thrown) => thrown)
        const { status } = await gate.check(new Request('https://a.example'))
        const { type } = await local({ alg: 'EdDSA' })
        if (code !== 'ERR_JWS_INVALID' || status !== 401 || type !== 'public')
          throw new Error(`${code} ${status} ${type}`)
      })
      test('a known token is verified at module scope, once by each method of a verifier, and never inside a request', () => {
        const { started, unasked, asked } = known
        // The verifier's, the gate's, whose key is missing at first, and the one token of `rightAway`.
        if (started !== 2 + 3 + 1 || unasked !== 0 || asked !== 2) throw new Error(JSON.stringify(known))
      })
      test('the worker has `process.versions.node`, or lacks it, as its date and flags say', () => {
        const has = globalThis.process?.versions?.node !== undefined
        if (String(has) !== searchParams.get('node')) throw new Error(`process.versions.node is there: ${has}`)
      })
      ownFetch(jotgate, issuer)(context)
      test('complaint 4: where compiling from bytes is forbidden, the core is there all the same', async () => {
        const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])
        const compiled = await WebAssembly.compile(empty).then(
          () => true,
          () => false,
        )
        if (compiled) throw new Error('this runtime is not what it should be: it compiles')
      })
    })
    return Response.json(outcome)
  },
}

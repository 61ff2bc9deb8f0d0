/** Runs the suite in Vercel's edge runtime: one script, no modules, the compiled core handed over by the host. */
import * as jotgate from 'jotgate'
import * as facade from 'jotgate/jose'
import * as decoder from 'jotgate/decode'
import * as dpop from 'jotgate/dpop'
import * as introspection from 'jotgate/introspection'
import * as mcp from 'jotgate/mcp'
import * as mtls from 'jotgate/mtls'
import * as providers from 'jotgate/providers'
import * as status from 'jotgate/status'
import * as testing from 'jotgate/testing'
import * as modular from 'jotgate/verifier'
import * as jose from 'jose'
import { runSuite } from '@tests/suite.mjs'
import { ownFetch } from '@tests/runners/own_fetch.mjs'
import { rightAway } from '@tests/runners/right_away.mjs'

const soon = rightAway(jotgate)

addEventListener('fetch', (event) => {
  const issuer = new URL(event.request.url).searchParams.get('issuer')
  const outcome = runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, (context) => {
    soon(context)
    ownFetch(jotgate, issuer)(context)
    context.test('complaint 4: where compiling from bytes is forbidden, the core is there all the same', () => {
      const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])
      let compiled = false
      try {
        compiled = Boolean(new WebAssembly.Module(empty))
      } catch {
        // As in production.
      }
      if (compiled) throw new Error('this runtime is not what it should be: it compiles')
    })
  })
  event.respondWith(outcome.then((result) => new Response(JSON.stringify(result))))
})

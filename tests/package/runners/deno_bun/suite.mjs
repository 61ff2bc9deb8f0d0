/** Runs the suite where nothing but the language is sure: Deno, Bun. The runner writes the addresses in. */
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
import * as jose from 'JOSE'
import { ownFetch } from 'TESTS/runners/own_fetch.mjs'
import { report } from 'TESTS/runners/report.mjs'
import { rightAway } from 'TESTS/runners/right_away.mjs'
import { runSuite } from 'TESTS/suite.mjs'

const soon = rightAway(jotgate)
const outcome = await runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, (context) => {
  soon(context)
  ownFetch(jotgate, 'ISSUER')(context)
})
// Deno would wait for the time-outs of fetches that have long been answered.
process.exit(report(outcome))

/** Runs the suite where nothing but the language is sure: Deno, Bun. The runner writes the addresses in. */
import * as jotgate from 'jotgate'
import * as facade from 'jotgate/jose'
import * as decoder from 'jotgate/decode'
import * as jose from 'JOSE'
import { ownFetch } from 'TESTS/runners/own_fetch.mjs'
import { report } from 'TESTS/runners/report.mjs'
import { rightAway } from 'TESTS/runners/right_away.mjs'
import { runSuite } from 'TESTS/suite.mjs'

const soon = rightAway(jotgate)
// A custom `fetch` that never answers leaves nothing for the process to wait for, but the test waits.
const alive = setInterval(() => {}, 1_000)
const outcome = await runSuite({ jotgate, facade, decoder, jose }, (context) => {
  soon(context)
  ownFetch(jotgate, 'ISSUER')(context)
})
clearInterval(alive)
process.exitCode = report(outcome)

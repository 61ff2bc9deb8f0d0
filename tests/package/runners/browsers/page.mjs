/** Runs the suite in a page and sends its outcome to where the page came from. */
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
import { runSuite, verifiersInParts } from '@tests/suite.mjs'
import { ownFetch } from '@tests/runners/own_fetch.mjs'
import { rightAway } from '@tests/runners/right_away.mjs'

const soon = rightAway(jotgate)
const outcome = await runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, (context) => {
  soon(context)
  if (navigator.userAgent.includes('Chrome/')) verifiersInParts(context)
  ownFetch(jotgate, `${location.origin}/issuer`)(context)
})
await fetch('/outcome', { method: 'POST', body: JSON.stringify({ ...outcome, agent: navigator.userAgent }) })

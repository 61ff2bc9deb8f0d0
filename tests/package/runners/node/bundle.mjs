/** What a bundler makes one file of, for Node. */
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
import { runSuite } from '@tests/suite.mjs'
import { report } from '@tests/runners/report.mjs'

// A custom `fetch` that never answers leaves nothing for the process to wait for, but the test waits.
const alive = setInterval(() => {}, 1_000)
process.exitCode = report(await runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }))
clearInterval(alive)

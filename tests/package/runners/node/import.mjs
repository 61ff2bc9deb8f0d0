/** Runs the suite in Node on the package that `import` finds, together with what only Node can test. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
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

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const { runOnNode } = await load('runners/node/suite.mjs')
process.exitCode = await runOnNode({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, load })

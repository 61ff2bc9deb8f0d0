/** Runs the suite in Node on the package that `require` finds, together with what only Node can test. */
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const jotgate = require('jotgate')
const decoder = require('jotgate/decode')
const dpop = require('jotgate/dpop')
const introspection = require('jotgate/introspection')
const mcp = require('jotgate/mcp')
const mtls = require('jotgate/mtls')
const providers = require('jotgate/providers')
const status = require('jotgate/status')
const testing = require('jotgate/testing')
const modular = require('jotgate/verifier')
const facade = require('jotgate/jose')

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
load('runners/node/suite.mjs').then(async ({ runOnNode }) => {
  process.exitCode = await runOnNode({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, load, resolved: require.resolve('jotgate') })
})

/** The tables of suites. */
import { existsSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BUNDLERS } from './runners/bundlers.mjs'
import { knownAnswers } from './runners/known_answers.mjs'
import { rooms } from './runners/rooms.mjs'
import { RUNTIMES } from './runners/runtimes.mjs'
import { sizes } from './runners/sizes.mjs'
import { SNIPPETS } from './runners/snippets.mjs'
import { besideFrameworks, bundle, here, node, require, root, run } from './runners/tools.mjs'
import { types, wwwParts } from './runners/types.mjs'
import { writeCases } from './runners/vectors/files.mjs'
import { workerdFirstRequest } from './runners/workerd/first_request.mjs'
import { workerd, workerdRequestsSuite } from './runners/workerd/suite.mjs'

/** The quick suites by name. Each takes the project with the installed package, and the tools; it returns an exit code. */
export const SUITES = {
  'node-esm': (project) => node(project, 'node/import.mjs', { env: { IN_PARTS: '1' } }),
  // What `require` finds where Node cannot require ES modules.
  'node-require-cjs': (project) =>
    node(project, 'node/require.cjs', { flags: ['--no-experimental-require-module'], file: 'dist/index.cjs' }),
  'module-scope': (project) => node(project, 'node/module_scope.mjs', { inside: true }),
  'inspect': (project) => node(project, 'node/inspect.mjs', { inside: true }),
  'ready': (project) => node(project, 'node/ready.mjs', { inside: true }),
  'warm': (project) => node(project, 'node/warm.mjs', { inside: true }),
  'secrets': (project) => node(project, 'node/secrets.mjs', { inside: true, flags: ['--expose-gc'] }),
  'embedded-keys': (project) =>
    node(project, 'node/embedded_keys.mjs', { inside: true, flags: ['--expose-gc'], env: { JOSE: require.resolve('jose') } }),
  'changed-host': (project) => node(project, 'node/changed_host.mjs', { inside: true }),
  'interrupted-stack': (project) => node(project, 'node/interrupted_calls.mjs', { inside: true, env: { BY: 'stack' } }),
  // No more than 6.4 MB of memory for the core.
  'interrupted-memory': (project) =>
    node(project, 'node/interrupted_calls.mjs', { inside: true, env: { BY: 'memory' }, flags: ['--wasm-max-mem-pages=100'] }),
  'interrupted-answer': (project) => node(project, 'node/interrupted_calls.mjs', { inside: true, env: { BY: 'answer' } }),
  'interrupted-termination': (project) => node(project, 'node/interrupted_calls.mjs', { inside: true, env: { BY: 'termination' } }),
  'bundled-node': bundledNode,
  'frameworks': (project) => besideFrameworks(project, 'node/frameworks.mjs'),
  'readme': (project) => besideFrameworks(project, 'node/readme.mjs'),
  'quickstart': (project) => withCompanion(project, 'node/quickstart.mjs'),
  'fetch-clients': (project) => besideFrameworks(project, 'node/fetch_clients.mjs', ['node-fetch-2', 'node-fetch-3', 'undici']),
  'vectors-own': (project) => node(project, 'node/vectors.mjs', { env: { HOST: 'own' } }),
  'vectors-node-crypto': (project) => node(project, 'node/vectors.mjs', { env: { HOST: 'node' } }),
  'vectors-web-crypto': (project) => node(project, 'node/vectors.mjs', { env: { HOST: 'subtle' } }),
  'vectors-workerd': async (project, tools) => {
    await writeCases(project.folder)
    return workerd(project, { ...tools, runner: 'workerd/vectors.mjs' })
  },
  'gate-docs': (project) => besideFrameworks(project, 'node/gate_docs.mjs', ['jose', 'fastify', '@opentelemetry']),
  'dpop': (project) => besideFrameworks(project, 'node/dpop.mjs', ['@modelcontextprotocol', 'dpop', 'express', 'fastify', 'jose', 'oauth4webapi', 'openid-client']),
  'introspection': (project) => besideFrameworks(project, 'node/introspection.mjs', ['jose', 'oauth4webapi']),
  'status': (project) => besideFrameworks(project, 'node/status.mjs', ['jose', '@sd-jwt']),
  'mtls': (project) => besideFrameworks(project, 'node/mtls.mjs', ['express', 'fastify', 'jose']),
  'testing': (project) => besideFrameworks(project, 'node/testing.mjs', ['jose']),
  'providers': (project) => node(project, 'node/providers.mjs'),
  'mcp': (project) => besideFrameworks(project, 'node/mcp.mjs', ['hono', 'express', '@modelcontextprotocol', 'zod']),
  'login': (project) => node(project, 'login/node.mjs'),
  companion,
  'companion-docs': (project) => withCompanion(project, 'node/companion_docs.mjs', ['jose']),
  'companion-login': (project) => withCompanion(project, 'node/companion_login.mjs'),
  'known-answers': knownAnswers,
  rooms,
  sizes,
  workerd,
  'workerd-requests': workerdRequestsSuite,
  'workerd-first-request': workerdFirstRequest,
  types,
  'www-parts': wwwParts,
}

/** Suites beside other people's packages, and others that take their time. */
const PEERS = {
  // What `require` finds where Node can require ES modules.
  'node-require-esm': (project) =>
    node(project, 'node/require.cjs', { flags: ['--experimental-require-module'], file: 'dist/index.js' }),
  'from-jsonwebtoken': migration('from-jsonwebtoken', ['jsonwebtoken']),
  'from-express-oauth2-jwt-bearer': migration('from-express-oauth2-jwt-bearer', ['express', 'express-oauth2-jwt-bearer']),
  'from-hono-jwk': migration('from-hono-jwk', ['hono']),
  'from-aws-jwt-verify': migration('from-aws-jwt-verify', ['aws-jwt-verify']),
  'companion-dpop': (project) =>
    withCompanion(project, 'node/companion_dpop.mjs', ['@modelcontextprotocol', 'dpop', 'jose', 'oauth4webapi', 'openid-client']),
  'companion-mcp': (project) => withCompanion(project, 'companion/mcp_login.mjs', ['express', '@modelcontextprotocol', 'zod']),
}

/** All suites: the quick ones, the slower ones, and those that install a runtime, a bundler or a browser at first use. */
export const ALL = { ...SUITES, ...PEERS, ...RUNTIMES, ...SNIPPETS, ...BUNDLERS }

/** A page for those who come from another package: both packages run, with the same tokens. */
function migration(page, packages) {
  return (project) => besideFrameworks(project, 'node/migration.mjs', packages, { env: { PAGE: page } })
}

/** Other people's clients against a running `jotgate-keys`. */
function companion(project) {
  return withCompanion(project, 'node/companion.mjs')
}

/** Runs a runner that starts `jotgate-keys`. */
async function withCompanion(project, runner, packages) {
  const { JOTGATE_KEYS: program = join(root, 'target', 'debug', 'jotgate-keys') } = process.env
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build --package jotgate-keys`)
  process.env.JOTGATE_KEYS = program
  return besideFrameworks(project, runner, packages)
}

/** The suite and the package in one file for Node, as for a serverless function: no file beside it. */
async function bundledNode({ folder }) {
  await cp(join(here, 'runners', 'node/bundle.mjs'), join(folder, 'entry.mjs'))
  const outfile = join(folder, 'elsewhere', 'bundle.mjs')
  await bundle(folder, { entryPoints: [join(folder, 'entry.mjs')], outfile, platform: 'node', minify: true })
  await rm(join(folder, 'node_modules'), { recursive: true })
  return run(process.execPath, ['--no-warnings', outfile], { cwd: join(folder, 'elsewhere') })
}

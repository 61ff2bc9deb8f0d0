/** The tools that the suites share: folders, child processes, esbuild, an issuer on loopback. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, symlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { stopping } from './serving.mjs'

/** The folder `tests/package`. */
export const here = dirname(dirname(fileURLToPath(import.meta.url)))
/** The root of the repository. */
export const root = dirname(dirname(here))
/** Resolves what `tests/package.json` installs. */
export const require = createRequire(join(root, 'tests', 'package.json'))
const FRAMEWORKS = ['hono', 'express', 'fastify', 'jose', 'openid-client']

/** Runs a program; resolves to its exit code. */
export function run(command, args, options) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    stopping(child)
    child.on('error', reject)
    child.on('exit', (code, signal) => settle(signal === null ? code : 1))
  })
}

/** Runs a program and returns its output. */
export function output(command, args) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 100_000_000 })
}

/** One of the Node runners, from inside of the project, so that it resolves the installed package. */
export async function node(
  { folder },
  runner,
  { flags = [], file, inside = false, binary = process.execPath, env: more = {} } = {},
) {
  const copied = join(folder, 'runners', runner)
  await cp(join(here, 'runners', runner), copied)
  for (const helper of inside ? ['report.mjs', 'counted_core.mjs'] : []) {
    await cp(join(here, 'runners', helper), join(folder, 'runners', helper))
  }
  const env = { ...process.env, TESTS: here, ...more, ...(file === undefined ? {} : { EXPECTED_FILE: file }) }
  return run(binary, ['--no-warnings', ...flags, copied], { cwd: folder, env })
}

/** A runner that needs the frameworks or other packages, which a stranger would have installed beside the package. */
export async function besideFrameworks(project, runner, packages = FRAMEWORKS, options = {}) {
  for (const name of packages) {
    await symlink(join(root, 'tests', 'node_modules', name), join(project.folder, 'node_modules', name))
  }
  return node(project, runner, options)
}

/** An issuer on loopback that answers well at one path and badly at the others. */
export async function issuer() {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const answers = {
    '/jwks': (response) => response.end(JSON.stringify({ keys: [jwk] })),
    '/redirect': (response) => response.writeHead(302, { location: '/jwks' }).end(),
    '/large': (response) => response.end('x'.repeat(10_000_000)),
    '/page': (response) => response.end('<html></html>'),
    '/drip': (response) => {
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
    },
    '/silence': () => {},
    '/introspect': async (response, request) => {
      const form = new URLSearchParams(await text(request))
      const isKnown = request.method === 'POST' && request.headers.authorization === `Basic ${btoa('api:secret')}`
      const claims = { iss: 'https://issuer.example', aud: 'api', sub: 'user-1', exp: Math.floor(Date.now() / 1000) + 600 }
      if (isKnown) response.end(JSON.stringify(form.get('token') === 'good' ? { active: true, ...claims } : { active: false }))
      else response.writeHead(401).end()
    },
  }
  const server = createServer((request, response) => (answers[request.url] ?? (() => response.writeHead(404).end()))(response, request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Bundles with esbuild; `options` replace the defaults. */
export async function bundle(folder, options) {
  const { build } = require('esbuild')
  await build({
    bundle: true,
    format: 'esm',
    // jose takes its errors' names from its classes' names, which a bundler is free to change.
    keepNames: true,
    logLevel: 'warning',
    absWorkingDir: folder,
    alias: { '@tests': here, 'jose': require.resolve('jose') },
    ...options,
  })
}

/** The tools that every suite gets besides `about`, which stores facts for the matrix. */
export const tools = { here, require, run, node, bundle, issuer, output }

/**
 * The consumer tests: the package is packed, installed into an empty project, and used from there.
 *
 *     node tests/package/run.mjs --list          the names of the quick suites
 *     node tests/package/run.mjs --list --all    of all: every runtime, installed at first use
 *     node tests/package/run.mjs <suite>         runs one; the last line is `N passed, N failed`, or `skipped: why` and
 *                                                the exit code 77 where its runtime is not on this machine
 *     node tests/package/run.mjs --matrix        shows what the suites of `--all` came to in each runtime
 *     node tests/package/run.mjs --matrix --write    and writes it into the READMEs
 *
 * `--package <folder>` names the folder to pack, by default `target/npm/jotgate`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parseArgs } from 'node:util'
import { BUNDLERS } from './runners/bundlers.mjs'
import { beforeLeaving } from './runners/leaving.mjs'
import { keep, matrix, write } from './runners/matrix.mjs'
import { report, skipped } from './runners/report.mjs'
import { RUNTIMES } from './runners/runtimes.mjs'
import { stopping } from './runners/serving.mjs'
import { Missing } from './runners/setup.mjs'
import { SNIPPETS } from './runners/snippets.mjs'
import { writeCases } from './runners/vector_files.mjs'
import { startWorker } from './runners/workerd.mjs'
import { workerdRequests } from './workerd_requests.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const require = createRequire(join(root, 'tests', 'package.json'))

const SUITES = {
  'node-esm': (project) => node(project, 'node.mjs'),
  // What `require` finds: the ES modules where Node can require them, the CommonJS files where it can't.
  'node-require-esm': (project) =>
    node(project, 'node.cjs', { flags: ['--experimental-require-module'], file: 'dist/index.js' }),
  'node-require-cjs': (project) =>
    node(project, 'node.cjs', { flags: ['--no-experimental-require-module'], file: 'dist/index.cjs' }),
  'module-scope': (project) => node(project, 'module_scope.mjs', { inside: true }),
  'inspect': (project) => node(project, 'inspect.mjs', { inside: true }),
  'ready': (project) => node(project, 'ready.mjs', { inside: true }),
  'secrets': (project) => node(project, 'secrets.mjs', { inside: true, flags: ['--expose-gc'] }),
  'embedded-keys': (project) =>
    node(project, 'embedded_keys.mjs', { inside: true, flags: ['--expose-gc'], env: { JOSE: require.resolve('jose') } }),
  'changed-host': (project) => node(project, 'changed_host.mjs', { inside: true }),
  'polluted': (project) => node(project, 'polluted.mjs', { inside: true }),
  'broken-off-stack': (project) => node(project, 'broken_off.mjs', { inside: true, env: { BY: 'stack' } }),
  // No more than 6.4 MB of memory for the core.
  'broken-off-memory': (project) =>
    node(project, 'broken_off.mjs', { inside: true, env: { BY: 'memory' }, flags: ['--wasm-max-mem-pages=100'] }),
  'broken-off-answer': (project) => node(project, 'broken_off.mjs', { inside: true, env: { BY: 'answer' } }),
  'broken-off-termination': (project) => node(project, 'broken_off.mjs', { inside: true, env: { BY: 'termination' } }),
  'bundled-node': bundledNode,
  'frameworks': (project) => besideFrameworks(project, 'frameworks.mjs'),
  'readme': (project) => besideFrameworks(project, 'readme.mjs'),
  'quickstart': (project) => withCompanion(project, 'quickstart.mjs'),
  'fetch-clients': (project) => besideFrameworks(project, 'fetch_clients.mjs', ['jose', 'node-fetch-2', 'node-fetch-3', 'undici']),
  'vectors-own': (project) => node(project, 'host_vectors.mjs', { env: { HOST: 'own' } }),
  'vectors-node-crypto': (project) => node(project, 'host_vectors.mjs', { env: { HOST: 'node' } }),
  'vectors-web-crypto': (project) => node(project, 'host_vectors.mjs', { env: { HOST: 'subtle' } }),
  'vectors-workerd': async (project, tools) => {
    await writeCases(project.folder)
    return workerd(project, { ...tools, runner: 'vectors_worker.mjs' })
  },
  'login': (project) => node(project, 'login_node.mjs'),
  'mcp': (project) => besideFrameworks(project, 'mcp.mjs', ['hono', 'express', '@modelcontextprotocol', 'zod']),
  'testing': (project) => besideFrameworks(project, 'testing.mjs', ['jose']),
  companion,
  sizes,
  workerd,
  'workerd-requests': async ({ folder }) => {
    const { default: binary } = require('workerd')
    const jose = await import(require.resolve('jose'))
    return report(await workerdRequests({ folder, runners: join(here, 'runners'), bundle, binary, jose }))
  },
  types,
  'www-parts': wwwParts,
}

/** Suites of packages that are built apart: who asks for one names the package, and in `BUILT` its algorithms. */
const APART = { 'left-out': (project) => node(project, 'left_out.mjs') }
const ALL = { ...SUITES, ...RUNTIMES, ...SNIPPETS, ...BUNDLERS }
/** What suites that live elsewhere are given, besides `about`, which takes facts for the matrix. */
const tools = { here, require, run, node, bundle, issuer, output }
const RESULTS = join(root, 'target', 'matrix')
const FRAMEWORKS = ['hono', 'express', 'fastify', 'jose', 'openid-client']
/** The most that all JavaScript of the main entry may weigh, in bytes: what it weighed last, and a little. The goal is 8 KB. */
const MAIN_ENTRY = 26_200

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    list: { type: 'boolean' },
    matrix: { type: 'boolean' },
    write: { type: 'boolean' },
    package: { type: 'string', default: join(root, 'target', 'npm', 'jotgate') },
  },
})
if (values.list) {
  console.log(Object.keys(values.all ? ALL : SUITES).join('\n'))
} else if (values.matrix) {
  const table = await matrix(RESULTS, await digest(resolve(values.package)))
  console.log(table)
  if (values.write) {
    const pages = [join(root, 'README.md'), join(root, 'pkg-templates', 'README.md')]
    const written = await Promise.all(pages.map((page) => write(page, table)))
    if (written.includes(false)) throw new Error('a README has no place for the matrix')
  }
} else {
  const [name] = positionals
  const suite = ALL[name] ?? APART[name]
  if (suite === undefined || positionals.length > 1) {
    console.error(`usage: node tests/package/run.mjs <${Object.keys(ALL).join(' | ')}>`)
    process.exit(2)
  }
  const source = resolve(values.package)
  const about = { digest: await digest(source) }
  const tell = (facts) => Object.assign(about, facts)
  const project = await install(source)
  try {
    process.exitCode = await suite(project, { ...tools, about: tell })
  } catch (thrown) {
    process.exitCode =
      thrown instanceof Missing
        ? skipped(thrown.message)
        : report({ passed: 0, failures: [{ name, problem: `${thrown?.stack ?? thrown}` }] })
  } finally {
    await rm(project.folder, { recursive: true, force: true })
  }
  if (name in ALL) await keep(RESULTS, name, process.exitCode, about)
  // Whatever a runtime has left under way, such as edge-runtime its timers, is not waited for.
  process.exit()
}

/** What is the same for the same code: results of another package say nothing of this one. */
async function digest(source) {
  const hash = createHash('sha256')
  const entries = await readdir(join(source, 'dist'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
  for (const file of [join(source, 'package.json'), ...files]) hash.update(await readFile(file))
  return hash.digest('hex')
}

/** An empty project into which the packed package is installed, as a stranger would. */
async function install(source) {
  const folder = await mkdtemp(join(tmpdir(), 'jotgate-consumer-'))
  beforeLeaving(() => rmSync(folder, { recursive: true, force: true }))
  const npm = (...args) => {
    const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}${stdout}`)
    return stdout
  }
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "version": "1.0.0" }\n')
  npm('pack', source, '--pack-destination', folder)
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  npm('install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball}`)
  return { folder }
}

function run(command, args, options) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    stopping(child)
    child.on('error', reject)
    child.on('exit', (code, signal) => settle(signal === null ? code : 1))
  })
}

function output(command, args) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 100_000_000 })
}

/** One of the Node runners, from inside of the project, so that it resolves the installed package. */
async function node(
  { folder },
  runner,
  { flags = [], file, inside = false, binary = process.execPath, env: more = {} } = {},
) {
  await cp(join(here, 'runners', runner), join(folder, runner))
  if (inside) await cp(join(here, 'runners', 'report.mjs'), join(folder, 'report.mjs'))
  const env = { ...process.env, TESTS: here, ...more, ...(file === undefined ? {} : { EXPECTED_FILE: file }) }
  return run(binary, ['--no-warnings', ...flags, join(folder, runner)], { cwd: folder, env })
}

/** A runner that needs the frameworks or other packages, which a stranger would have installed beside the package. */
async function besideFrameworks(project, runner, packages = FRAMEWORKS) {
  for (const name of packages) {
    await symlink(join(root, 'tests', 'node_modules', name), join(project.folder, 'node_modules', name))
  }
  return node(project, runner)
}

/** Other people's clients against a running `jotgate-keys`. */
function companion(project) {
  return withCompanion(project, 'companion.mjs')
}

/** A runner that starts `jotgate-keys`. */
async function withCompanion(project, runner) {
  const { JOTGATE_KEYS: program = join(root, 'target', 'debug', 'jotgate-keys') } = process.env
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build --package jotgate-keys`)
  process.env.JOTGATE_KEYS = program
  return besideFrameworks(project, runner)
}

/** The suite and the package in one file for Node, as for a serverless function: no file beside it. */
async function bundledNode({ folder }) {
  await cp(join(here, 'runners', 'node_bundle.mjs'), join(folder, 'entry.mjs'))
  const outfile = join(folder, 'elsewhere', 'bundle.mjs')
  await bundle(folder, { entryPoints: [join(folder, 'entry.mjs')], outfile, platform: 'node', minify: true })
  await rm(join(folder, 'node_modules'), { recursive: true })
  return run(process.execPath, ['--no-warnings', outfile], { cwd: join(folder, 'elsewhere') })
}

/** The suite in a real workerd, or what else a runner does when it is asked. */
async function workerd({ folder }, { about, runner = 'worker.mjs' }) {
  about({ version: require('workerd/package.json').version })
  await cp(join(here, 'runners', runner), join(folder, 'worker.mjs'))
  const server = await issuer()
  const worker = await startWorker(folder, join(folder, 'worker.mjs'), tools)
  try {
    const host = encodeURIComponent(`http://127.0.0.1:${server.address().port}`)
    const response = await fetch(`${worker.url}/?issuer=${host}`, { signal: AbortSignal.timeout(300_000) })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`workerd answered ${response.status}: ${text}`)
    return report(JSON.parse(text))
  } finally {
    worker.stop()
    server.closeAllConnections()
    server.close()
  }
}

/** An issuer on loopback that answers well at one path and badly at the others. */
async function issuer() {
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
  }
  const server = createServer(({ url }, response) => (answers[url] ?? (() => response.writeHead(404).end()))(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function bundle(folder, options) {
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

/** The types of the page, and its modules that need no browser. */
async function wwwParts({ folder }) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'www'), '--pretty', 'false'], { encoding: 'utf8' })
  if (status !== 0) return report({ passed: 0, failures: [{ name: 'types of the page', problem: stdout }] })
  const outfile = join(folder, 'parts.mjs')
  const alias = { '@tests': here, '@www': join(root, 'www', 'src') }
  await bundle(folder, { entryPoints: [join(here, 'runners', 'www_parts.mjs')], outfile, platform: 'node', alias })
  return run(process.execPath, ['--no-warnings', outfile], { cwd: folder })
}

/** What entries weigh, minified and compressed, and what they must not bring along. */
async function sizes({ folder }) {
  const { build } = require('esbuild')
  const weigh = async (name, options) => {
    const entry = join(folder, 'entry.mjs')
    await writeFile(entry, `export * from '${name}'\n`)
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      absWorkingDir: folder,
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      metafile: true,
      write: false,
      outfile: 'out.mjs',
      ...options,
    })
    const bytes = gzipSync(outputFiles.find(({ path }) => path.endsWith('out.mjs')).contents, { level: 9 }).length
    console.log(`${name}: ${bytes} bytes minified and compressed`)
    return { bytes, inputs: Object.keys(metafile.inputs) }
  }
  const decode = await weigh('jotgate/decode', { platform: 'browser' })
  const login = await weigh('jotgate/login', { platform: 'browser' })
  const testing = await weigh('jotgate/testing', { platform: 'neutral' })
  const loader = { '.wasm': 'empty' }
  const main = await weigh('jotgate', { platform: 'neutral', conditions: ['workerd'], loader })
  const failures = []
  const under = (name, bytes, limit) => {
    if (bytes >= limit) failures.push({ name: `${name} is under ${limit} bytes`, problem: `${bytes} bytes` })
  }
  under('jotgate/decode', decode.bytes, 1_229)
  under('jotgate/login', login.bytes, 5_121)
  under('the main entry', main.bytes, MAIN_ENTRY)
  const strange = (inputs, own) => inputs.filter((path) => /\bdist\//.test(path) && !own.test(path))
  const beside = strange(decode.inputs, /\bdist\/decode\/(standalone|claims)\.js$/)
  if (beside.length > 0) failures.push({ name: 'jotgate/decode brings nothing along', problem: beside.join(', ') })
  const foreign = strange(login.inputs, /\bdist\/(login\.js$|login\/|base\/)/)
  if (foreign.length > 0) failures.push({ name: 'jotgate/login needs base alone', problem: foreign.join(', ') })
  const more = strange(testing.inputs, /\bdist\/(testing\.js$|testing\/|base\/)/)
  if (more.length > 0) failures.push({ name: 'jotgate/testing needs base alone', problem: more.join(', ') })
  const tests = main.inputs.filter((path) => /\bdist\/testing/.test(path))
  if (tests.length > 0) failures.push({ name: 'jotgate/testing is part of no other entry', problem: tests.join(', ') })
  return report({ passed: 7 - failures.length, failures })
}

/** The types as consumers of each kind see them: each project compiles, and what must be an error is one. */
/** A program with every report of the inspector's cases, written as a value of its type: no member is unknown or missing. */
async function typedReports() {
  const cases = join(root, 'tests', 'inspect', 'cases')
  const lines = ["import { inspect, type InspectOptions, type Report } from 'jotgate/inspect'"]
  for (const file of await readdir(cases)) {
    for (const { input, options, report } of JSON.parse(await readFile(join(cases, file), 'utf8')).cases) {
      // The files have no messages, whose text may change.
      if (report.refusal) report.refusal.message = ''
      const number = lines.length
      lines.push(
        `export const report${number}: Report = ${JSON.stringify(report)}`,
        `const options${number}: InspectOptions = ${JSON.stringify(options)}`,
        `export const own${number}: Report = inspect(${JSON.stringify(input)}, options${number})`,
      )
    }
  }
  return lines.join('\n')
}

async function types({ folder }) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  await mkdir(join(folder, 'node_modules', '@types'), { recursive: true })
  await symlink(dirname(require.resolve('@types/node/package.json')), join(folder, 'node_modules', '@types', 'node'))
  const undici = dirname(require.resolve('undici-types/package.json'))
  await symlink(undici, join(folder, 'node_modules', 'undici-types'))
  for (const name of ['hono', 'fastify', 'express', 'zod', '@modelcontextprotocol', '@types/express']) {
    await symlink(join(root, 'tests', 'node_modules', name), join(folder, 'node_modules', name))
  }
  const projects = {
    'nodenext, ES modules': { file: 'usage.mts', module: 'nodenext' },
    'nodenext, CommonJS': { file: 'usage.cts', module: 'nodenext' },
    'node16, ES modules': { file: 'usage.mts', module: 'node16' },
    'node16, CommonJS': { file: 'usage.cts', module: 'node16' },
    // The frameworks' own types are not ours to check.
    'frameworks, ES modules': { file: 'frameworks.mts', module: 'nodenext', skipLibCheck: true },
    'frameworks, a bundler': {
      file: 'frameworks.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      skipLibCheck: true,
    },
    'a bundler': { file: 'usage.ts', module: 'esnext', moduleResolution: 'bundler' },
    'the login, in a bundler': {
      file: 'login.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
      lib: ['es2022', 'dom', 'dom.iterable'],
    },
    // The SDKs' own types are not ours to check.
    'MCP servers': { file: 'mcp.mts', module: 'nodenext', skipLibCheck: true },
    'the issuer for tests, in Node': { file: 'testing.mts', module: 'nodenext' },
    'the issuer for tests, CommonJS': { file: 'testing.cts', module: 'node16' },
    'the login, CommonJS': { file: 'login.cts', module: 'node16', lib: ['es2022', 'dom', 'dom.iterable'] },
    'the reports of jotgate/inspect': { file: 'reports.mts', text: await typedReports(), module: 'nodenext', types: [] },
    'a browser, without Node': {
      file: 'usage.ts',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
      lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
    },
  }
  const failures = []
  let passed = 0
  for (const [name, { file, text, ...options }] of Object.entries(projects)) {
    const project = join(folder, name.replace(/\W+/g, '-'))
    await mkdir(project)
    if (text !== undefined) await writeFile(join(project, file), text)
    else await cp(join(here, 'types', file.replace(/\.[cm]ts$/, '.ts')), join(project, file))
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2023'],
      types: ['node'],
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      verbatimModuleSyntax: !file.endsWith('.cts'),
      ...options,
    }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    if (status === 0) passed++
    else failures.push({ name, problem: stdout })
  }
  return report({ passed, failures })
}

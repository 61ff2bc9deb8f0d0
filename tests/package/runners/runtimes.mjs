/** The suites of `--all`: the packed package in every runtime, and what checkers say of it. */
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BROWSERS, bundled, everyVectorIn, unbundled } from './browsers/browsers.mjs'
import { crossOriginIn } from './browsers/cross_origin.mjs'
import { apache } from './companion/apache.mjs'
import { authlib } from './companion/authlib.mjs'
import { companionFiles } from './companion/files.mjs'
import { companionProxy } from './companion/proxy.mjs'
import { conformance } from './companion/conformance.mjs'
import { documents } from './companion/documents.mjs'
import { companionLoginIn } from './companion/login_browsers.mjs'
import { openidBrowsers } from './companion/openid_browsers.mjs'
import { companionPages } from './companion/pages.mjs'
import { loginIn } from './login/browsers.mjs'
import { mcpClients } from './mcp/clients.mjs'
import { metadataClients } from './node/metadata_clients.mjs'
import { loginPage } from './login_www.mjs'
import { report } from './report.mjs'
import { npmClients, npmFile, npmRuntimes, npmVersion } from './setup.mjs'
import { writeCases } from './vectors/files.mjs'
import { COMPATIBILITIES } from './workerd/suite.mjs'
import { pageIn } from './www.mjs'

/** Where npm has the runtimes that are programs. */
const FILES = { deno: 'deno', bun: 'bin/bun.exe' }

/** Each takes the project and the tools of `run.mjs`, and returns its exit code. */
export const RUNTIMES = {
  ...Object.fromEntries(
    [20, 22, 24, 26].flatMap((version) => [
      [`node-${version}-import`, onNode(version, 'node/import.mjs')],
      [`node-${version}-require`, onNode(version, 'node/require.cjs')],
    ]),
  ),
  // No permission is given, but for the issuer that the suite itself asks.
  'deno': plain('deno', (entry, host) => ['run', '--quiet', '--no-prompt', `--allow-net=${host}`, entry]),
  'bun': plain('bun', (entry) => ['run', entry]),
  // In Bun a process settles once who is asked.
  'vectors-bun': plainVectors('bun', ['run'], ['own', 'node']),
  'vectors-bun-web-crypto': plainVectors('bun', ['run'], ['subtle']),
  'vectors-deno': plainVectors('deno', ['run', '--quiet', '--no-prompt'], ['own', 'subtle']),
  ...Object.fromEntries(Object.keys(BROWSERS).map((name) => [`vectors-${name}`, everyVectorIn(name)])),
  'vectors-edge-runtime': async (project, tools) => {
    await writeCases(project.folder)
    return edgeRuntime(project, { ...tools, runner: 'edge/vectors.mjs' })
  },
  'edge-runtime': edgeRuntime,
  ...COMPATIBILITIES,
  ...Object.fromEntries(
    Object.keys(BROWSERS).flatMap((name) => [
      [name, bundled(name)],
      [`${name}-unbundled`, unbundled(name)],
      [`cross-origin-${name}`, crossOriginIn(name)],
    ]),
  ),
  'login-chromium': loginIn('chromium'),
  'login-firefox': loginIn('firefox'),
  // Other people's readers of the companion's metadata.
  'companion-metadata': metadataClients,
  // Other people's clients log in at the companion.
  'companion-apache': apache,
  'companion-authlib': authlib,
  'companion-files': companionFiles,
  'companion-proxy': companionProxy,
  'companion-conformance': conformance,
  'companion-documents': documents,
  'companion-login-chromium': companionLoginIn('chromium'),
  'companion-login-firefox': companionLoginIn('firefox'),
  'companion-login-webkit': companionLoginIn('webkit'),
  'companion-openid-chromium': openidBrowsers,
  'companion-pages': companionPages,
  'mcp-clients': mcpClients,
  'better-auth': betterAuth,
  'login-page': loginPage,
  ...Object.fromEntries(['chromium', 'firefox', 'webkit'].map((name) => [`www-${name}`, pageIn(name)])),
  'polluted': (project, { node }) => node(project, 'node/polluted.mjs', { inside: true }),
  'polluted-pages': (project, { node }) => node(project, 'node/polluted_pages.mjs', { inside: true }),
  publint,
  attw,
}

/** The rows of the matrix: the runtime, how it came by the package, the suite, and the version where it is fixed. */
export const MATRIX = [
  ...[20, 22, 24, 26].flatMap((version) =>
    ['import', 'require'].map((how) => [`Node ${version}`, `\`${how}\``, `node-${version}-${how}`]),
  ),
  ['Deno', '`import`', 'deno'],
  ['Bun', '`import`', 'bun'],
  ['workerd (Cloudflare Workers)', 'bundled by esbuild', 'workerd'],
  ['edge-runtime (Vercel)', 'bundled by esbuild', 'edge-runtime'],
  ...Object.entries({ chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' }).flatMap(([name, runtime]) => [
    [runtime, 'bundled by esbuild', name],
    [runtime, 'import map', `${name}-unbundled`],
  ]),
]

/** An issuer in the same process. */
async function betterAuth(project, { node }) {
  const folder = join(npmClients().resolve('better-auth'), '..', '..')
  await symlink(folder, join(project.folder, 'node_modules', 'better-auth'))
  return node(project, 'mcp/better_auth.mjs')
}

function onNode(version, runner) {
  return async (project, { node, about }) => {
    const binary = npmFile(`node-${version}`, 'bin/node')
    about({ version: npmVersion(`node-${version}`) })
    return node(project, runner, { binary })
  }
}

/** Modules as they are: no bundler, and no other way to find the tests than their addresses. */
function plain(name, args) {
  return async ({ folder }, { here, require, run, issuer, about }) => {
    const binary = npmFile(name, FILES[name])
    about({ version: npmVersion(name) })
    const server = await issuer()
    try {
      const host = `127.0.0.1:${server.address().port}`
      const jose = join(require.resolve('jose/package.json'), '..', 'dist', 'webapi', 'index.js')
      const text = await readFile(join(here, 'runners', 'deno_bun/suite.mjs'), 'utf8')
      const entry = join(folder, 'plain.mjs')
      await writeFile(
        entry,
        text
          .replaceAll("'TESTS/", `'${pathToFileURL(here)}/`)
          .replace("'JOSE'", `'${pathToFileURL(jose)}'`)
          .replace("'ISSUER'", `'http://${host}'`),
      )
      return await run(binary, args(entry, host), { cwd: folder, env: { ...process.env, NO_COLOR: '1' } })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Every vector there, by these ways to verify. */
function plainVectors(name, args, ways) {
  return async ({ folder }, { here, run, about }) => {
    const binary = npmFile(name, FILES[name])
    about({ version: npmVersion(name) })
    await writeCases(folder)
    const text = await readFile(join(here, 'runners', 'deno_bun/vectors.mjs'), 'utf8')
    const entry = join(folder, 'vectors_plain.mjs')
    await writeFile(entry, text.replaceAll("'TESTS/", `'${pathToFileURL(here)}/`))
    return run(binary, [...args, entry, ...ways], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } })
  }
}

/** Bundled as Vercel's build does: `?module` becomes a compiled module that the host passes in. */
async function edgeRuntime({ folder }, { here, bundle, issuer, about, runner = 'edge/suite.mjs' }) {
  const { EdgeRuntime } = npmRuntimes()('edge-runtime')
  about({ version: npmVersion('edge-runtime') })
  await cp(join(here, 'runners', runner), join(folder, 'edge.mjs'))
  const modules = []
  const outfile = join(folder, 'edge.js')
  await bundle(folder, {
    entryPoints: [join(folder, 'edge.mjs')],
    outfile,
    format: 'iife',
    conditions: ['edge-light', 'browser'],
    plugins: [
      {
        name: 'compiled-modules',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => ({
            path: join(resolveDir, path.replace(/\?module$/, '')),
            namespace: 'module',
          }))
          onLoad({ filter: /$/, namespace: 'module' }, ({ path }) => {
            modules.push(path)
            return { contents: 'export default globalThis.COMPILED_MODULE' }
          })
        },
      },
    ],
  })
  if (modules.length !== 1) throw new Error(`the bundle brings ${modules}, not one .wasm`)
  const module = await WebAssembly.compile(await readFile(modules[0]))
  const server = await issuer()
  try {
    const runtime = new EdgeRuntime({
      initialCode: forbidding(await readFile(outfile, 'utf8')),
      extend: (context) => Object.assign(context, { COMPILED_MODULE: module }),
    })
    const host = encodeURIComponent(`http://127.0.0.1:${server.address().port}`)
    const response = await runtime.dispatchFetch(`https://edge.example/?issuer=${host}`)
    const text = await response.text()
    if (response.status !== 200) throw new Error(`edge-runtime answered ${response.status}: ${text}`)
    return report(JSON.parse(text))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** The package lets compile from bytes, production does not: what would pass only here must fail here too. */
function forbidding(code) {
  return `'use strict'
{
  const forbidden = () => { throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder') }
  WebAssembly.Module = class { constructor() { forbidden() } }
  WebAssembly.compile = async () => forbidden()
  const { instantiate } = WebAssembly
  WebAssembly.instantiate = async (source, imports) => ArrayBuffer.isView(source) ? forbidden() : instantiate(source, imports)
}
${code}`
}

/** What is wrong with the package's manifest and files, by publint's strictest reading. */
async function publint({ folder }, { about }) {
  const { publint } = await import(pathToFileURL(npmRuntimes().resolve('publint')))
  const { formatMessage } = await import(pathToFileURL(npmRuntimes().resolve('publint/utils')))
  about({ version: npmVersion('publint') })
  const pkgDir = join(folder, 'node_modules', 'jotgate')
  const { messages } = await publint({ pkgDir, strict: true, pack: false })
  const manifest = JSON.parse(await readFile(join(pkgDir, 'package.json'), 'utf8'))
  // One test: there are no messages, neither errors nor suggestions.
  const failures = messages.map((message) => ({ name: message.code, problem: formatMessage(message, manifest) }))
  return report({ passed: failures.length === 0 ? 1 : 0, failures })
}

/** Whether the types of every entry are those of the file that is loaded, as attw sees them. */
async function attw({ folder }, { output, about }) {
  const cli = npmFile('@arethetypeswrong/cli', 'dist/index.js')
  about({ version: npmVersion('@arethetypeswrong/cli') })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  // `inspect.wasm` is a file for pages to fetch, not a module with types.
  const args = [cli, join(folder, tarball), '--profile', 'strict', '--format', 'json', '--exclude-entrypoints', 'inspect.wasm']
  const { status, stdout, stderr } = output(process.execPath, args)
  const { analysis } = JSON.parse(stdout || '{}')
  if (analysis === undefined) throw new Error(`attw ended with ${status}: ${stderr}${stdout}`)
  const entries = Object.entries(analysis.entrypoints).filter(([, { isWildcard }]) => !isWildcard)
  const failures = Object.values(analysis.problems).flat().map((problem) => ({ name: problem.kind, problem: JSON.stringify(problem) }))
  if (status !== 0 && failures.length === 0)
    failures.push({ name: 'attw', problem: `it ended with ${status}: ${stdout}` })
  return report({ passed: failures.length === 0 ? entries.length : 0, failures })
}

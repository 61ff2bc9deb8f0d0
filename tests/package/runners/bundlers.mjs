/**
 * The suites of bundlers, frameworks and test runners: `examples/bundlers` beside the packed package, built by the real
 * tool as its users do, and what was built is run: in a browser, in Node, in workerd, by the framework itself.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { harness, same } from '../suite/harness.mjs'
import { CLAIMS, mint, NOW } from '../suite/mint.mjs'
import { proofClient } from '../suite/proof/proofs.mjs'
import { BROWSERS } from './browsers/browsers.mjs'
import { guards, tokens } from './guards.mjs'
import { snippetsOf } from './doc_snippets.mjs'
import { beforeLeaving } from './cleanup.mjs'
import { report } from './report.mjs'
import { serving } from './serving.mjs'
import { npmBundlers, npmFile } from './setup.mjs'
import { serveWorker } from './workerd/serve.mjs'

/** What the examples show, in a page or as an answer. */
const EXPECTED = 'joe passes, the other is ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
/** How long a tool may take, in milliseconds. */
const LIMIT = 300_000
// No tool asks home, and none waits for a terminal.
const QUIET = { CI: '1', NEXT_TELEMETRY_DISABLED: '1', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }

/** Each takes the project and the tools of `run.mjs`, and returns its exit code. */
export const BUNDLERS = {
  'bundler-esbuild': suite(async ({ test, folder, tools }) => {
    test('complaint 4: esbuild bundles it for a page, with no plugin and no loader', async () => {
      const { build } = tools.require('esbuild')
      const options = { bundle: true, format: 'esm', logLevel: 'silent', absWorkingDir: folder }
      const { warnings } = await build({ ...options, entryPoints: ['main.js'], outfile: join(folder, 'esbuild', 'main.js') })
      same(warnings, [])
      await cp(join(folder, 'index.html'), join(folder, 'esbuild', 'index.html'))
      same(await shown(join(folder, 'esbuild')), EXPECTED)
    })
  }),
  'bundler-inline': suite(async ({ test, folder, tools }) => {
    const { build } = tools.require('esbuild')
    const options = { bundle: true, format: 'esm', logLevel: 'silent', absWorkingDir: folder, conditions: ['workerd'] }
    const outfile = join(folder, 'inline.mjs')
    const under = (entry) => ({ ...options, entryPoints: ['verdict.js'], alias: { jotgate: entry }, outfile })
    test('complaint 4: where a bundler that builds for workers loses the .wasm, jotgate/inline carries the bytes', async () => {
      const [error] = await build(under('jotgate')).then(
        () => [],
        ({ errors }) => errors,
      )
      same(error?.text.includes('.wasm'), true, 'the bundler lost nothing')
      await build(under('jotgate/inline'))
      await rm(join(folder, 'node_modules', 'jotgate'), { recursive: true })
      const { verdict } = await import(pathToFileURL(outfile))
      same(await verdict(), EXPECTED)
    })
  }),
  'bundler-vite': suite(async ({ test, folder, run }) => {
    test('complaint 4: Vite builds it, with no plugin', async () => {
      run('vite', 'bin/vite.js', ['build', '--config', 'vite.config.mjs'])
      same(await shown(join(folder, 'vite')), EXPECTED)
    })
    test("complaint 4: Vite's server for development serves it, with no plugin", async () => {
      const { createServer } = await import(pathToFileURL(join(bundlers(), 'vite', 'dist', 'node', 'index.js')))
      const server = await createServer({ root: folder, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } })
      try {
        await server.listen()
        same(await dom(`http://127.0.0.1:${server.httpServer.address().port}/`), EXPECTED)
      } finally {
        await server.close()
      }
    })
  }),
  'bundler-webpack': suite(async ({ test, folder }) => {
    test('complaint 4: webpack bundles it, with no loader', async () => {
      const webpack = npmBundlers()('webpack')
      const { default: config } = await import(pathToFileURL(join(folder, 'webpack.config.mjs')))
      const output = { ...config.output, path: join(folder, 'webpack') }
      const stats = await new Promise((settle, reject) =>
        webpack({ ...config, output, context: folder }, (error, stats) => (error ? reject(error) : settle(stats))),
      )
      same(stats.compilation.errors.map(String), [])
      await cp(join(folder, 'index.html'), join(folder, 'webpack', 'index.html'))
      same(await shown(join(folder, 'webpack')), EXPECTED)
    })
  }),
  'bundler-rollup': suite(async ({ test, folder, run }) => {
    test('complaint 4: Rollup bundles it, with nothing but the plugin that finds packages', async () => {
      run('rollup', 'dist/bin/rollup', ['--config', 'rollup.config.mjs', '--failAfterWarnings'])
      await cp(join(folder, 'index.html'), join(folder, 'rollup', 'index.html'))
      same(await shown(join(folder, 'rollup')), EXPECTED)
    })
  }),
  'bundler-wrangler': suite(async ({ test, folder, run, tools }) => {
    test('complaint 4: wrangler bundles it, and workerd runs what would be deployed', async () => {
      run('wrangler', 'bin/wrangler.js', ['deploy', '--dry-run', '--outdir', 'wrangler'], modern())
      same(await answered(await serveWorker(join(folder, 'wrangler'), 'worker.js', tools.require)), EXPECTED)
    })
  }),
  'bundler-cloudflare-vite': suite(async ({ test, folder, run, tools }) => {
    test("complaint 4: Cloudflare's Vite plugin builds it, and workerd runs it", async () => {
      run('vite', 'bin/vite.js', ['build', '--config', 'vite.cloudflare.config.mjs'], modern())
      const outdir = join(folder, 'cloudflare', 'jotgate_bundlers')
      same(await answered(await serveWorker(outdir, 'index.js', tools.require)), EXPECTED)
    })
  }),
  'framework-next': suite(async ({ test, folder, run, tools }) => {
    const snippet = (name) => readFile(join(dirname(tools.here), '..', 'examples', 'snippets', name), 'utf8')
    const world = await mint(await import(tools.require.resolve('jose')))
    const minted = await tokens(world)
    const issuer = await listening((_, response) => response.end(JSON.stringify(world.jwks)))
    const redirected = async (name) =>
      (await snippet(name)).replaceAll(
        'https://issuer.example/.well-known/jwks.json',
        `http://127.0.0.1:${issuer.address().port}/`,
      )
    const files = {
      // Without these files a project that has a TypeScript file in it would have them made by Next.
      'next.config.mjs': `export default { turbopack: { root: ${JSON.stringify(dirname(tools.here))} } }\n`,
      'proxy.ts': await redirected('next-proxy.ts'),
      'app/edge/items/route.ts': await redirected('next-edge-route.ts'),
      'app/api/items/route.ts': "export const GET = () => Response.json({ hello: 'user-1' })\n",
    }
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    let server
    let based
    test('complaint 4: Next.js builds it, for its proxy and for a route on the edge runtime', () => {
      run('next', 'dist/bin/next', ['build'])
    })
    test('Next.js: proxy.ts guards the routes behind it', async () => {
      const binary = join(bundlers(), 'next', 'dist', 'bin', 'next')
      const args = (port) => [binary, 'start', '--hostname', '127.0.0.1', '--port', String(port)]
      server = await serving(process.execPath, args, folder, QUIET)
      await guards((headers) => fetch(`${server.url}/api/items`, { headers }), minted)
    })
    test('Next.js: the edge route guards itself', () =>
      guards((headers) => fetch(`${server.url}/edge/items`, { headers }), minted))
    test('Next.js: with a basePath, the proof names the URL that the client called, in a route and in proxy.ts', async () => {
      const root = JSON.stringify(dirname(tools.here))
      const gate = `
import { createGate } from 'jotgate'
import { dpop } from 'jotgate/dpop'
const gateFor = (basePath?: string) => createGate({
  ...{ issuer: '${CLAIMS.iss}', audience: '${CLAIMS.aud}', algorithms: ['ES256'] },
  currentDate: new Date(${NOW * 1000}),
  keys: ${JSON.stringify({ keys: [world.keys.ES256.jwk] })},
  proof: dpop({ publicOrigin: 'https://www.example', ...(basePath && { basePath }) }),
})
// In routes of Node, Next.js removes the base path from the URL of the request.
export const gates = { node: gateFor('/base'), whole: gateFor() }\n`
      const route = (gate, more) => `import { gates } from '../../gate'\n${more}
export async function GET(request: Request) {
  const pass = await gates.${gate}.check(request)
  return pass.ok ? Response.json({ hello: pass.claims.sub }) : pass.response()
}\n`
      const sources = {
        'next.config.mjs': `export default { basePath: '/base', turbopack: { root: ${root} } }\n`,
        'gate.ts': gate,
        'app/notes/route.ts': route('node', "export const dynamic = 'force-dynamic'\n"),
        'app/edge/route.ts': route('whole', "export const runtime = 'edge'\n"),
        'app/behind/route.ts': "export const GET = () => Response.json({ hello: 'user-1' })\n",
        'proxy.ts': `import { gates } from './gate'
export const config = { matcher: '/behind' }
export async function proxy(request: Request) {
  const pass = await gates.whole.check(request)
  return pass.ok ? undefined : pass.response()
}\n`,
      }
      for (const [name, text] of Object.entries(sources)) {
        await mkdir(dirname(join(folder, 'based', name)), { recursive: true })
        await writeFile(join(folder, 'based', name), text)
      }
      run('next', 'dist/bin/next', ['build', 'based'])
      const binary = join(bundlers(), 'next', 'dist', 'bin', 'next')
      const args = (port) => [binary, 'start', 'based', '--hostname', '127.0.0.1', '--port', String(port)]
      based = await serving(process.execPath, args, folder, QUIET)
      const client = await proofClient({ jose: await import(tools.require.resolve('jose')), world: () => world })
      const token = await client.token()
      for (const path of ['/base/notes', '/base/edge', '/base/behind']) {
        const word = async (htu) => {
          const headers = { 'authorization': `DPoP ${token}`, 'dpop': await client.proof(token, { htu }), 'x-forwarded-host': 'evil.example' }
          const response = await fetch(`${based.url}${path}?x=1`, { headers })
          const { hello, code } = await response.json()
          return hello ?? code
        }
        same(await word(`https://www.example${path}`), 'user-1', path)
        for (const htu of [`https://www.example${path.slice(5)}`, `https://evil.example${path}`, `${based.url}${path}`]) same(await word(htu), 'dpop_proof_url', htu)
      }
    })
    return () => {
      server?.stop()
      based?.stop()
      issuer.closeAllConnections()
      issuer.close()
    }
  }),
  'runner-jest': suite(async ({ test, folder, run, tools }) => {
    await writeSnippets(folder, tools, ['api.jest.cjs'])
    await writeFile(join(folder, 'jest.testing.cjs'), "module.exports = { testMatch: ['**/api.jest.cjs'] }\n")
    for (const [name, environments] of Object.entries({
      'jest-27': ['node'],
      'jest-28': ['node'],
      'jest-29': ['node'],
      'jest': ['node', 'jsdom'],
    })) {
      for (const environment of environments) {
        test(`V11, complaint 5: ${name} requires it, in its environment ${environment}`, () => {
          // Jest 27 looks for no test file that ends in `.cjs` unless it is asked to.
          const extensions = ['js', 'cjs', 'json'].flatMap((extension) => ['--moduleFileExtensions', extension])
          const own = createRequire(join(bundlers(), name, 'package.json'))
          const cli = createRequire(own.resolve('jest-cli/package.json'))
          const config = createRequire(cli.resolve('jest-config/package.json'))
          const env = config.resolve(`jest-environment-${environment}`)
          const output = run(name, 'bin/jest.js', ['--config', 'jest.config.cjs', '--env', env, ...extensions])
          same(/^Tests: +1 passed, 1 total$/m.test(output), true, output)
        })
      }
      // The environment of Jest 27 hides WebCrypto.
      if (name === 'jest-27') continue
      test(`the test of docs/testing.md passes under ${name}`, () => {
        const extensions = ['js', 'cjs', 'json'].flatMap((extension) => ['--moduleFileExtensions', extension])
        const output = run(name, 'bin/jest.js', ['--config', 'jest.testing.cjs', ...extensions])
        same(/^Tests: +1 passed, 1 total$/m.test(output), true, output)
      })
    }
  }),
  'resolver-node10': suite(async ({ test, folder, tools }) => {
    const { exports: entries } = JSON.parse(
      await readFile(join(folder, 'node_modules', 'jotgate', 'package.json'), 'utf8'),
    )
    // What ends in `.json` or `.wasm` is a file, not a module.
    const names = Object.keys(entries).filter((name) => !/\.(?:json|wasm)$/.test(name))
    const specifiers = names.map((name) => join('jotgate', name))
    test('V10: TypeScript 5.9 with CommonJS and node10 resolution finds the types of every entry', async () => {
      const { version } = npmBundlers()('typescript/package.json')
      same(version.startsWith('5.9.'), true, version)
      await cp(join(tools.here, 'types', 'usage.ts'), join(folder, 'usage.ts'))
      const imports = specifiers.map((name, index) => `import * as entry${index} from '${name}'\n`)
      const uses = specifiers.map((_, index) => `entry${index}`).join(', ')
      await writeFile(join(folder, 'entries.ts'), `${imports.join('')}export const all: object[] = [${uses}]\n`)
      const compilerOptions = {
        strict: true,
        noEmit: true,
        module: 'commonjs',
        moduleResolution: 'node10',
        target: 'es2022',
        lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
        types: ['node'],
        // The frameworks that two entries are for are not installed here.
        skipLibCheck: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
      }
      const project = { compilerOptions, files: ['usage.ts', 'entries.ts'] }
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
      const tsc = join(bundlers(), 'typescript', 'bin', 'tsc')
      const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
      same({ status, stdout }, { status: 0, stdout: '' })
    })
    test('V10: the package `resolve` finds a file for every entry, and Node requires it', () => {
      const resolve = npmBundlers()('resolve')
      const require = createRequire(join(folder, 'package.json'))
      same(names.length >= 6, true)
      for (const name of specifiers) {
        const file = resolve.sync(name, { basedir: folder })
        same(Object.keys(require(file)).sort(), Object.keys(require(name)).sort(), name)
      }
    })
    test('V10: Metro 0.81, which reads no `exports` of a package, bundles jotgate/decode and jotgate', async () => {
      const { version } = npmBundlers()('metro/package.json')
      same(version.startsWith('0.81.'), true, version)
      const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.aV8R8Et1YyW0gVAuchjtqcYaUbfL5SFrjG5ahYZY0a0'
      await writeFile(
        join(folder, 'app.js'),
        `globalThis.shown = [require('jotgate/decode').decodeJwt('${token}').iss, typeof require('jotgate').createGate]\n`,
      )
      const build = `
        const Metro = require(${JSON.stringify(npmBundlers().resolve('metro'))})
        const folder = ${JSON.stringify(folder)}
        Metro.loadConfig({ cwd: folder }, {
          projectRoot: folder,
          watchFolders: [folder, ${JSON.stringify(bundlers())}],
          reporter: { update() {} },
          resolver: { useWatchman: false },
          cacheStores: [],
        }).then((config) => Metro.runBuild(config, { entry: 'app.js', out: folder + '/metro.js', dev: false, minify: false }))
          .then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
      `
      await writeFile(join(folder, 'metro.cjs'), build)
      const options = { cwd: folder, encoding: 'utf8', timeout: LIMIT, env: { ...process.env, ...QUIET } }
      const { status, stdout, stderr } = spawnSync(process.execPath, ['metro.cjs'], options)
      same(status, 0, stdout + stderr)
      const bundle = await readFile(join(folder, 'metro.js'), 'utf8')
      const context = vm.createContext({ console, atob, btoa, TextDecoder, TextEncoder, URL, performance, WebAssembly, Uint8Array })
      vm.runInContext(bundle, context)
      same(JSON.stringify(context.shown), JSON.stringify(['joe', 'function']))
    })
  }),
  'runner-vitest': suite(async ({ test, folder, run, tools }) => {
    await writeSnippets(folder, tools, ['api.js', 'api.vitest.js'])
    for (const [where, config, binary] of [
      ['Node', 'vitest.config.mjs'],
      ['workerd', 'vitest.workers.config.mjs', modern],
    ]) {
      test(`Vitest loads it in ${where}`, () => {
        const said = run('vitest', 'vitest.mjs', ['run', '--config', config], binary?.())
        same(/^ *Tests +1 passed \(1\)$/m.test(said), true, said)
      })
      test(`the tests of docs/testing.md pass under Vitest in ${where}`, async () => {
        const file = `testing.${config}`
        await writeFile(join(folder, file), (await readFile(join(folder, config), 'utf8')).replace('verdict.test.mjs', 'api.vitest.js'))
        const said = run('vitest', 'vitest.mjs', ['run', '--config', file], binary?.())
        same(/^ *Tests +2 passed \(2\)$/m.test(said), true, said)
      })
    }
  }),
}

/** Puts snippets of `docs/testing.md` into the project. */
async function writeSnippets(folder, tools, names) {
  const snippets = await snippetsOf(join(dirname(tools.here), '..', 'docs', 'testing.md'))
  for (const name of names) await writeFile(join(folder, name), snippets.get(name))
}

/** Where the tools lie. */
const bundlers = () => join(dirname(npmBundlers().resolve('webpack/package.json')), '..')

/** Cloudflare's tools want a newer Node than 20. */
const modern = () => npmFile('node-24', 'bin/node')

/** A suite in a project below the tools, so that these are found as if they were installed in it. */
function suite(define) {
  return async (project, tools) => {
    const home = join(dirname(bundlers()), 'projects')
    await mkdir(home, { recursive: true })
    const folder = await mkdtemp(join(home, 'consumer-'))
    const calledOff = beforeLeaving(() => rmSync(folder, { recursive: true, force: true }))
    let end
    try {
      await cp(join(dirname(tools.here), '..', 'examples', 'bundlers'), folder, { recursive: true })
      await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
      await cp(join(project.folder, 'node_modules', 'jotgate'), join(folder, 'node_modules', 'jotgate'), {
        recursive: true,
      })
      const run = (name, file, args, binary = process.execPath) => {
        const env = { ...process.env, ...QUIET }
        const options = { cwd: folder, encoding: 'utf8', env, timeout: LIMIT }
        const { status, stdout, stderr, error } = spawnSync(binary, [join(bundlers(), name, file), ...args], options)
        if (status !== 0) throw new Error(`${name} ended with ${status ?? error}:\n${stdout}${stderr}`)
        return stdout + stderr
      }
      const { test, run: go } = harness(2 * LIMIT)
      end = await define({ test, folder, run, tools })
      return report(await go())
    } finally {
      end?.()
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
      calledOff()
    }
  }
}

/** What the page of a folder shows, in a real browser. */
async function shown(folder) {
  const types = { '.html': 'text/html', '.js': 'text/javascript' }
  const server = await listening(async ({ url }, response) => {
    const path = new URL(url, 'http://127.0.0.1').pathname
    const file = join(folder, normalize(path === '/' ? '/index.html' : path))
    const body = await readFile(file).catch(() => undefined)
    if (body === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(body)
  })
  try {
    return await dom(`http://127.0.0.1:${server.address().port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** What the body of a page says once the page has settled, in a real browser with an empty profile. */
async function dom(url) {
  const { find, open } = BROWSERS.chromium
  const profile = await mkdtemp(join(tmpdir(), 'jotgate-browser-'))
  try {
    const [binary, ...args] = open(find(), profile, url)
    const { stdout, status, stderr } = await output(binary, ['--dump-dom', '--virtual-time-budget=20000', ...args])
    const body = /<body>([^<]*)/.exec(stdout)?.[1]
    if (body === undefined) throw new Error(`the browser ended with ${status} and showed nothing: ${stderr}`)
    return body.trim()
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** What a command prints; meanwhile the servers of this process go on. */
async function output(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text))
  const [status] = await once(child, 'close')
  return { ...texts, status }
}

/** What a worker answers. */
async function answered({ url, stop }) {
  try {
    return await (await fetch(url)).text()
  } finally {
    stop()
  }
}

async function listening(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

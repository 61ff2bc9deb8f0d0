/**
 * The suites of bundlers, frameworks and test runners: `examples/bundlers` beside the packed package, built by the real
 * tool as its users do, and what was built is run: in a browser, in Node, in workerd, by the framework itself.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { harness, same } from '../suite/harness.mjs'
import { mint } from '../suite/mint.mjs'
import { BROWSERS } from './browsers.mjs'
import { guards, tokens } from './guards.mjs'
import { beforeLeaving } from './leaving.mjs'
import { report } from './report.mjs'
import { serving } from './serving.mjs'
import { npmBundlers, npmFile } from './setup.mjs'
import { serveWorker } from './workerd.mjs'

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
    const told = await tokens(world)
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
    test('complaint 4: Next.js builds it, for its proxy and for a route on the edge runtime', () => {
      run('next', 'dist/bin/next', ['build'])
    })
    test('Next.js: proxy.ts guards the routes behind it', async () => {
      const binary = join(bundlers(), 'next', 'dist', 'bin', 'next')
      const args = (port) => [binary, 'start', '--hostname', '127.0.0.1', '--port', String(port)]
      server = await serving(process.execPath, args, folder, QUIET)
      await guards((headers) => fetch(`${server.url}/api/items`, { headers }), told)
    })
    test('Next.js: the edge route guards itself', () =>
      guards((headers) => fetch(`${server.url}/edge/items`, { headers }), told))
    return () => {
      server?.stop()
      issuer.closeAllConnections()
      issuer.close()
    }
  }),
  'runner-jest': suite(async ({ test, run }) => {
    for (const environment of ['node', 'jsdom']) {
      test(`complaint 5: Jest requires it, in its environment ${environment}`, () => {
        const said = run('jest', 'bin/jest.js', ['--config', 'jest.config.cjs', '--env', environment])
        same(/^Tests: +1 passed, 1 total$/m.test(said), true, said)
      })
    }
  }),
  'runner-vitest': suite(async ({ test, run }) => {
    for (const [where, config, binary] of [
      ['Node', 'vitest.config.mjs'],
      ['workerd', 'vitest.workers.config.mjs', modern],
    ]) {
      test(`Vitest loads it in ${where}`, () => {
        const said = run('vitest', 'vitest.mjs', ['run', '--config', config], binary?.())
        same(/^ *Tests +1 passed \(1\)$/m.test(said), true, said)
      })
    }
  }),
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

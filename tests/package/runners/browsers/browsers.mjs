/**
 * Opens the page `page.mjs` with the package in a real browser. The page reports its outcome over HTTP, without a driver,
 * so that all browsers run in the same way.
 */
import { spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeLeaving } from '../cleanup.mjs'
import { report } from '../report.mjs'
import { debian } from '../setup.mjs'
import { writeCases } from '../vectors/files.mjs'

/** For a browser in a container, which fetches nothing by itself. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

/** How each browser is found and opened at an address, with an empty profile. */
export const BROWSERS = {
  chromium: {
    find: () => debian('chromium', '/usr/bin/chromium'),
    open: (binary, profile, url) => [
      binary,
      '--headless=new',
      ...CHROMIUM_FLAGS,
      `--user-data-dir=${profile}`,
      url,
    ],
    version: (agent) => /Chrome\/([\d.]+)/.exec(agent)?.[1],
  },
  firefox: {
    find: () => debian('firefox-esr', '/usr/bin/firefox-esr'),
    open: async (binary, profile, url) => {
      const prefs = {
        'browser.aboutwelcome.enabled': false,
        'browser.shell.checkDefaultBrowser': false,
        'browser.startup.homepage_override.mstone': 'ignore',
        'datareporting.policy.dataSubmissionEnabled': false,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'toolkit.telemetry.reportingpolicy.firstRun': false,
      }
      const lines = Object.entries(prefs).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
      await writeFile(join(profile, 'user.js'), lines.join(''))
      return [binary, '--headless', '--no-remote', '--profile', profile, url]
    },
    version: (agent) => /Firefox\/([\d.]+)/.exec(agent)?.[1],
  },
  webkit: {
    // The driver's package brings the small browser; Xvfb is the screen that it wants.
    find: () => {
      debian('xvfb', XVFB)
      return debian('webkit2gtk-driver', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser')
    },
    open: (binary, _, url) => [binary, url],
    onScreen: true,
    // It calls itself a Safari; the engine's own version is known to Debian only.
    version: () => {
      const asked = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'webkit2gtk-driver'], { encoding: 'utf8' })
      return asked.stdout?.replace(/-.*/, '')
    },
    // WebKit's own sandbox wants namespaces that containers seldom allow.
    env: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1' },
  },
}

const XVFB = '/usr/bin/Xvfb'
/** How long a page may take to tell its outcome, in milliseconds. */
const PATIENCE = 600_000
/** How long a browser may take to ask for the page, in milliseconds. WebKit's sometimes never does. */
const START = 90_000
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json' }

/** The package as one file, as a stranger's esbuild makes it for browsers: no condition, no plugin, no loader named. */
export const bundled =
  (name, page = 'page.mjs') =>
  async ({ folder }, tools) => {
    const browser = BROWSERS[name]
    const binary = browser.find()
    await cp(join(tools.here, 'runners', 'browsers', page), join(folder, 'page.mjs'))
    const outfile = join(folder, 'www', 'page.js')
    await tools.bundle(folder, { entryPoints: [join(folder, 'page.mjs')], outfile, minify: true })
    return visit(browser, binary, tools, { '/page.js': outfile }, '')
  }

/** Every vector there, in one file with the package. */
export const everyVectorIn = (name) => async (project, tools) => {
  BROWSERS[name].find()
  await writeCases(project.folder)
  return bundled(name, 'vectors_page.mjs')(project, tools)
}

/** The package's modules as they lie in `node_modules`, found by an import map. */
export const unbundled =
  (name) =>
  async ({ folder }, tools) => {
    const browser = BROWSERS[name]
    const binary = browser.find()
    const package_ = join(folder, 'node_modules', 'jotgate')
    const { exports, imports } = JSON.parse(await readFile(join(package_, 'package.json'), 'utf8'))
    const map = {
      'jotgate': `/jotgate/${target(exports['.'])}`,
      'jotgate/jose': `/jotgate/${target(exports['./jose'])}`,
      'jotgate/decode': `/jotgate/${target(exports['./decode'])}`,
      'jotgate/dpop': `/jotgate/${target(exports['./dpop'])}`,
      'jotgate/introspection': `/jotgate/${target(exports['./introspection'])}`,
      'jotgate/mcp': `/jotgate/${target(exports['./mcp'])}`,
      'jotgate/mtls': `/jotgate/${target(exports['./mtls'])}`,
      'jotgate/providers': `/jotgate/${target(exports['./providers'])}`,
      'jotgate/status': `/jotgate/${target(exports['./status'])}`,
      'jotgate/testing': `/jotgate/${target(exports['./testing'])}`,
      'jotgate/verifier': `/jotgate/${target(exports['./verifier'])}`,
      '#wasm': `/jotgate/${target(imports['#wasm'])}`,
      'jose': '/jose/index.js',
      '@tests/': '/tests/',
    }
    const files = {
      '/page.js': join(tools.here, 'runners', 'browsers', 'page.mjs'),
      '/jotgate/': package_,
      '/jose/': join(dirname(tools.require.resolve('jose/package.json')), 'dist', 'webapi'),
      '/tests/': tools.here,
      '/vectors/': join(dirname(tools.here), 'vectors'),
    }
    return visit(browser, binary, tools, files, `<script type="importmap">${JSON.stringify({ imports: map })}</script>`)
  }

/** The file that `import` finds under the conditions of a browser. */
function target(entry) {
  if (typeof entry === 'string') return normalize(entry)
  const name = Object.keys(entry).find((name) => ['browser', 'import', 'default'].includes(name))
  if (name === undefined) throw new Error(`no file for browsers: ${JSON.stringify(entry)}`)
  return target(entry[name])
}

/**
 * Opens a page, and reports what it sends to `/outcome`.
 *
 * @param files - the file of each path, or a function of the request that returns a value for JSON
 * @param policy - the Content-Security-Policy of the page and its scripts
 */
export async function visit(browser, binary, tools, files, head, policy = POLICY) {
  const issuer = await tools.issuer()
  const profile = await mkdtemp(join(tmpdir(), 'jotgate-browser-'))
  const calledOff = beforeLeaving(() => rmSync(profile, { recursive: true, force: true }))
  let screen
  let child
  let clock
  let server
  try {
    if (browser.onScreen) screen = await startScreen()
    const outcome = await new Promise((settle, reject) => {
      server = pages(files, head, policy, issuer.address().port, settle).listen(0, '127.0.0.1', async () => {
        const [command, ...args] = await browser.open(binary, profile, `http://127.0.0.1:${server.address().port}/`)
        const env = { ...process.env, HOME: profile, ...browser.env, ...screen?.env }
        child = started(command, args, { stdio: 'ignore', env })
        child.on('error', reject)
        child.on('exit', (code) => reject(new Error(`the browser ended with ${code} before its page reported anything`)))
        const late = (what, limit) => setTimeout(() => reject(new Error(`${what} within ${limit} ms`)), limit)
        clock = late('the browser did not ask for the page', START)
        server.once('request', () => {
          clearTimeout(clock)
          clock = late('the page reported nothing', PATIENCE)
        })
      })
    })
    tools.about({ version: browser.version(outcome.agent) })
    return report(outcome)
  } finally {
    clearTimeout(clock)
    await end(child)
    await end(screen?.child)
    for (const one of [server, issuer]) {
      one?.closeAllConnections()
      one?.close()
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    calledOff()
  }
}

/** A virtual screen. The server picks a free number and prints it. */
async function startScreen() {
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe']
  const child = started(XVFB, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], { stdio })
  const number = await new Promise((settle, reject) => {
    let said = ''
    child.stdio[3].on('data', (data) => {
      said += data
      if (said.endsWith('\n')) settle(said.trim())
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`Xvfb ended with ${code} before it showed anything`)))
  })
  return { child, env: { DISPLAY: `:${number}` } }
}

/** A program in a group of its own, since browsers are many processes; none of them outlives this one. */
function started(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true })
  child.calledOff = beforeLeaving(() => signalled(child, 'SIGKILL'))
  return child
}

/** Ends a group: politely first, then not, down to its last process. */
async function end(child) {
  if (child === undefined) return
  signalled(child, 'SIGTERM')
  for (let turn = 0; turn < 60 && signalled(child, 0); turn++) await new Promise((settle) => setTimeout(settle, 50))
  signalled(child, 'SIGKILL')
  child.calledOff()
}

/** Sends a signal to a group. Returns whether a process of it was left. */
function signalled({ pid }, signal) {
  try {
    return pid !== undefined && process.kill(-pid, signal)
  } catch {
    return false
  }
}

// What a page has to allow for the core: nothing from elsewhere, no `unsafe-eval`, only the compiling of WebAssembly.
const POLICY =
  "default-src 'none'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self'"

/** The page, its files, the issuer under the page's own origin, and the address for its outcome. */
function pages(files, head, policy, issuer, settle) {
  const page = `<!doctype html><meta charset="utf-8"><title>jotgate</title>
<script src="/trouble.js"></script>${head.replace('<script', '<script nonce="map"')}
<script type="module" src="/page.js"></script>`
  const all = { ...files, '/trouble.js': fileURLToPath(new URL('trouble.js', import.meta.url)) }
  return createServer(async (request, response) => {
    const { pathname: path } = new URL(request.url, 'http://127.0.0.1')
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy }).end(page)
    } else if (path === '/outcome') {
      const body = await text(request)
      response.end()
      settle(JSON.parse(body))
    } else if (path.startsWith('/issuer/')) {
      const { method, headers } = request
      const upstream = send({ host: '127.0.0.1', port: issuer, path: path.slice('/issuer'.length), method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
      })
      request.pipe(upstream)
      upstream.on('error', () => response.destroy())
      response.on('close', () => upstream.destroy())
    } else {
      const place = Object.keys(all).find((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))
      const file =
        place && (place.endsWith('/') ? join(all[place], normalize(path.slice(place.length - 1))) : all[place])
      if (typeof file === 'function') {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(await file(request)))
        return
      }
      const body = file && (await readFile(file).catch(() => undefined))
      // A worker has the policy of its own response.
      if (body === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': TYPES[extname(file)], 'content-security-policy': policy }).end(body)
    }
  })
}

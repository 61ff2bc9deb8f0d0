/**
 * A project with the package enters, the page of {@link browser_page.mjs} is opened in a real browser and tells its own
 * outcome over HTTP: no driver stands between, so that all browsers are run in the same way.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { report } from './report.mjs'
import { debian } from './setup.mjs'

/** How each browser is found and opened at an address, with an empty profile. */
export const BROWSERS = {
  chromium: {
    find: () => debian('chromium', '/usr/bin/chromium'),
    open: (binary, profile, url) => [
      binary,
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
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
      debian('xvfb', '/usr/bin/Xvfb')
      debian('xauth', '/usr/bin/xauth')
      return debian('webkit2gtk-driver', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser')
    },
    open: (binary, _, url) => ['/usr/bin/xvfb-run', '--auto-servernum', binary, url],
    // It calls itself a Safari; the engine's own version is known to Debian only.
    version: () => {
      const asked = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'webkit2gtk-driver'], { encoding: 'utf8' })
      return asked.stdout?.replace(/-.*/, '')
    },
    // WebKit's own sandbox wants namespaces that containers seldom allow.
    env: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1' },
  },
}

const PATIENCE = 240_000
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json' }

/** The package as one file, as a stranger's esbuild makes it for browsers: no condition, no plugin, no loader named. */
export const bundled = (name) => async (project, tools) => {
  const browser = BROWSERS[name]
  const binary = browser.find()
  await cp(join(tools.here, 'runners', 'browser_page.mjs'), join(project.folder, 'page.mjs'))
  const outfile = join(project.folder, 'www', 'page.js')
  await tools.bundle(project.folder, { entryPoints: [join(project.folder, 'page.mjs')], outfile, minify: true })
  return visit(browser, binary, tools, { '/page.js': outfile }, '')
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
      '#wasm': `/jotgate/${target(imports['#wasm'])}`,
      'jose': '/jose/index.js',
      '@tests/': '/tests/',
    }
    const files = {
      '/page.js': join(tools.here, 'runners', 'browser_page.mjs'),
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

async function visit(browser, binary, tools, files, head) {
  const issuer = await tools.issuer()
  const profile = await mkdtemp(join(tmpdir(), 'jotgate-browser-'))
  let child
  let clock
  let server
  try {
    const outcome = await new Promise((settle, reject) => {
      server = pages(files, head, issuer.address().port, settle).listen(0, '127.0.0.1', async () => {
        const [command, ...args] = await browser.open(binary, profile, `http://127.0.0.1:${server.address().port}/`)
        // A group of its own: browsers are many processes.
        child = spawn(command, args, {
          detached: true,
          stdio: 'ignore',
          env: { ...process.env, HOME: profile, ...browser.env },
        })
        child.on('error', reject)
        child.on('exit', (code) => reject(new Error(`the browser ended with ${code} before its page told anything`)))
        clock = setTimeout(() => reject(new Error(`the page told nothing within ${PATIENCE} ms`)), PATIENCE)
      })
    })
    tools.about({ version: browser.version(outcome.agent) })
    return report(outcome)
  } finally {
    clearTimeout(clock)
    await end(child)
    for (const one of [server, issuer]) {
      one?.closeAllConnections()
      one?.close()
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

async function end(child) {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 3_000)
  await gone
  clearTimeout(late)
}

// What a page has to allow for the core: nothing from elsewhere, no `unsafe-eval`, only the compiling of WebAssembly.
const POLICY =
  "default-src 'none'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self'"

/** The page, its files, the issuer under the page's own origin, and where the page tells its outcome. */
function pages(files, head, issuer, settle) {
  const page = `<!doctype html><meta charset="utf-8"><title>jotgate</title>
<script src="/trouble.js"></script>${head.replace('<script', '<script nonce="map"')}
<script type="module" src="/page.js"></script>`
  const all = { ...files, '/trouble.js': fileURLToPath(new URL('browser_trouble.js', import.meta.url)) }
  return createServer(async (request, response) => {
    const { pathname: path } = new URL(request.url, 'http://127.0.0.1')
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY }).end(page)
    } else if (path === '/outcome') {
      const body = await text(request)
      response.end()
      settle(JSON.parse(body))
    } else if (path.startsWith('/issuer/')) {
      const upstream = get({ host: '127.0.0.1', port: issuer, path: path.slice('/issuer'.length) }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
      })
      upstream.on('error', () => response.destroy())
      response.on('close', () => upstream.destroy())
    } else {
      const place = Object.keys(all).find((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))
      const file =
        place && (place.endsWith('/') ? join(all[place], normalize(path.slice(place.length - 1))) : all[place])
      const body = file && (await readFile(file).catch(() => undefined))
      if (body === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': TYPES[extname(file)] }).end(body)
    }
  })
}

/**
 * Chromium and Firefox: the contest runs in a page that is isolated from other origins, because only there clocks are
 * precise.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BROWSERS } from '../../tests/package/runners/browsers/browsers.mjs'
import { bundle, NONE } from './bundle.mjs'
import { start, stop } from './children.mjs'
import { project, target } from './places.mjs'

/** How long a page may report nothing. */
const PATIENCE = 300_000
const TYPES = { js: 'text/javascript', wasm: 'application/wasm' }

export const browser = (name) => async (request, tell) => {
  const { find, open, version, env } = BROWSERS[name]
  const binary = find()
  const outdir = join(target, 'page')
  await bundle({
    entryPoints: [join(project, 'contest', 'page.mjs')],
    outdir,
    builtins: NONE,
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  // Not a temporary folder: the next run removes what an interrupted one left.
  const profile = join(target, 'profile')
  await rm(profile, { recursive: true, force: true })
  await mkdir(profile, { recursive: true })
  let about
  let child
  let clock
  let server
  try {
    await new Promise((settle, reject) => {
      const patient = () => {
        clearTimeout(clock)
        clock = setTimeout(() => reject(new Error(`the page said nothing for ${PATIENCE} ms`)), PATIENCE)
      }
      const report = (message) => {
        patient()
        if (message.about) about = message.about
        else if (message.problem) reject(new Error(message.problem))
        else if (message.end) settle()
        else tell(message)
      }
      server = createServer(answer(outdir, request, report)).listen(0, '127.0.0.1', async () => {
        const [command, ...args] = await open(binary, profile, `http://127.0.0.1:${server.address().port}/`)
        child = start(command, args, { stdio: 'ignore', env: { ...process.env, HOME: profile, ...env } })
        child.on('error', reject)
        child.on('exit', (code) => reject(new Error(`the browser ended with ${code}`)))
        patient()
      })
    })
    return { version: version(about.agent), isolated: about.isolated }
  } finally {
    clearTimeout(clock)
    await end(child)
    server?.closeAllConnections()
    server?.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

function answer(folder, contest, report) {
  const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
  return async (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    if (pathname === '/report') {
      const message = JSON.parse(await text(request))
      response.end()
      report(message)
      return
    }
    const [type, body] = await found(pathname)
    response.writeHead(body === undefined ? 404 : 200, { ...isolation, 'content-type': type }).end(body)
  }

  async function found(pathname) {
    if (pathname === '/') {
      return ['text/html', '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>']
    }
    if (pathname === '/request') return ['application/json', JSON.stringify(contest)]
    const [, name] = /^\/([\w.-]+)$/.exec(pathname) ?? []
    const body = name && (await readFile(join(folder, name)).catch(() => undefined))
    return [TYPES[name?.split('.').pop()] ?? 'text/plain', body]
  }
}

async function end(child) {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((settle) => child.once('exit', settle))
  stop(child)
  const late = setTimeout(() => stop(child, 'SIGKILL'), 3_000)
  await gone
  clearTimeout(late)
}

/** Runs the shell lines of the companion's pages with a real `jotgate-keys`. They run as they are written, but on another port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'

const { TESTS, JOTGATE_KEYS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { test, run } = harness()

/** What each page takes for granted: commands that ran before, and files. */
const START = ['jotgate-keys init --issuer http://127.0.0.1:8411', 'jotgate-keys serve']
const { publicKey } = await jose.generateKeyPair('ES256')
const signer = JSON.stringify({ keys: [await jose.exportJWK(publicKey)] })
const app = "fetch('https://localhost:8411/.well-known/jwks.json').then(async (answer) => console.log(await answer.text()))\n"
const PAGES = {
  dev: {},
  clients: { before: START, files: { 'signer.jwks.json': signer } },
  people: {},
  openid: {},
  tls: { files: { 'app.js': app } },
}
/** It needs a certificate and the right to listen on port 443. The page of operations has such a server, which another test runs. */
const UNTRIED = 'jotgate-keys serve --listen 0.0.0.0:443 --tls-certificate fullchain.pem --tls-key privkey.pem'
const PASSWORD = 'quartz lantern orbit 7\n'

const free = createServer().listen(0, '127.0.0.1')
await once(free, 'listening')
const { port } = free.address()
await new Promise((settle) => free.close(settle))

/** The commands of a page's shell blocks. */
async function commands(page) {
  const text = await readFile(join(TESTS, '..', '..', 'docs', `${page}.md`), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block.replaceAll('\\\n', ' '))
  return blocks.join('').split('\n').map((line) => line.replace(/\s+#.*$/, '')).filter((line) => line !== '' && line !== UNTRIED)
}

/** A shell in the page's folder; a server that it starts replaces the one before. */
function shellIn(folder) {
  const { JOTGATE_STORE, JOTGATE_KEK, ...env } = process.env
  env.PATH = `${dirname(JOTGATE_KEYS)}${delimiter}${env.PATH}`
  let server
  const stop = async () => {
    if (server?.exitCode === null && server.kill()) await once(server, 'exit')
  }
  process.on('exit', () => server?.kill('SIGKILL'))
  const start = (line) => spawn('bash', ['-c', line.replaceAll('8411', port)], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const execute = async (line) => {
    if (/^jotgate-keys (?:serve|dev)\b/.test(line)) {
      await stop()
      server = start(`exec ${line} --listen 127.0.0.1:8411`)
      for await (const printed of createInterface({ input: server.stdout })) if (printed.startsWith('listening on')) return printed
      throw new Error(`it did not start: ${line}`)
    }
    // A running server knows a new client within a second.
    const child = start(line.replace(/^curl /, 'curl --fail --silent --retry 3 --retry-all-errors '))
    child.stdin.on('error', () => {}).end(PASSWORD) // Most commands read nothing.
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (printed += text))
    const [code] = await once(child, 'close')
    same(code, 0, `${line}\n${printed}`)
    return printed
  }
  return { execute, stop }
}

for (const [page, { before = [], files = {} }] of Object.entries(PAGES)) {
  test(`docs/${page}.md: its shell lines run`, async () => {
    const folder = join(process.cwd(), page)
    await mkdir(folder)
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content.replaceAll('8411', port))
    const { execute, stop } = shellIn(folder)
    let secret
    const lines = await commands(page)
    ok(lines.length > 1, `the page has only ${lines.length} commands`)
    try {
      for (const line of [...before, ...lines]) {
        const printed = await execute(line.replace('SECRET', secret))
        secret = /^client_secret: (\S+)/m.exec(printed)?.[1] ?? secret
        if (/^(?:curl|NODE_)/.test(line)) ok(Object.keys(JSON.parse(printed)).length > 0, printed)
      }
    } finally {
      await stop()
    }
  })
}

test('docs/operations.md: the times of its table are those of a new store', async () => {
  const folder = join(process.cwd(), 'operations')
  await mkdir(folder)
  const { execute } = shellIn(folder)
  await execute(START[0])
  const { settings } = JSON.parse(await execute('jotgate-keys settings show --json'))
  const table = await readFile(join(TESTS, '..', '..', 'docs', 'operations.md'), 'utf8')
  const unit = { s: 1, min: 60, h: 3_600, d: 86_400 }
  const letters = {}
  const listed = {}
  for (const [, name, letter, text] of table.matchAll(/^\| `--([a-z-]+)`(?: \((\w)\))? \| (\d+ \w+|[A-Z](?: \+ [A-Z])+) \|/gm)) {
    const [count, of] = text.split(' ')
    listed[name] = /^\d/.test(text) ? Number(count) * unit[of] : text.split(' + ').reduce((sum, one) => sum + letters[one], 0)
    if (letter !== undefined) letters[letter] = listed[name]
  }
  same(listed, Object.fromEntries(Object.entries(settings).map(([name, seconds]) => [name.replaceAll('_', '-'), seconds])))
})

process.exit(report(await run()))

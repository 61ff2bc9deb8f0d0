/**
 * Pastes the shell lines of the README into a shell: its first gate, then the companion. `npm install jotgate` was done from the
 * packed tarball, and `jotgate-keys` was built before; everything else is run as it is written.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { TESTS, JOTGATE_KEYS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { test, run } = harness()

const readme = await readFile(join(TESTS, '..', '..', 'README.md'), 'utf8')
const block = (name) => {
  const found = new RegExp(`^<!-- ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)
  ok(found, `the README has no shell lines after <!-- ${name} -->`)
  return found[1]
}

/** The ports of the README. Another run of this suite may hold them. */
const PORTS = [8411, 3000]
/** How long to wait for a port, in milliseconds. */
const PORT_LIMIT = 120_000

async function free(port) {
  for (const since = Date.now(); ; ) {
    const server = createServer().listen(port, '127.0.0.1')
    const taken = await new Promise((settle) => server.once('listening', () => settle(false)).once('error', () => settle(true)))
    if (!taken) {
      server.close()
      return once(server, 'close')
    }
    if (Date.now() - since > PORT_LIMIT) throw new Error(`port ${port} is in use: stop the program that listens there`)
    await new Promise((settle) => setTimeout(settle, 500))
  }
}

/** What the shell printed, once it ended; the servers that it started run on. */
async function paste(lines) {
  const { JOTGATE_STORE, JOTGATE_KEK, ...env } = process.env
  env.PATH = `${dirname(JOTGATE_KEYS)}${delimiter}${env.PATH}`
  const shell = spawn('bash', ['-c', lines], { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => {
    try {
      process.kill(-shell.pid, 'SIGKILL')
    } catch {
      // The group has ended.
    }
  })
  let printed = ''
  shell.stdout.setEncoding('utf8').on('data', (text) => (printed += text))
  const [code] = await once(shell, 'exit')
  same(code, 0, printed)
  // Its last words may still be on their way.
  await new Promise((settle) => setTimeout(settle, 100))
  return printed
}

test('the README names `npm install jotgate` within ten lines', () => {
  ok(readme.split('\n').slice(0, 10).includes('npm install jotgate'))
})

test('the first gate and the companion work together as pasted', async () => {
  for (const port of PORTS) await free(port)
  const printed = await paste(`${block('first gate')}${block('companion')}`)
  const [, token] = /"access_token": ?"([\w.-]+)"/.exec(printed) ?? []
  ok(token, `the companion granted no token:\n${printed}`)
  const [passed, refused] = printed.split(/^HTTP\/1\.1 /m).slice(1)
  ok(passed?.startsWith('200') && passed.includes('{"hello":"ada"}'), printed)
  ok(refused?.startsWith('401') && /^www-authenticate: Bearer/im.test(refused), printed)
  ok(/signing|signs/.test(refused), `no key is listed:\n${printed}`)
  const granted = await fetch('http://127.0.0.1:3000/', { headers: { authorization: `Bearer ${token}` } })
  same([granted.status, await granted.json()], [200, { hello: 'worker' }])
})

process.exit(report(await run()))

/** `@modelcontextprotocol/conformance` as it is, on Node 24: its scenarios for authorization servers against the companion. */
import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { harness, same } from '../../suite/harness.mjs'
import { report } from '../report.mjs'
import { freePort, stopping } from '../serving.mjs'
import { npmClients, npmFile, npmVersion } from '../setup.mjs'
import { logIn } from './browser.mjs'
import { API, startCompanion } from './world.mjs'

const PACKAGE = '@modelcontextprotocol/conformance'
const SCENARIOS = ['authorization-server-metadata-endpoint', 'authorization-code-grant']

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function conformance({ folder }, { about }) {
  const binary = npmFile('node-24', 'bin/node')
  about({ version: npmVersion('node-24') })
  const program = join(dirname(npmClients().resolve(`${PACKAGE}/package.json`)), 'dist', 'index.js')
  const port = await freePort()
  const callback = `http://127.0.0.1:${port}/callback`
  const words = ['--public', '--redirect', callback, '--scope', 'read', '--audience', API]
  const world = await startCompanion(folder, { tester: words })
  const { test, run } = harness()
  try {
    const results = join(folder, 'results')
    const args = ['--url', world.issuer, '--client-id', 'tester', '--port', `${port}`, '--output-dir', results]
    const text = await passing(binary, [program, 'authorization', ...args], world)
    for (const scenario of SCENARIOS) {
      test(`${PACKAGE}: ${scenario} passes, and none of its checks fails`, async () => {
        const statuses = (await checks(results, scenario)).map(({ status }) => status)
        const count = (wanted) => statuses.filter((status) => status === wanted).length
        same([count('FAILURE'), count('SKIPPED'), count('SUCCESS') > 0], [0, 0, true], text)
      })
    }
    return report(await run())
  } finally {
    world.stop()
  }
}

/** Runs the program, and logs in at the address that it prints. */
function passing(binary, args, world) {
  return new Promise((settle, reject) => {
    const child = spawn(binary, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: world.certificate } })
    stopping(child)
    let text = ''
    let visited = false
    const read = async (data) => {
      text += data
      const url = new RegExp(`^${world.issuer}/authorize\\?\\S+\\n`, 'm').exec(text)?.[0]
      if (url === undefined || visited) return
      visited = true
      // Its own server waits for the browser.
      await fetch(await logIn(url.trim(), world.ca)).catch(reject)
    }
    child.stdout.on('data', (data) => void read(data).catch(reject))
    child.stderr.on('data', (data) => (text += data))
    child.on('error', reject)
    child.on('exit', () => settle(text))
  })
}

/** The checks of a scenario, as the program stored them. */
async function checks(results, scenario) {
  const names = await readdir(results, { recursive: true })
  const file = names.find((name) => name.includes(scenario) && name.endsWith('checks.json'))
  if (file === undefined) throw new Error(`no checks of ${scenario}: ${names}`)
  return JSON.parse(await readFile(join(results, file), 'utf8'))
}

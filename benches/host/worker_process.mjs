/** Bundles the entry of a worker and starts a workerd with it on loopback. */
import { readFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { Agent, request as ask } from 'node:http'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { bundle, NATIVE } from './bundle.mjs'
import { start, stop } from './children.mjs'
import { tools } from './places.mjs'

export const workerdVersion = () => tools('workerd/package.json').version

/** Bundles an entry as for Cloudflare, and writes the configuration of workerd beside it. Returns its path. */
export async function makeWorker(entry, outdir, options = {}) {
  await bundle({
    entryPoints: [entry],
    outdir,
    outExtension: { '.js': '.mjs' },
    builtins: NATIVE,
    conditions: ['workerd', 'worker', 'browser'],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    ...options,
  })
  const main = `${basename(entry, '.mjs')}.mjs`
  const files = (await readdir(outdir)).filter((name) => name !== main)
  const modules = [main, ...files].map((name) =>
    name.endsWith('.wasm')
      ? `(name = "${name}", wasm = embed "${name}")`
      : `(name = "${name}", esModule = embed "${name}")`,
  )
  const file = join(outdir, 'worker.capnp')
  await writeFile(
    file,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  compatibilityDate = "2026-01-01",
  compatibilityFlags = ["nodejs_compat"],
);
`,
  )
  return file
}

/**
 * Starts it. `ask(path, body, headers)` resolves to the text of the answer; `processorTime()` is the main thread's, in
 * milliseconds. `prefix` is a command that starts workerd in place, such as `taskset`.
 */
export async function startWorker(configuration, { prefix = [] } = {}) {
  const { default: binary } = tools('workerd')
  const args = [...prefix, binary, 'serve', configuration, '--socket-addr=http=127.0.0.1:0', '--control-fd=3']
  const child = start(args[0], args.slice(1), { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const port = await portOf(child)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    // The first number is the time on the processor, in nanoseconds.
    processorTime: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    ask: (path, body, headers = {}) =>
      new Promise((settle, reject) => {
        const method = body === undefined ? 'GET' : 'POST'
        const sent = ask({ host: '127.0.0.1', port, path, method, agent, headers }, async (response) => {
          const said = await text(response)
          if (response.statusCode === 200) settle(said)
          else reject(new Error(`workerd answered ${response.statusCode}: ${said}`))
        })
        sent.on('error', reject)
        sent.setNoDelay(true)
        sent.end(body)
      }),
    stop: async () => {
      agent.destroy()
      const gone = new Promise((settle) => child.once('exit', settle))
      stop(child, 'SIGKILL')
      await gone
    },
  }
}

/** The port of workerd, from its own output. */
function portOf(child) {
  return new Promise((settle, reject) => {
    let said = ''
    let complaint = ''
    child.stderr.on('data', (data) => (complaint = `${complaint}${data}`.slice(-2_000)))
    child.stdio[3].on('data', (data) => {
      said += data
      for (const line of said.split('\n')) {
        const event = line.startsWith('{') && line.endsWith('}') ? JSON.parse(line) : {}
        if (event.event === 'listen' && event.socket === 'http') settle(event.port)
      }
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened: ${complaint}`)))
  })
}

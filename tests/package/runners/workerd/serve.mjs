/** Bundles a worker, and serves it with a real workerd. */
import { spawn } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stopping } from '../serving.mjs'

/** The compatibility date and flags of a worker where a suite names no other, and whether it has `process.versions.node` by them. */
export const COMPATIBILITY = { date: '2026-01-01', flags: [], node: false }

/** The lines of a worker's configuration for these. */
export function lines({ date, flags }) {
  return `compatibilityDate = "${date}",\n  compatibilityFlags = ${JSON.stringify(flags)},`
}

/**
 * Bundles the module by esbuild, as a stranger would, and serves it; where it answers, and what ends it.
 *
 * @param settings - `port`, by default a free one; `bindings`, texts by their names; `compatibility`, by default {@link COMPATIBILITY}; `v8Flags`, none by default
 */
export async function startWorker(folder, entry, { bundle, require }, settings) {
  const outdir = join(folder, 'worker')
  await bundle(folder, {
    entryPoints: { worker: entry },
    outdir,
    outExtension: { '.js': '.mjs' },
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    external: ['cloudflare:*'],
  })
  return serveWorker(outdir, 'worker.mjs', require, settings)
}

/** Serves what a bundler left: a script, and the one `.wasm` beside it or below. */
export async function serveWorker(outdir, script, require, { port = 0, bindings = {}, compatibility = COMPATIBILITY, v8Flags = [] } = {}) {
  const files = await readdir(outdir, { recursive: true })
  const wasm = files.filter((file) => file.endsWith('.wasm'))
  if (wasm.length !== 1) throw new Error(`the bundle brings ${files}, not one .wasm`)
  await writeFile(join(outdir, 'worker.capnp'), capnp(script, wasm[0], bindings, compatibility, v8Flags))
  const { default: binary } = require('workerd')
  const child = spawn(
    binary,
    ['serve', join(outdir, 'worker.capnp'), `--socket-addr=http=127.0.0.1:${port}`, '--control-fd=3'],
    {
      // The last line of standard output is the suite's result.
      stdio: ['ignore', process.stderr, 'inherit', 'pipe'],
    },
  )
  const stop = stopping(child)
  try {
    return { url: `http://127.0.0.1:${await portOf(child)}`, stop }
  } catch (thrown) {
    stop()
    throw thrown
  }
}

/** The port that workerd listens on, as it says itself. */
function portOf(child) {
  return new Promise((settle, reject) => {
    let said = ''
    child.stdio[3].on('data', (data) => {
      said += data
      for (const line of said.split('\n')) {
        const event = line.startsWith('{') && line.endsWith('}') ? JSON.parse(line) : {}
        if (event.event === 'listen' && event.socket === 'http') settle(event.port)
      }
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened`)))
  })
}

function capnp(script, wasm, bindings, compatibility, v8Flags) {
  const texts = Object.entries(bindings).map(([name, text]) => `    (name = "${name}", text = "${text}"),\n`).join('')
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
  v8Flags = ${JSON.stringify(v8Flags)},
);
const worker :Workerd.Worker = (
  modules = [
    (name = "${script}", esModule = embed "${script}"),
    (name = "./${wasm}", wasm = embed "${wasm}"),
  ],
  bindings = [
${texts}  ],
  ${lines(compatibility)}
);
`
}

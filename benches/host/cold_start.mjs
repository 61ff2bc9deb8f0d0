/**
 * Measures the first verdict: fresh processes, in turns, on one processor. Reads the processor time of the
 * main thread where the system has it, beside the clock's.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from './children.mjs'
import { bundle, NATIVE } from './bundle.mjs'
import { firstVerdictsInChromium } from './cold_page.mjs'
import { project, target } from './places.mjs'
import { PROGRAMS } from './programs.mjs'
import { median, tenth } from './statistics.mjs'
import { makeWorker, startWorker } from './worker_process.mjs'

const FOLDER = join(target, 'cold')
const SOURCES = join(project, 'contest', 'cold')
/** Keeps a program on the last processor, where `taskset` is installed. */
const PINNED = existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', '1'] : []

/**
 * The rows of the table: `measure` names the cell, `over` what both are measured over, `goal` what the ratio may be. `ours` and
 * `theirs` are cells of {@link measureAll}.
 */
const ROWS = [
  row('workerd: first request, gate at module scope, key given', 'workerd request', 'jotgate key', 'jose key', 'nothing', 0.6),
  row('workerd: first request, a stored set', 'workerd request', 'jotgate hydrated', 'jose hydrated', 'nothing', 0.8),
  row('workerd: first request, remote set, over a bare fetch', 'workerd request', 'jotgate remote', 'jose remote', 'fetch', 1.6),
  row('workerd: first request, `jotgate/verifier` at module scope, key given', 'workerd request', 'verifier key', 'jose key', 'nothing'),
  row('workerd: first request, gate made inside the request', 'workerd request', 'jotgate inside', 'jose key', 'nothing'),
  row('workerd: start of the isolate, package only imported', 'workerd start', 'jotgate import', 'jose import', 'nothing', 3.5),
  row('workerd: start of the isolate, gate made at module scope', 'workerd start', 'jotgate key', 'jose import', 'nothing'),
  row('workerd: start of the isolate, `jotgate/verifier` at module scope', 'workerd start', 'verifier key', 'jose key', 'nothing'),
  row('Node 24, not bundled', 'node24 unbundled', 'jotgate', 'jose', undefined, 0.35),
  row('Node 24, bundled', 'node24 bundled', 'jotgate', 'jose', undefined, 1.0),
  row('Node 24, bundled, `jotgate/verifier`', 'node24 bundled', 'verifier', 'jose'),
  row('Node 20, not bundled', 'node20 unbundled', 'jotgate', 'jose', undefined, 0.45),
  row('Node 20, bundled', 'node20 bundled', 'jotgate', 'jose'),
  row('Deno', 'deno', 'jotgate', 'jose', undefined, 1.8),
  row('Chromium, the clock of the page', 'chromium', 'jotgate', 'jose'),
]

function row(name, measure, ours, theirs, over, goal) {
  return { name, measure, ours, theirs, over, goal }
}

/** `{ rows: [{ name, ours, theirs, ratio, goal }], cells, worker }`, in milliseconds and bytes. */
export async function coldStart({ fixtures, rounds, runtimes }, tell) {
  await mkdir(FOLDER, { recursive: true })
  const server = await keyServer(fixtures.algorithms.ES256.keys[0].jwk)
  try {
    const task = taskFrom(fixtures, `http://127.0.0.1:${server.address().port}/jwks`)
    const cells = {}
    for (const [number, runtime] of runtimes.entries()) {
      const measures = await MEASURES[runtime](runtime, task)
      const names = Object.keys(measures)
      // The first round fills the caches of the disk.
      for (let round = -1; round < rounds; round++) {
        for (const name of round % 2 === 0 ? names : names.toReversed()) {
          const took = await measures[name]()
          for (const [kind, times] of Object.entries(took)) {
            if (round >= 0) ((cells[kind] ??= {})[name] ??= []).push(times)
          }
        }
        tell({ tick: (number + (round + 1) / rounds) / runtimes.length, note: `first verdicts, ${runtime}` })
      }
    }
    const rows = ROWS.filter(({ measure }) => measure in cells).map((each) => compared(each, cells[each.measure]))
    return { rows, cells: summaries(cells), worker: await workerSizes(task) }
  } finally {
    server.close()
  }
}

/** The result of a cell: the medians, without the cost that both have in common. */
function compared({ name, ours, theirs, over, goal }, cells) {
  const of = (contestant) => median(cells[contestant].map(({ cpu, wall }) => cpu ?? wall))
  const base = over === undefined ? 0 : of(over)
  const [mine, other] = [of(ours) - base, of(theirs) - base]
  return { name, ours: mine, theirs: other, ratio: mine / other, ...(goal !== undefined && { goal }) }
}

function summaries(cells) {
  const summary = (times) =>
    Object.fromEntries(
      ['cpu', 'wall']
        .map((kind) => [kind, times.map((one) => one[kind]).filter((time) => time !== undefined)])
        .filter(([, all]) => all.length > 0)
        .map(([kind, all]) => [kind, { median: median(all), p10: tenth(all) }]),
    )
  const of = (contestants) => Object.fromEntries(Object.entries(contestants).map(([name, times]) => [name, summary(times)]))
  return Object.fromEntries(Object.entries(cells).map(([kind, contestants]) => [kind, of(contestants)]))
}

function taskFrom({ issuer, audience, algorithms }, jwksUri) {
  const { keys, one } = algorithms.ES256
  const [{ jwk }] = keys
  return { algorithm: 'ES256', jwk, jwks: { keys: [jwk] }, jwksUri, issuer, audience, token: one.good[0] }
}

function keyServer(jwk) {
  const body = JSON.stringify({ keys: [jwk] })
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
  return new Promise((settle) => server.listen(0, '127.0.0.1', () => settle(server)))
}

/** Per runtime: functions by contestant that start a process and resolve to times by cell. */
const MEASURES = { node20: inProgram, node24: inProgram, deno: inProgram, workerd: inWorkerd, chromium: inChromium }

async function inProgram(runtime, task) {
  const file = join(FOLDER, 'task.json')
  await writeFile(file, JSON.stringify(task))
  const script = join(FOLDER, 'program.mjs')
  await cp(join(SOURCES, 'program.mjs'), script)
  const { binary, args } = PROGRAMS[runtime]
  const start = async (module) => {
    let took
    const [command, ...words] = [...PINNED, binary(), ...args, script, module, file]
    await run(command, words, { cwd: project, env: { ...process.env, NO_COLOR: '1' }, line: (text) => (took = JSON.parse(text)) })
    return took
  }
  const forms = runtime === 'deno' ? { deno: SOURCES } : { [`${runtime} unbundled`]: SOURCES, [`${runtime} bundled`]: FOLDER }
  const measures = {}
  for (const name of ['jotgate', 'verifier', 'jose']) {
    await bundleForNode(`verify_${name}`)
    measures[name] = async () => {
      const took = {}
      for (const [cell, folder] of Object.entries(forms)) took[cell] = await start(join(folder, `verify_${name}.mjs`))
      return took
    }
  }
  return measures
}

/** One file for Node, as for a serverless function. */
export function bundleForNode(module) {
  return bundle({
    entryPoints: [join(SOURCES, `${module}.mjs`)],
    outfile: join(FOLDER, `${module}.mjs`),
    builtins: NATIVE,
    platform: 'node',
  })
}

const WORKERS = {
  'nothing': ['nothing'],
  'fetch': ['fetch'],
  'jotgate import': ['jotgate_import'],
  'jotgate key': ['jotgate', 'key'],
  'jotgate inside': ['jotgate', 'inside'],
  'jotgate hydrated': ['jotgate', 'hydrated'],
  'jotgate remote': ['jotgate', 'remote'],
  'verifier key': ['verifier'],
  'jose import': ['jose_import'],
  'jose key': ['jose', 'key'],
  'jose hydrated': ['jose', 'hydrated'],
  'jose remote': ['jose', 'remote'],
}

function makeNamedWorker(name, task) {
  const [module, form = ''] = WORKERS[name]
  const define = { TASK: JSON.stringify(task), FORM: JSON.stringify(form) }
  return makeWorker(join(SOURCES, `worker_${module}.mjs`), join(target, `cold-${name.replace(' ', '-')}`), { define })
}

/** Each worker in a process of its own: the time until it listens, then that of its first request. */
async function inWorkerd(_, task) {
  const measures = {}
  for (const name of Object.keys(WORKERS)) {
    const configuration = await makeNamedWorker(name, task)
    measures[name] = async () => {
      const before = performance.now()
      const worker = await startWorker(configuration, { prefix: PINNED })
      try {
        const started = { cpu: worker.processorTime(), wall: performance.now() - before }
        const asked = performance.now()
        const said = await worker.ask('/', undefined, { authorization: `Bearer ${task.token}` })
        if (said !== 'string') throw new Error(`the worker ${name} answered ${said}`)
        const wall = performance.now() - asked
        return { 'workerd start': started, 'workerd request': { cpu: worker.processorTime() - started.cpu, wall } }
      } finally {
        await worker.stop()
      }
    }
  }
  return measures
}

async function inChromium(_, task) {
  const verdict = await firstVerdictsInChromium(SOURCES, FOLDER, task)
  return Object.fromEntries(
    ['jotgate', 'jose'].map((name) => [name, async () => ({ chromium: { wall: await verdict(name) } })]),
  )
}

/**
 * What workers weigh, with a gate, with `jotgate/verifier` and a key, with jose, and without any: all their files, compressed one by one, in
 * bytes. `javascript` is the script of the second one, minified and not compressed.
 */
async function workerSizes(task) {
  const filesOf = async (name) => {
    await makeNamedWorker(name, { ...task, token: '', jwk: {}, jwks: {} })
    const folder = join(target, `cold-${name.replace(' ', '-')}`)
    const files = (await readdir(folder)).filter((file) => !file.endsWith('.capnp'))
    return Promise.all(files.map(async (file) => ({ file, bytes: await readFile(join(folder, file)) })))
  }
  const weigh = async (name) => {
    const files = await filesOf(name)
    return files.reduce((sum, { bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0)
  }
  const scripts = (await filesOf('verifier key')).filter(({ file }) => file.endsWith('.mjs'))
  return {
    nothing: await weigh('nothing'),
    jotgate: await weigh('jotgate key'),
    verifier: await weigh('verifier key'),
    jose: await weigh('jose key'),
    javascript: { bytes: scripts.reduce((sum, { bytes }) => sum + bytes.length, 0), goal: JAVASCRIPT_GOAL },
  }
}

/** The most bytes of JavaScript of a worker with `jotgate/verifier` and a key, minified. */
const JAVASCRIPT_GOAL = 23_000

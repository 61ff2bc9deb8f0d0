/** Measures the time from the import of bundled contestants to the first verdict, in fresh processes, in turns. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { bundle, NATIVE } from './bundle.mjs'
import { project, target } from './places.mjs'
import { PROGRAMS } from './programs.mjs'
import { summary } from './statistics.mjs'
import { makeWorker, startWorker } from './worker_process.mjs'

const IN_NODE = { 'jotgate': 'jotgate', 'jose': 'jose', 'fast-jwt': 'fast_jwt' }
const IN_WORKERD = { nothing: 'nothing', jotgate: 'jotgate', jose: 'jose' }
const FOLDER = join(target, 'cold')

/** `{ [runtime]: { [algorithm]: { [contestant]: { median, low, high } } } }`, milliseconds. */
export async function coldStart({ fixtures, runtimes, algorithms, rounds }, tell) {
  await mkdir(FOLDER, { recursive: true })
  const tasks = {}
  for (const algorithm of algorithms) {
    const { keys, one } = fixtures.algorithms[algorithm]
    const [{ jwk, pem }] = keys
    const { issuer, audience } = fixtures
    tasks[algorithm] = { algorithm, jwk, pem, issuer, audience, token: one.good[0] }
  }
  const measured = {}
  for (const [number, runtime] of runtimes.entries()) {
    const measure = runtime === 'workerd' ? await inWorkerd(tasks) : await inNode(runtime, tasks)
    const names = Object.keys(runtime === 'workerd' ? IN_WORKERD : IN_NODE)
    measured[runtime] = {}
    for (const [place, algorithm] of algorithms.entries()) {
      const times = Object.fromEntries(names.map((name) => [name, []]))
      // The first round fills the caches of the disk.
      for (let round = -1; round < rounds; round++) {
        const order = round % 2 === 0 ? names : names.toReversed()
        for (const name of order) {
          const took = await measure(name, algorithm)
          if (round >= 0) times[name].push(took)
        }
        const share = (place + (round + 1) / rounds) / algorithms.length
        tell({ tick: (number + share) / runtimes.length, note: `cold start, ${runtime}, ${algorithm}` })
      }
      measured[runtime][algorithm] = Object.fromEntries(names.map((name) => [name, summary(times[name])]))
    }
  }
  return measured
}

async function inNode(runtime, tasks) {
  const file = join(FOLDER, 'tasks.json')
  await writeFile(file, JSON.stringify(tasks))
  const script = join(FOLDER, 'in_node.mjs')
  await cp(join(project, 'contest', 'cold', 'in_node.mjs'), script)
  for (const module of Object.values(IN_NODE)) await bundleForNode(module)
  return async (name, algorithm) => {
    let took
    await run(
      PROGRAMS[runtime].binary(),
      ['--no-warnings', script, join(FOLDER, `${IN_NODE[name]}.mjs`), file, algorithm],
      {
        line: (text) => ({ took } = JSON.parse(text)),
      },
    )
    return took
  }
}

/** One file for Node, as for a serverless function; CommonJS packages keep their `require`. */
export function bundleForNode(module) {
  return bundle({
    entryPoints: [join(project, 'contest', 'cold', `${module}.mjs`)],
    outfile: join(FOLDER, `${module}.mjs`),
    builtins: NATIVE,
    platform: 'node',
  })
}

/** Measures from the start of the process to the answer of the first request. `nothing` is the cost of workerd. */
async function inWorkerd(tasks) {
  const configurations = {}
  for (const [name, module] of Object.entries(IN_WORKERD)) {
    const entry = join(project, 'contest', 'cold', 'in_worker.mjs')
    const alias = { FIRST: join(project, 'contest', 'cold', `${module}.mjs`) }
    configurations[name] = await makeWorker(entry, join(target, `cold-${module}`), { alias })
  }
  return async (name, algorithm) => {
    const before = performance.now()
    const worker = await startWorker(configurations[name])
    try {
      const said = await worker.ask('/', JSON.stringify(tasks[algorithm]))
      if (said !== 'string') throw new Error(`the worker answered ${said}`)
      return performance.now() - before
    } finally {
      await worker.stop()
    }
  }
}

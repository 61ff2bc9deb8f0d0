/**
 * Measures verifiers against each other. `cargo xtask bench` builds what is needed and calls this.
 *
 *     node benches/run.mjs                          three runs of everything; docs/benchmarks.* are written
 *     node benches/run.mjs --cold                   the cold start alone; its part of docs/benchmarks.* is written
 *     node benches/run.mjs --quick                  one short run: Node 20, Bun, cold start, sizes
 *     node benches/run.mjs --runtime node20,bun     these parts only
 *     node benches/run.mjs --algorithm ES256,EdDSA  these algorithms only
 *     node benches/run.mjs --runs 1 --rounds 5      fewer runs, fewer rounds of each contest
 *     node benches/run.mjs --against <folder>       beside an earlier build of the package, which enters as `earlier`
 *
 * `--package <folder>` is the built package, by default target/npm/jotgate; `--native <file>` the
 * program of benches/native. The results are in target/bench.json; only a run of everything writes to docs/, any other to target/bench.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeFixtures } from './host/fixtures.mjs'
import { limits, ratios } from './host/floors.mjs'
import { busy, commit, load, machine } from './host/machine.mjs'
import { NAMES } from './host/names.mjs'
import { page } from './host/page.mjs'
import { contestIn, otherPart } from './host/parts.mjs'
import { picture } from './host/picture.mjs'
import { withReadmeTable } from './host/readme_table.mjs'
import { root, target } from './host/places.mjs'
import { expected, planFrom, RUNTIMES } from './host/plan.mjs'
import { Progress } from './host/progress.mjs'
import { makeProject, packageVersions } from './host/project.mjs'
import { Results } from './host/results.mjs'
import { Missing } from '../tests/package/runners/setup.mjs'

const plan = planFrom(process.argv.slice(2))
const made = new Date().toISOString()
await mkdir(target, { recursive: true })
await makeProject(
  resolve(plan.package ?? join(root, 'target', 'npm', 'jotgate')),
  plan.against === undefined ? undefined : resolve(plan.against),
)

const schedule = Array.from({ length: plan.runs }, (_, run) =>
  plan.parts.map((part) => ({ run, part, name: title(part, run), seconds: expected(part, plan) })),
).flat()
const progress = new Progress(schedule)
const before = load()
progress.tell(`the load of the machine is ${before.toFixed(1)}${busy(before) ? ': it should be idle' : ''}`)
const runs = Array.from({ length: plan.runs }, () => ({}))
const took = {}
let fixtures
for (const step of schedule) {
  progress.begin(step)
  // Other keys and tokens in each run.
  if (step.part === plan.parts[0]) fixtures = makeFixtures(plan)
  const tell = ({ tick, note }) => progress.tick(tick, note)
  const began = performance.now()
  try {
    const work = RUNTIMES.includes(step.part) ? contestIn : otherPart
    runs[step.run][step.part] = await work(step.part, fixtures, plan, tell)
  } catch (thrown) {
    const reason = thrown instanceof Missing ? thrown.message : `${thrown?.message ?? thrown}`
    progress.tell(`${step.name}: ${thrown instanceof Missing ? reason : (thrown?.stack ?? thrown)}`)
    runs[step.run][step.part] = { failed: reason.slice(0, 500) }
  }
  took[step.part] = (took[step.part] ?? 0) + (performance.now() - began) / 1_000
  progress.end()
}

const results = new Results(runs)
const contests = plan.parts.filter((part) => RUNTIMES.includes(part))
const summary = {
  made,
  commit: commit(),
  whole: plan.whole,
  quick: plan.quick,
  runs: plan.runs,
  rounds: plan.rounds,
  algorithms: plan.algorithms,
  machine: machine(),
  load: { before, after: load(), busy: busy(before) },
  // Seconds, for all runs.
  took,
  packages: await packageVersions(),
  runtimes: Object.fromEntries(contests.map((name) => [name, results.version(name) ?? null])),
  failures: Object.fromEntries(plan.parts.map((part) => [part, results.failure(part)]).filter(([, reason]) => reason)),
  ratios: ratios(results, plan),
  limits: limits(results, plan),
  contests: Object.fromEntries(contests.map((name) => [name, results.cells(name)])),
  absent: results.absent(contests),
  ...Object.fromEntries(
    plan.parts.filter((part) => !RUNTIMES.includes(part)).map((part) => [part, results.other(part) ?? null]),
  ),
}
await writeFile(join(root, 'target', 'bench.json'), JSON.stringify({ ...summary, each: runs }))
const folder = plan.whole || plan.onlyCold ? join(root, 'docs') : target
const shown = plan.onlyCold ? await withColdStart(summary) : summary
const shownPlan = plan.onlyCold ? planFrom([]) : plan
await writeFile(join(folder, 'benchmarks.json'), json(shown))
await writeFile(join(folder, 'benchmarks.md'), page(shown, shownPlan))
const drawn = plan.onlyCold ? undefined : picture(summary, plan)
if (drawn !== undefined) await writeFile(join(folder, 'benchmarks.svg'), drawn)
if (plan.whole || plan.onlyCold) {
  const readme = join(root, 'README.md')
  await writeFile(readme, withReadmeTable(await readFile(readme, 'utf8'), shown))
}
console.log(`written: target/bench.json, ${folder.slice(root.length + 1)}/benchmarks.md, .json${drawn ? ', .svg' : ''}`)
process.exit(0)

function title(part, run) {
  return plan.runs > 1 ? `run ${run + 1} of ${plan.runs}: ${NAMES[part]}` : NAMES[part]
}

/** The last results, with this cold start in place of theirs. */
async function withColdStart({ 'cold-start': measured, made, commit, machine, load, runs, failures }) {
  if (failures['cold-start'] !== undefined) throw new Error(failures['cold-start'])
  const last = JSON.parse(await readFile(join(root, 'docs', 'benchmarks.json'), 'utf8'))
  const about = `Measured apart from the rest, on ${made.slice(0, 10)}${commit ? ` (${commit})` : ''}, on ${machine.processor}; ${runs === 1 ? 'one run' : `${runs} runs`}; the load of the machine was ${load.before.toFixed(1)} before.`
  // Limits of the cold start were rows of the goals once.
  const limits = last.limits.filter(({ name }) => !name.includes('import to first'))
  return { ...last, limits, 'cold-start': { ...measured, about } }
}

/** The file in the repository has four digits for each number and a line for each time. */
function json(value) {
  const rounded = (_, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
  const text = JSON.stringify(value, rounded, 1)
  return `${text.replace(/\{\s+"(?:median|ratio|raw)": [^{}]+\}/g, (lines) => lines.replace(/\s+/g, ' '))}\n`
}

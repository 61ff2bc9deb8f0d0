/** Reads the arguments of the command and plans what to measure. */
import { parseArgs } from 'node:util'
import { ALGORITHMS } from './fixtures.mjs'

/** The runtimes of the contest. */
export const RUNTIMES = ['node20', 'node24', 'deno', 'bun', 'workerd', 'chromium', 'firefox', 'native']
/** The other parts. */
export const OTHERS = ['cold-start', 'memory', 'table-memory', 'forged-token', 'sizes']

const KEYS_OF_A_SET = 20
const IN_FLIGHT = 32

/** Every combination of: one key or a set, new or repeated tokens, one at a time or several in flight. */
const CASES = [1, KEYS_OF_A_SET].flatMap((keys) =>
  ['fresh', 'repeated'].flatMap((tokens) => [1, IN_FLIGHT].map((inFlight) => ({ keys, tokens, inFlight }))),
)

const FULL = {
  cases: CASES,
  rounds: 12,
  // Milliseconds: long enough for the clock, and short beside disturbances.
  batch: { others: 6, chromium: 10, firefox: 12, workerd: 20 },
  // Milliseconds, verifications of a key, and milliseconds for a set of keys that must get its tables.
  warmUp: { least: 100, most: 500, times: 4_300, heat: 6_000 },
  cold: { rounds: 20, runtimes: ['node20', 'node24', 'deno', 'workerd', 'chromium'] },
  tableMemory: { rounds: 12, passes: 560 },
}

const QUICK = {
  ...FULL,
  cases: CASES.filter(({ keys, tokens, inFlight }) => keys === 1 && (tokens === 'fresh' || inFlight === 1)),
  rounds: 15,
  batch: { others: 4, chromium: 8, firefox: 8, workerd: 10 },
  warmUp: { least: 40, most: 200, times: 4_300, heat: 400 },
  cold: { rounds: 5, runtimes: ['node20'] },
  tableMemory: { rounds: 6, passes: 40 },
}

/** The parts of `--quick`. */
const QUICK_PARTS = ['node20', 'bun', 'cold-start', 'sizes']

export function planFrom(words) {
  const { values } = parseArgs({
    args: words,
    options: {
      quick: { type: 'boolean', default: false },
      cold: { type: 'boolean', default: false },
      runtime: { type: 'string' },
      algorithm: { type: 'string' },
      runs: { type: 'string' },
      rounds: { type: 'string' },
      package: { type: 'string' },
      against: { type: 'string' },
      native: { type: 'string' },
    },
  })
  const { quick, cold } = values
  if (cold && (quick || values.runtime || values.algorithm)) throw new Error('--cold can be combined with --runs and --rounds alone')
  const base = quick ? QUICK : FULL
  const named = values.runtime ? some('runtime', values.runtime, [...RUNTIMES, ...OTHERS]) : undefined
  const parts = cold ? ['cold-start'] : named
  const algorithms = values.algorithm ? some('algorithm', values.algorithm, ALGORITHMS) : ALGORITHMS
  const rounds = whole('rounds', values.rounds) ?? base.rounds
  return {
    ...base,
    quick,
    parts: parts ?? (quick ? QUICK_PARTS : [...RUNTIMES, ...OTHERS]),
    algorithms,
    rounds,
    cold: { ...base.cold, rounds: whole('rounds', values.rounds) ?? base.cold.rounds },
    onlyCold: cold,
    runs: whole('runs', values.runs) ?? (quick || parts || values.against ? 1 : 3),
    keys: Math.max(...base.cases.map(({ keys }) => keys)),
    // Only a whole run writes the page in docs/.
    whole: !quick && parts === undefined && values.algorithm === undefined && values.rounds === undefined && values.against === undefined,
    package: values.package,
    against: values.against,
    native: values.native,
  }
}

/**
 * The work of a runtime. Each algorithm and number of keys runs in its own process. Otherwise a package with tables
 * would be measured with those of earlier keys.
 */
export function stagesOf(runtime, { algorithms, cases, rounds, batch, warmUp }) {
  const numbers = [...new Set(cases.map(({ keys }) => keys))]
  const all = algorithms.flatMap((algorithm) => numbers.map((keys) => ({ algorithm, keys })))
  return all
    .filter(({ algorithm, keys }) => keys === 1 || algorithm !== 'HS256')
    .map(({ algorithm, keys }) => ({
      algorithm,
      keys,
      cases: cases.filter((one) => one.keys === keys),
      rounds,
      batch: batch[runtime] ?? batch.others,
      warmUp,
    }))
}

/** The approximate time of a part in seconds, for the progress line. */
export function expected(part, plan) {
  const { algorithms, cases, rounds, batch, warmUp, cold } = plan
  const entrants = 8
  const round = ((batch[part] ?? batch.others) * (part === 'workerd' ? 1.2 : 1)) / 1_000
  const contests = part === 'native' ? 2 : cases.length
  const sets = cases.filter(({ keys, inFlight }) => keys > 1 && inFlight === 1).length
  const heating = algorithms.length * sets * 2 * 1.5
  const starts = cold.runtimes.length * 5 * (cold.rounds + 1) * 0.25
  return (
    {
      'cold-start': starts + 2,
      'memory': 110,
      'table-memory': (plan.tableMemory.passes / 560) * 30 + 4,
      'forged-token': algorithms.length * 4,
      'sizes': 3,
    }[part] ??
    algorithms.length * entrants * contests * (rounds * round + (warmUp.least * 2) / 1_000 + 0.1) + heating + 2
  )
}

function some(name, words, known) {
  const list = words.split(',').map((word) => word.trim())
  const wrong = list.find((word) => !known.includes(word))
  if (wrong !== undefined) throw new Error(`--${name} ${wrong}: there are ${known.join(', ')}`)
  return known.filter((word) => list.includes(word))
}

function whole(name, word) {
  if (word === undefined) return undefined
  if (!/^[1-9]\d{0,3}$/.test(word)) throw new Error(`--${name} ${word}: a whole number is needed, at least 1`)
  return Number(word)
}

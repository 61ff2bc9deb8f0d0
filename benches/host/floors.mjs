/** Compares the results with the goals: ratios of our rate to theirs, and limits. */
import { ALGORITHMS } from './fixtures.mjs'
import { NAMES } from './names.mjs'

const ONE_AT_A_TIME = { keys: 1, tokens: 'fresh', inFlight: 1 }
const IN_FLIGHT = { keys: 1, tokens: 'fresh', inFlight: 32 }
const REPEATED = { keys: 1, tokens: 'repeated', inFlight: 1 }

/** If there are two calls, the faster one counts. */
const OURS = ['jotgate verify', 'jotgate verifySync']
const OUR_CACHE = ['jotgate verify, token cache', 'jotgate verifySync, token cache']

const all = (floor) => Object.fromEntries(ALGORITHMS.map((name) => [name, floor]))
const each = (...floors) => Object.fromEntries(ALGORITHMS.map((name, place) => [name, floors[place]]))

const alone = (runtime, theirs, floors) => ({
  runtime,
  name: `${NAMES[runtime]} ÷ ${theirs}`,
  where: ONE_AT_A_TIME,
  ours: OURS,
  theirs,
  floors,
})

/** With `--against`: this build may be slower than an earlier one by 3 %. */
const LEAST_OF_EARLIER = 0.97

// In the order of the columns: HS256, RS256, PS256, ES256, ES384, EdDSA.
const NODE_JOSE = each(10, 3, 3, 4, 6, 6)
const NODE_FAST_JWT = each(1.4, 1.1, 1.1, 2, 4, 4)
const ELSEWHERE = each(4, 1, 1, 2, 3, 2)

const ROWS = [
  alone('node20', 'jose', NODE_JOSE),
  alone('node24', 'jose', NODE_JOSE),
  alone('node20', 'fast-jwt', NODE_FAST_JWT),
  alone('node24', 'fast-jwt', NODE_FAST_JWT),
  alone('workerd', 'jose', each(3.5, 1, 1, 2, 3, 2.5)),
  alone('bun', 'jose', each(4, 1, 1, 2, 4, 2.5)),
  alone('deno', 'jose', ELSEWHERE),
  alone('chromium', 'jose', ELSEWHERE),
  alone('firefox', 'jose', ELSEWHERE),
  ...['node20', 'node24', 'workerd', 'bun', 'deno', 'chromium', 'firefox'].map((runtime) => ({
    runtime,
    name: `${NAMES[runtime]} ÷ jose, 32 in flight`,
    where: IN_FLIGHT,
    ours: OURS,
    theirs: 'jose',
    floors: all(1),
  })),
  ...['node20', 'node24'].flatMap((runtime) =>
    // With its defaults, which hash each token, and in the faster form of its documentation.
    Object.entries({ "fast-jwt's": 'fast-jwt, cache', "fast-jwt's by the token itself": 'fast-jwt, cache by the token itself' }).map(
      ([whose, theirs]) => ({
        runtime,
        name: `${NAMES[runtime]}: cache hit ÷ ${whose}`,
        where: REPEATED,
        ours: OUR_CACHE,
        theirs,
        floors: all(2),
      }),
    ),
  ),
  ...['node20', 'node24', 'workerd', 'bun', 'deno', 'chromium', 'firefox'].flatMap((runtime) =>
    ['verify', 'verifySync'].flatMap((call) =>
      [1, 20].map((keys) => ({
        runtime,
        name: `${NAMES[runtime]}: ${call}${keys > 1 ? ', a set' : ''} ÷ earlier`,
        where: { ...ONE_AT_A_TIME, keys },
        ours: [`jotgate ${call}`],
        theirs: `earlier ${call}`,
        // Sets have no shared secrets.
        floors: { ...all(LEAST_OF_EARLIER), ...(keys > 1 && { HS256: undefined }) },
      })),
    ),
  ),
  {
    runtime: 'native',
    name: 'native ÷ jsonwebtoken, aws_lc_rs',
    where: ONE_AT_A_TIME,
    ours: ['jotgate'],
    theirs: 'jsonwebtoken, aws_lc_rs',
    floors: { ES256: 1, ES384: 1, EdDSA: 1 },
  },
]

const KIB = 1_024

/** `[{ name, cells: { [algorithm]: { ratio, low, high, floor, met, ours } | { missing } } }]` for the measured parts. */
export function ratios(results, { parts, algorithms, against }) {
  const rows = ROWS.filter(({ runtime, theirs }) => parts.includes(runtime) && (against || !theirs.startsWith('earlier')))
  return rows.map(({ runtime, name, where, ours, theirs, floors }) => {
    const cells = {}
    for (const algorithm of algorithms) {
      const place = { ...where, algorithm }
      const [best] = ours
        .map((id) => ({ id, ratio: results.ratio(runtime, place, id, theirs) }))
        .filter((one) => one.ratio !== undefined)
        .sort((a, b) => b.ratio.median - a.ratio.median)
      const floor = floors[algorithm]
      if (best === undefined) {
        const missing = ours.find((id) => results.time(runtime, place, id) === undefined) ?? theirs
        cells[algorithm] = { missing: `${missing}: ${results.reason(runtime, place, missing)}`, ...wanted(floor) }
        continue
      }
      const { median: ratio, low, high } = best.ratio
      cells[algorithm] = { ratio, low, high, ours: best.id, ...wanted(floor, ratio) }
    }
    return { name, cells }
  })
}

/** A floor and whether it is met. A row may have ratios without a floor. */
function wanted(floor, ratio) {
  return floor === undefined ? {} : { floor, met: ratio !== undefined && ratio >= floor }
}

/** `[{ name, value, limit, met } | { name, missing }]`: the goals that are not a table by algorithm. */
export function limits(results, { parts }) {
  const asked = Object.entries(LIMITS).filter(([part]) => parts.includes(part))
  return asked.flatMap(([part, of]) => {
    const measured = results.other(part)
    return measured === undefined ? [{ name: part, missing: results.failure(part), met: false }] : of(measured)
  })
}

const LIMITS = {
  'sizes': ({ wasm }) => {
    const { 'all algorithms': all } = wasm
    return [most('WebAssembly, all algorithms, brotli', all.brotli, 80 * KIB, kibibytes)]
  },
  'memory': (measured) => {
    const single = Object.entries(measured).filter(([name]) => ALGORITHMS.includes(name))
    const [name, bytes] = single.sort(([, a], [, b]) => b - a)[0]
    return [most(`linear memory with 20 hot keys (${name})`, bytes, 16 * KIB * KIB, mebibytes)]
  },
  'table-memory': (measured) =>
    Object.entries(measured).map(([algorithm, { count, ratio }]) => ({
      name: `${count} ${algorithm} keys in turn, ÷ without tables`,
      value: ratio.median.toFixed(2),
      limit: 'at least 1',
      met: ratio.median >= 1,
    })),
}

function most(name, value, limit, text) {
  return { name, value: text(value), limit: `at most ${text(limit)}`, met: value <= limit }
}

const kibibytes = (value) => `${(value / KIB).toFixed(1)} KiB`
const mebibytes = (value) => `${(value / KIB / KIB).toFixed(1)} MiB`

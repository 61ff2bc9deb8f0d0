/** Runs the cases of a plan one after the other, and returns the times of all entrants. */
import { contest } from './contest.mjs'

/**
 * @param plan - an algorithm, a number of keys, the cases of both, and how to measure
 * @param enter - takes a situation; resolves to `{ present: [{ id, run(count, inFlight) }], absent: { id: reason } }`
 * @param tell - gets `{ tick, note }` now and then, and `{ cell }` for each case
 */
export async function allCases(plan, enter, tell) {
  const { algorithm, keys, cases } = plan
  let done = 0
  for (const tokens of new Set(cases.map((one) => one.tokens))) {
    const { present, absent } = await enter({ algorithm, keys, tokens })
    const own = cases.filter((one) => one.tokens === tokens)
    for (const [number, { inFlight }] of own.entries()) {
      const entrants = present.map(({ id, run }) => ({
        id,
        least: inFlight > 1 ? inFlight * 2 : 1,
        warmUp: number === 0 ? cold(plan.warmUp, id, keys) : warm(plan.warmUp),
        run: (count) => run(count, inFlight),
      }))
      const note = caseName({ algorithm, keys, tokens, inFlight })
      const results = await contest(entrants, plan, (part) => tell({ tick: (done + part) / cases.length, note }))
      await tell({ cell: { algorithm, keys, tokens, inFlight, results, absent } })
      done++
    }
  }
}

/** Engines compile code early; the keys of jotgate get tables after some hundred successes, so each verifies that often. */
function cold({ least, most, times, heat }, id, keys) {
  // The keys of a set get their usual tables. The widest would take minutes, and there is no memory for all of them.
  const enough = keys > 1 ? Math.min(times, 700) * keys : times
  return id.startsWith('jotgate') ? { least, most: heat, times: enough } : { least, most, times: Math.min(times, 700) }
}

/** An entrant that was just measured only needs the size of a batch. */
function warm({ least }) {
  return { least: least / 4, most: least, times: 0 }
}

function caseName({ algorithm, keys, tokens, inFlight }) {
  const held = keys === 1 ? '1 key' : `${keys} keys`
  const flight = inFlight === 1 ? 'one at a time' : `${inFlight} in flight`
  return `${algorithm}, ${held}, ${tokens} tokens, ${flight}`
}

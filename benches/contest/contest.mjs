/**
 * Measures entrants in turns of a small batch each, so that a disturbance of the machine affects all of them.
 */

/** The largest batch. Its tokens are made before it, and must not use much memory. */
const MOST = 4_096

/**
 * @param entrants - `{ id, run(count), least, warmUp }`; `least` is the smallest batch; `warmUp`: `least` and `most`
 *   milliseconds, and the `times` that are enough in between
 * @param settings - `rounds`; `batch`, the milliseconds that a batch should take
 * @param tick - called after each step with how much of the contest is done, 0 to 1
 * @returns for each id `{ count, times }`: microseconds for one verification in each round
 */
export async function contest(entrants, { rounds, batch }, tick = () => {}) {
  const results = Object.fromEntries(entrants.map(({ id }) => [id, { count: 0, times: [] }]))
  const steps = entrants.length * 2
  let done = 0
  for (const entrant of entrants) {
    results[entrant.id].count = await warm(entrant, batch)
    tick(++done / steps)
  }
  for (let round = 0; round < rounds; round++) {
    for (const { id, run } of turn(entrants, round)) {
      const { count, times } = results[id]
      times.push(((await run(count)) / count) * 1000)
    }
    tick((entrants.length + (entrants.length * (round + 1)) / rounds) / steps)
  }
  return results
}

/** Each round begins with another entrant, and every second round goes the other way round. */
function turn(entrants, round) {
  const from = (round >> 1) % Math.max(entrants.length, 1)
  const order = [...entrants.slice(from), ...entrants.slice(0, from)]
  return round % 2 === 0 ? order : order.reverse()
}

/** Runs an entrant until its code and keys are warm. Returns how many verifications make a batch. */
async function warm({ run, least, warmUp }, batch) {
  let count = least
  let spent = 0
  let done = 0
  for (;;) {
    const took = Math.max(await run(count), 0.01)
    spent += took
    done += count
    const fitting = Math.min(MOST, Math.max(least, Math.round((batch * count) / took)))
    const grown = fitting <= count * 2
    count = Math.min(fitting, count * 2)
    if (grown && spent >= warmUp.least && (done >= warmUp.times || spent >= warmUp.most)) return count
  }
}

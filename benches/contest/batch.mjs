/** Tokens enter; they are verified one after the other or several in flight, and how long that took leaves. */
import { enter } from './entrants.mjs'

/** Enters those who run in this very process. */
export const enterHere = (fixtures) => async (situation) => {
  const { present, absent } = await enter(fixtures, situation)
  return { present: present.map(({ id, verify, pool }) => ({ id, run: timed(verify, pool) })), absent }
}

/** Milliseconds for a number of verifications. The tokens are made before the clock starts. */
function timed(verify, pool) {
  return async (count, inFlight) => {
    const tokens = pool.take(count)
    const before = performance.now()
    await verifyAll(verify, tokens, inFlight)
    return performance.now() - before
  }
}

export async function verifyAll(verify, tokens, inFlight) {
  if (inFlight > 1) {
    let next = 0
    const lane = async () => {
      while (next < tokens.length) believe(await verify(tokens[next++]))
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
    return
  }
  const first = verify(tokens[0])
  const waits = typeof first?.then === 'function'
  believe(waits ? await first : first)
  if (waits) for (let n = 1; n < tokens.length; n++) believe(await verify(tokens[n]))
  else for (let n = 1; n < tokens.length; n++) believe(verify(tokens[n]))
}

/** Nobody gets a time for claims that are not there. */
function believe(claims) {
  if (typeof claims.sub !== 'string') throw new Error('a verification returned no claims')
}

/** Verifies tokens one after the other or several in flight, and measures the time. */
import { enter } from './entrants.mjs'

/** Measures entrants in this process. */
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

/** Fails if the claims are missing. */
function believe(claims) {
  if (typeof claims.sub !== 'string') throw new Error('a verification returned no claims')
}

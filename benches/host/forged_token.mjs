/** The most that one forged token costs: a large set of keys without `kid`, and a signature of another key. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { makeKey, makeToken } from './fixtures.mjs'
import { project, target } from './places.mjs'
import { summary } from './statistics.mjs'

/** More keys than are ever tried. */
const KEYS = 65
/** `maxCandidates` in Workers and elsewhere. */
const BOUNDS = [16, 64]

/** `{ [algorithm]: { [maxCandidates]: summary } }`, in microseconds. */
export async function forgedToken({ algorithms, rounds }, tell) {
  const measured = {}
  const symmetric = (name) => name.startsWith('HS')
  const asymmetric = algorithms.filter((name) => !symmetric(name))
  for (const [number, algorithm] of asymmetric.entries()) {
    tell({ tick: number / asymmetric.length, note: `a forged token, ${algorithm}` })
    const { kid: _, ...jwk } = makeKey(algorithm).jwk
    const file = join(target, 'forged.json')
    const jwks = { keys: Array.from({ length: KEYS }, () => jwk) }
    const token = makeToken(algorithm, makeKey(algorithm))
    await writeFile(file, JSON.stringify({ algorithm, jwks, token, bounds: BOUNDS, rounds }))
    measured[algorithm] = {}
    await run(process.execPath, [join(project, 'contest', 'forged_token.mjs'), file], {
      line: (text) => {
        const { maxCandidates, times } = JSON.parse(text)
        measured[algorithm][maxCandidates] = summary(times)
      },
    })
  }
  return measured
}

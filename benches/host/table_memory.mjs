/** Uses twice as many keys as fit into the memory for tables in turn, and compares them with keys without tables. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { AUDIENCE, ISSUER, makeKey, makeToken } from './fixtures.mjs'
import { project, target } from './places.mjs'
import { ratio, summary } from './statistics.mjs'

/** The package's own limit on the memory for tables. */
const TABLE_MEMORY = 8 * 1024 * 1024
const MOST_KEYS = 600

/** `{ [algorithm]: { keys, ratio, inTurn, untouched } }`. The ratio is how much faster they are than without tables. */
export async function tableMemory({ algorithms, rounds, passes }, tell) {
  const measured = {}
  const withTables = algorithms.filter((name) => ['ES256', 'ES384', 'EdDSA'].includes(name))
  for (const [number, algorithm] of withTables.entries()) {
    tell({ tick: number / withTables.length, note: `more keys than fit, ${algorithm}` })
    const keys = Array.from({ length: MOST_KEYS }, () => makeKey(algorithm))
    const file = join(target, 'keys.json')
    const request = {
      algorithm,
      jwks: { keys: keys.map(({ jwk }) => jwk) },
      tokens: keys.map((key) => makeToken(algorithm, key)),
      issuer: ISSUER,
      audience: AUDIENCE,
      tableMemory: TABLE_MEMORY,
      rounds,
      passes,
    }
    await writeFile(file, JSON.stringify(request))
    await run(process.execPath, [join(project, 'contest', 'more_keys_than_fit.mjs'), file], {
      line: (text) => {
        const { inTurn, untouched, ...rest } = JSON.parse(text)
        measured[algorithm] = {
          ...rest,
          ratio: ratio(inTurn, untouched),
          inTurn: summary(inTurn),
          untouched: summary(untouched),
        }
      },
    })
  }
  return measured
}

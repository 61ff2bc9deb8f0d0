/** Measures the memory of the instance when 20 keys have all their tables. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { project, target } from './places.mjs'

/**
 * The successes of each key: more than the last step at which its tables grow, which is 4,096 (ES256, EdDSA) or 2,048
 * (ES384), and the calls that build the last table.
 */
export const SUCCESSES = 4_300

/** `{ [algorithm]: bytes, 'all of these together': bytes }`, each in its own process. */
export async function memory(fixtures, tell) {
  const asymmetric = Object.keys(fixtures.algorithms).filter((name) => name !== 'HS256')
  const cases = [...asymmetric.map((name) => [name, [name]]), ['all of these together', asymmetric]]
  const measured = {}
  const file = join(target, 'memory.json')
  for (const [number, [name, algorithms]] of cases.entries()) {
    tell({ tick: number / cases.length, note: `memory, ${name}` })
    await writeFile(file, JSON.stringify({ fixtures, algorithms, successes: SUCCESSES }))
    await run(process.execPath, [join(project, 'contest', 'hot_keys.mjs'), file], {
      line: (text) => (measured[name] = JSON.parse(text).bytes),
    })
  }
  return measured
}

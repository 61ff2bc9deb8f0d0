/** Fixtures of 20 keys enter, how large the instance's memory gets when all of them are hot leaves. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { project, target } from './places.mjs'

/**
 * Successes a key: beyond the last step at which its tables grow, which is 4,096 (ES256, EdDSA; ES384: 2,048), and the calls in which
 * the last one is built.
 */
export const SUCCESSES = 4_300

/** `{ [algorithm]: bytes, 'all of these together': bytes }`, each in a process of its own. */
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

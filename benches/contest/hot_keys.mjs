/**
 * Lets every key of an algorithm grow its tables, and prints the linear memory. Takes a file with fixtures and a list
 * of algorithms.
 */
import { readFile } from 'node:fs/promises'
import { linearMemory, Verifier } from './linear_memory.mjs'
import { taskOf } from './task.mjs'

const { fixtures, algorithms, successes } = JSON.parse(await readFile(process.argv[2], 'utf8'))
for (const algorithm of algorithms) {
  const keys = fixtures.algorithms[algorithm].keys.length
  const { jwks, issuer, audience } = taskOf(fixtures, { algorithm, keys, tokens: 'fresh' })
  const verifier = new Verifier({ keys: jwks, algorithms: [algorithm], issuer, audience })
  const { good } = fixtures.algorithms[algorithm].set
  // Keys have signed different numbers of tokens: the smallest counts.
  const done = new Map()
  const fewest = () => Math.min(...done.values())
  do {
    for (const token of good) {
      const { protectedHeader } = verifier.verifySync(token)
      done.set(protectedHeader.kid, (done.get(protectedHeader.kid) ?? 0) + 1)
    }
  } while (fewest() < successes)
  if (done.size !== keys) throw new Error(`only ${done.size} of ${keys} keys were used`)
}
console.log(JSON.stringify({ bytes: linearMemory() }))

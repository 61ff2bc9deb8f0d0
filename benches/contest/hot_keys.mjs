/** A file with fixtures and a list of algorithms enter; the linear memory after making every key of them hot leaves. */
import { readFile } from 'node:fs/promises'
import { linearMemory, Verifier } from './linear_memory.mjs'
import { taskOf } from './task.mjs'

const { fixtures, algorithms, successes } = JSON.parse(await readFile(process.argv[2], 'utf8'))
for (const algorithm of algorithms) {
  const keys = fixtures.algorithms[algorithm].keys.length
  const { jwks, issuer, audience } = taskOf(fixtures, { algorithm, keys, tokens: 'fresh' })
  const verifier = new Verifier({ keys: jwks, algorithms: [algorithm], issuer, audience })
  const { good } = fixtures.algorithms[algorithm].set
  const kids = new Set()
  for (let done = 0; done < successes * keys; done++) {
    const { protectedHeader } = verifier.verifySync(good[done % good.length])
    kids.add(protectedHeader.kid)
  }
  if (kids.size !== keys) throw new Error(`only ${kids.size} of ${keys} keys were used`)
}
console.log(JSON.stringify({ bytes: linearMemory() }))

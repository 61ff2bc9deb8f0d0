/**
 * Measures twice as many keys as fit into the memory for tables: in turn for a long time, and the same keys when new.
 */
import { readFile } from 'node:fs/promises'
import { KeySet, linearMemory, Verifier } from './linear_memory.mjs'

const { algorithm, jwks, tokens, issuer, audience, tableMemory, rounds, passes } = JSON.parse(
  await readFile(process.argv[2], 'utf8'),
)

/** After this many successes a key has its first table, and not yet the next. */
const WARM = 64
/** The number of keys that is measured to find the size of a table: memory grows by pages of 64 KiB. */
const SAMPLE = 24
/** A key has no table for its first verifications: three are few enough. */
const FEW = 3

const policy = { algorithms: [algorithm], issuer, audience }
const made = (count) => new Verifier({ keys: new KeySet({ keys: jwks.keys.slice(0, count) }), ...policy })

const sample = made(SAMPLE)
// The tables that all keys share do not count.
for (let n = 0; n < WARM; n++) sample.verifySync(tokens[0])
const before = linearMemory()
for (let key = 1; key < SAMPLE; key++) for (let n = 0; n < WARM; n++) sample.verifySync(tokens[key])
const bytesPerKey = (linearMemory() - before) / (SAMPLE - 1)
if (bytesPerKey < 1_000) throw new Error('no tables were built')

const wanted = Math.ceil((2 * tableMemory) / bytesPerKey)
const count = Math.min(wanted, jwks.keys.length)
const used = made(count)
const pass = (verifier) => {
  const start = performance.now()
  for (let key = 0; key < count; key++) verifier.verifySync(tokens[key])
  return ((performance.now() - start) / count) * 1_000
}
for (let n = 0; n < passes; n++) pass(used)

const inTurn = []
const untouched = []
for (let round = 0; round < rounds; round++) {
  const fresh = made(count)
  for (let n = 0; n < FEW; n++) {
    inTurn.push(pass(used))
    untouched.push(pass(fresh))
  }
}
console.log(JSON.stringify({ bytesPerKey, wanted, count, inTurn, untouched, linearMemory: linearMemory() }))

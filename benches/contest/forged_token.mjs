/** Measures how long the refusal of a forged token takes with a set of keys without `kid`, for each limit on the candidates. */
import { readFile } from 'node:fs/promises'
import { KeySet, Verifier } from 'jotgate'

const { algorithm, jwks, token, bounds, rounds } = JSON.parse(await readFile(process.argv[2], 'utf8'))

const CALLS = 5
/** Refusals before the first measurement, so that the engine has compiled the code. */
const WARM = 20

const keys = new KeySet(jwks)
for (const maxCandidates of bounds) {
  const verifier = new Verifier({ keys, algorithms: [algorithm], hostCrypto: false, maxCandidates })
  const refused = () => {
    try {
      verifier.verifySync(token)
    } catch ({ refusal }) {
      if (['too_many_candidates', 'no_matching_key'].includes(refusal)) return
      throw new Error(`the forged token was refused as ${refusal}`)
    }
    throw new Error('the forged token was accepted')
  }
  for (let n = 0; n < WARM; n++) refused()
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    for (let n = 0; n < CALLS; n++) refused()
    return ((performance.now() - start) / CALLS) * 1_000
  })
  console.log(JSON.stringify({ maxCandidates, times }))
}

/** The contest in Node, Deno and Bun: reads a file with fixtures and a plan, prints lines of JSON. */
import { readFile } from 'node:fs/promises'
import { allCases } from './all_cases.mjs'
import { enterHere } from './batch.mjs'

const { fixtures, plan } = JSON.parse(await readFile(process.argv[2], 'utf8'))
// Print rarely: each line disturbs the measurement.
let last = 0
await allCases(plan, enterHere(fixtures), (message) => {
  if (message.tick !== undefined && performance.now() - last < 400) return
  last = performance.now()
  console.log(JSON.stringify(message))
})

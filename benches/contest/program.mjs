/** The contest in Node, Deno and Bun: a file with fixtures and a plan enters, lines of JSON leave. */
import { readFile } from 'node:fs/promises'
import { allCases } from './all_cases.mjs'
import { enterHere } from './batch.mjs'

const { fixtures, plan } = JSON.parse(await readFile(process.argv[2], 'utf8'))
// Told rarely: a line is work for the machine that is being measured.
let last = 0
await allCases(plan, enterHere(fixtures), (message) => {
  if (message.tick !== undefined && performance.now() - last < 400) return
  last = performance.now()
  console.log(JSON.stringify(message))
})

/** One process, one verdict: prints the milliseconds from the import of a bundle to the claims of the first token. */
import { readFileSync } from 'node:fs'

const [, , bundle, tasks, algorithm] = process.argv
const task = JSON.parse(readFileSync(tasks, 'utf8'))[algorithm]
const before = performance.now()
const { first } = await import(bundle)
const { sub } = await first(task)
const took = performance.now() - before
if (typeof sub !== 'string') throw new Error('no claims')
console.log(JSON.stringify({ took }))

/**
 * One process, one verdict. Prints the milliseconds from the import of a module to the claims of the first token: of the
 * clock, and of this thread's processor time.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'

const [, , module, file] = process.argv
const task = JSON.parse(readFileSync(file, 'utf8'))
// The first number is the time on the processor, in nanoseconds.
const processorTime = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
const [wall, cpu] = [performance.now(), processorTime()]
const { first } = await import(module)
const { sub } = await first(task)
const took = { cpu: processorTime() - cpu, wall: performance.now() - wall }
if (typeof sub !== 'string') throw new Error('no claims')
console.log(JSON.stringify(took))
process.exit(0)

/** Every vector in Node, held to what the vectors ask for: `HOST` says who verifies, `own`, `node` or `subtle`. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { everyVector } = await load('runners/vectors/every_vector.mjs')
const { report } = await load('runners/report.mjs')
const { verdicts } = await load('runners/vectors/files.mjs')
const { HOST } = process.env

const jotgate = await import('jotgate')
const options = { mistakes: 25, disguised: HOST === 'subtle' }
process.exit(report(await everyVector(jotgate, await verdicts(), [HOST], options)))

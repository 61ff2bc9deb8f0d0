/** The folders of the benchmark. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benches = dirname(dirname(fileURLToPath(import.meta.url)))
export const root = dirname(benches)
export const target = join(root, 'target', 'bench')
/** A project that uses all the packages. */
export const project = join(target, 'project')
/** esbuild and workerd come from the tests: one lock file for all. */
export const tools = createRequire(join(root, 'tests', 'package.json'))

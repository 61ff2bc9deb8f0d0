/** Where things are. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benches = dirname(dirname(fileURLToPath(import.meta.url)))
export const root = dirname(benches)
export const target = join(root, 'target', 'bench')
/** The project of somebody who uses all the packages. */
export const project = join(target, 'project')
/** esbuild and workerd stand where the tests' tools stand: one lock file for all. */
export const tools = createRequire(join(root, 'tests', 'package.json'))

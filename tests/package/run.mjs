/**
 * The consumer tests: the package is packed, installed into an empty project, and used from there.
 *
 *     node tests/package/run.mjs --list          the names of the quick suites
 *     node tests/package/run.mjs --list --all    of all: every runtime, installed at first use
 *     node tests/package/run.mjs <suite>         runs one; the last line is `N passed, N failed`, or `skipped: why` and
 *                                                the exit code 77 where its runtime is not on this machine
 *     node tests/package/run.mjs --install       installs runtimes, bundlers and browsers that `--all` needs
 *     node tests/package/run.mjs --matrix        shows the results of `--all` in each runtime
 *     node tests/package/run.mjs --matrix --write    and writes it into the READMEs
 *
 * `--package <folder>` names the folder to pack, by default `target/npm/jotgate`.
 */
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BROWSERS } from './runners/browsers/browsers.mjs'
import { digest, install } from './runners/install.mjs'
import { keep, matrix, write } from './runners/matrix.mjs'
import { report, skipped } from './runners/report.mjs'
import { installAll, Missing } from './runners/setup.mjs'
import { root, tools } from './runners/tools.mjs'
import { ALL, SUITES } from './suites.mjs'

const RESULTS = join(root, 'target', 'matrix')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    install: { type: 'boolean' },
    list: { type: 'boolean' },
    matrix: { type: 'boolean' },
    write: { type: 'boolean' },
    package: { type: 'string', default: join(root, 'target', 'npm', 'jotgate') },
  },
})
if (values.list) {
  console.log(Object.keys(values.all ? ALL : SUITES).join('\n'))
} else if (values.install) {
  installAll(Object.values(BROWSERS))
} else if (values.matrix) {
  const table = await matrix(RESULTS, await digest(resolve(values.package)))
  console.log(table)
  if (values.write) {
    const pages = [join(root, 'README.md'), join(root, 'pkg-templates', 'README.md')]
    const written = await Promise.all(pages.map((page) => write(page, table)))
    if (written.includes(false)) throw new Error('a README has no place for the matrix')
  }
} else {
  const [name] = positionals
  const suite = ALL[name]
  if (suite === undefined || positionals.length > 1) {
    console.error(`usage: node tests/package/run.mjs <${Object.keys(ALL).join(' | ')}>`)
    process.exit(2)
  }
  const source = resolve(values.package)
  const about = { digest: await digest(source) }
  const addFacts = (facts) => Object.assign(about, facts)
  const project = await install(source)
  try {
    process.exitCode = await suite(project, { ...tools, about: addFacts })
  } catch (thrown) {
    process.exitCode =
      thrown instanceof Missing
        ? skipped(thrown.message)
        : report({ passed: 0, failures: [{ name, problem: `${thrown?.stack ?? thrown}` }] })
  } finally {
    await rm(project.folder, { recursive: true, force: true })
  }
  await keep(RESULTS, name, process.exitCode, about)
  // Do not wait for timers that a runtime has left, such as those of edge-runtime.
  process.exit()
}

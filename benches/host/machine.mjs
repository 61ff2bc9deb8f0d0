/** The machine of the measurement. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, totalmem, type } from 'node:os'
import { root } from './places.mjs'

export function machine() {
  const all = cpus()
  return {
    processor: all[0]?.model.trim() ?? arch(),
    cores: all.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${distribution() ?? type()}, ${arch()}`,
  }
}

/** The average number of processes that wanted a core in the last minute. */
export function load() {
  return loadavg()[0]
}

/** Whether other programs disturbed the measurement. The build of what is measured is over, or nearly. */
export function busy(load) {
  return load > cpus().length / 2
}

/** What a run of benches/run.mjs writes, which is no change of what the next run measures. */
const WRITTEN = ['docs/benchmarks.*', 'README.md']

/** The measured commit, with a mark for uncommitted changes; `undefined` outside of a repository. */
export function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  const head = git('rev-parse', '--short=10', 'HEAD')
  if (head.status !== 0) return undefined
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ...WRITTEN.map((path) => `:!${path}`)).stdout.trim() !== ''
  return `${head.stdout.trim()}${changed ? ' and changes' : ''}`
}

/** The name of the system; `undefined` if it has no such file. */
function distribution() {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

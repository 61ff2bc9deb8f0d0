/** Installs runtimes. Throws {@link Missing} with the reason if a runtime cannot be installed. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const tests = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(tests, 'runtimes')

/** A runtime that is not on this machine: its suite counts as skipped, never as passed. */
export class Missing extends Error {}

/** The npm packages of `runtimes/package.json`, as its lock file says; what resolves them. */
export function npmRuntimes() {
  return npmInstalled(folder, 'the runtimes that npm has (once, about 1 GB)')
}

/** The npm packages of `bundlers/package.json`, as its lock file says; what resolves them. */
export function npmBundlers() {
  return npmInstalled(join(tests, 'bundlers'), 'the bundlers (once, about 1 GB)')
}

/** The npm packages of `clients/package.json`, as its lock file says; what resolves them. */
export function npmClients() {
  return npmInstalled(join(tests, 'clients'), "other people's servers and clients")
}

/** The npm packages of `drivers/package.json`, as its lock file says; what resolves them. */
export function npmDrivers() {
  return npmInstalled(join(tests, 'drivers'), 'the drivers of the browsers')
}

/** Installs the npm packages above and these browsers, and prints what cannot be installed. */
export function installAll(browsers) {
  const finders = browsers.map(({ find }) => find)
  for (const install of [npmRuntimes, npmBundlers, npmClients, npmDrivers, ...finders]) {
    try {
      install()
    } catch (thrown) {
      console.log(thrown.message)
    }
  }
}

function npmInstalled(folder, what) {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const mark = join(folder, 'node_modules', '.installed')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
    console.log(`installing ${what}`)
    // Not `npm ci`: it refuses the lock where a registry lacks Deno's packages for other machines than this one.
    const { status, stderr, error } = spawnSync(
      'npm',
      ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: folder, encoding: 'utf8' },
    )
    const why = `the npm packages of ${folder} could not be installed: ${error ?? stderr}`
    if (/ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH/.test(why)) throw new Missing(why)
    if (status !== 0) throw new Error(why)
    writeFileSync(mark, lock)
  }
  return createRequire(join(folder, 'package.json'))
}

/** The file of an npm package of the runtimes. */
export function npmFile(name, path) {
  npmRuntimes()
  const file = join(folder, 'node_modules', name, path)
  if (!existsSync(file)) throw new Missing(`${name} has no ${path}: npm did not run its install script`)
  return file
}

/** The exact version of an npm package of the runtimes; `undefined` while it is not installed. */
export function npmVersion(name) {
  const file = join(folder, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}

/** Python with packages of PyPI, such as `mcp==2.3.0`, in an environment of their own below `target/python`. */
export function python(...requirements) {
  const environment = join(tests, '..', '..', 'target', 'python', requirements.join('+'))
  const program = join(environment, 'bin', 'python')
  const mark = join(environment, '.installed')
  if (existsSync(mark)) return program
  const call = (binary, ...words) => {
    const { status, stderr, error } = spawnSync(binary, words, { encoding: 'utf8' })
    if (status !== 0) throw new Missing(`${binary} ${words.join(' ')}: ${error ?? stderr.trim()}`)
  }
  call('python3', '-m', 'venv', environment)
  const install = ['-m', 'pip', 'install', '--quiet', '--retries', '10', '--timeout', '60', ...requirements]
  for (let attempt = 1; ; attempt++) {
    try {
      call(program, ...install)
      writeFileSync(mark, '')
      return program
    } catch (thrown) {
      if (attempt === 3) throw thrown
      // A registry that fails for a moment is asked again, after ten seconds.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000)
    }
  }
}

/** Debian's package of that name, found by one of its files. */
export function debian(name, file) {
  if (existsSync(file)) return file
  const command = `apt-get install -y --no-install-recommends ${name}`
  if (process.getuid?.() !== 0) throw new Missing(`${file} is not there; as root: apt-get update && ${command}`)
  console.log(command)
  // Wait for another apt, and repeat failed downloads.
  const patient = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const apt = (...args) => {
    const { status, stderr, error } = spawnSync('apt-get', [...patient, ...args], { encoding: 'utf8', env })
    return status === 0 ? '' : (error ?? stderr.trim())
  }
  let why
  // Twice: the lists name what the archive had when they were fetched, and it may have changed since.
  for (let attempt = 0; attempt < 2; attempt++) {
    const stale = apt('update')
    const failed = apt('install', '-y', '--no-install-recommends', name)
    if (existsSync(file)) return file
    why = [failed || `it brought no ${file}`, ...(stale ? [`the package lists are old: ${stale}`] : [])].join('\n')
  }
  throw new Missing(`\`${command}\` failed: ${why.replaceAll('\n', ' · ')}`)
}

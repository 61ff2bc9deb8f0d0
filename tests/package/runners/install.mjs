/** Packs the package and installs it into an empty project. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { beforeLeaving } from './cleanup.mjs'
import { root } from './tools.mjs'

/** The projects into which npm has installed the package, by the hash of its files. */
const INSTALLED = join(root, 'target', 'consumer')
/** How many of them are kept beside a new one. */
const KEPT = 4

/** The hash of the package's code, which is the same if only its documentation changes. */
export async function digest(source) {
  return hashOf(source, [join(source, 'package.json'), ...(await filesIn(join(source, 'dist')))])
}

/** An empty project with the packed package. npm packs and installs each state of `source` once; projects are copies. */
export async function install(source) {
  const folder = await mkdtemp(join(tmpdir(), 'jotgate-consumer-'))
  beforeLeaving(() => rmSync(folder, { recursive: true, force: true }))
  await cp(await installed(source), folder, { recursive: true })
  return { folder }
}

/** The folder into which npm has installed the package, as a stranger would. */
async function installed(source) {
  const kept = join(INSTALLED, await hashOf(source, await filesIn(source)))
  if (existsSync(kept)) return kept
  await mkdir(INSTALLED, { recursive: true })
  await removeOld()
  const folder = await mkdtemp(join(INSTALLED, 'new-'))
  const calledOff = beforeLeaving(() => rmSync(folder, { recursive: true, force: true }))
  const npm = (...args) => {
    const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}${stdout}`)
  }
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "version": "1.0.0" }\n')
  npm('pack', source, '--pack-destination', folder)
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  npm('install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball}`)
  try {
    await rename(folder, kept)
  } catch (thrown) {
    // Another suite has installed the same package meanwhile.
    if (!existsSync(kept)) throw thrown
    await rm(folder, { recursive: true })
    return kept
  } finally {
    calledOff()
  }
  return kept
}

/** Removes all projects but the newest. */
async function removeOld() {
  const folders = (await readdir(INSTALLED)).map((name) => join(INSTALLED, name))
  const dated = await Promise.all(folders.map(async (folder) => ({ folder, made: (await stat(folder)).mtimeMs })))
  dated.sort((one, other) => other.made - one.made)
  for (const { folder } of dated.slice(KEPT)) await rm(folder, { recursive: true, force: true })
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
}

async function hashOf(folder, files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${relative(folder, file)}\0`).update(await readFile(file))
  return hash.digest('hex')
}

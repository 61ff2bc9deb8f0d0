/** Packs the package and installs it into an empty project. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeLeaving } from './cleanup.mjs'

/** What is the same for the same code: results of another package say nothing of this one. */
export async function digest(source) {
  const hash = createHash('sha256')
  const entries = await readdir(join(source, 'dist'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
  for (const file of [join(source, 'package.json'), ...files]) hash.update(await readFile(file))
  return hash.digest('hex')
}

/** An empty project into which the packed package is installed, as a stranger would. */
export async function install(source) {
  const folder = await mkdtemp(join(tmpdir(), 'jotgate-consumer-'))
  beforeLeaving(() => rmSync(folder, { recursive: true, force: true }))
  const npm = (...args) => {
    const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}${stdout}`)
    return stdout
  }
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "version": "1.0.0" }\n')
  npm('pack', source, '--pack-destination', folder)
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  npm('install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball}`)
  return { folder }
}

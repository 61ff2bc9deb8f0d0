/** Makes a project with the tarball of the package and its peers. */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { benches, project } from './places.mjs'

export async function makeProject(source) {
  await mkdir(project, { recursive: true })
  const mark = join(project, '.installed')
  const lock = await readFile(join(benches, 'package-lock.json'), 'utf8')
  if ((await readFile(mark, 'utf8').catch(() => '')) !== lock) {
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      await cp(join(benches, name), join(project, name))
    npm('ci')
    await writeFile(mark, lock)
  }
  for (const name of (await readdir(project)).filter((name) => name.endsWith('.tgz'))) await rm(join(project, name))
  npm('pack', source, '--pack-destination', project)
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'))
  npm('install', '--no-save', '--prefer-offline', '--no-package-lock', `./${tarball}`)
  await rm(join(project, 'contest'), { recursive: true, force: true })
  await cp(join(benches, 'contest'), join(project, 'contest'), { recursive: true })
}

/** The versions of the packages in the project. */
export async function packageVersions() {
  const { dependencies } = JSON.parse(await readFile(join(benches, 'package.json'), 'utf8'))
  const versions = {}
  for (const name of ['jotgate', ...Object.keys(dependencies)]) {
    const manifest = await readFile(join(project, 'node_modules', name, 'package.json'), 'utf8')
    versions[name] = JSON.parse(manifest).version
  }
  return versions
}

function npm(...args) {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}${stdout}`)
}

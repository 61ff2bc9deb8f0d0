/** Makes a project with the tarball of the package and its peers. */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benches, project } from './places.mjs'

/**
 * @param source - the folder of the built package
 * @param earlier - the folder of an earlier build, which enters as `earlier`; `undefined`: none
 */
export async function makeProject(source, earlier) {
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
  if (earlier !== undefined) await addEarlier(earlier)
}

/** Unpacks an earlier build beside the package, under a name of its own, and replaces the file of its entrants. */
async function addEarlier(source) {
  const packed = await mkdtemp(join(tmpdir(), 'jotgate-earlier-'))
  npm('pack', source, '--pack-destination', packed)
  const folder = join(project, 'node_modules', EARLIER)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const [tarball] = await readdir(packed)
  run('tar', ['-xzf', join(packed, tarball), '-C', folder, '--strip-components', '1'])
  await rm(packed, { recursive: true })
  await writeFile(
    join(project, 'contest', 'contestants', 'earlier.mjs'),
    `import * as earlier from '${EARLIER}'\nimport { entrantsOf } from './jotgate_entrants.mjs'\nexport const entrants = entrantsOf(earlier, 'earlier')\n`,
  )
}

/** The name under which an earlier build is installed. */
const EARLIER = 'jotgate-earlier'

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
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'])
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args[0]} failed:\n${stderr}${stdout}`)
}

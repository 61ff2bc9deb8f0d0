/** Node, Deno and Bun: the contest runs as a program that they start. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npmFile, npmVersion } from '../../tests/package/runners/setup.mjs'
import { run } from './children.mjs'
import { project, target } from './places.mjs'

export const node = (version) => ({
  binary: () => npmFile(`node-${version}`, 'bin/node'),
  version: () => npmVersion(`node-${version}`),
  args: ['--no-warnings'],
})

export const PROGRAMS = {
  node20: node(20),
  node24: node(24),
  deno: {
    binary: () => npmFile('deno', 'deno'),
    version: () => npmVersion('deno'),
    args: ['run', '--quiet', '--no-prompt', '--allow-all', '--node-modules-dir=manual'],
  },
  bun: { binary: () => npmFile('bun', 'bin/bun.exe'), version: () => npmVersion('bun'), args: ['run'] },
}

export const program =
  ({ binary, version, args }) =>
  async (request, tell) => {
    const file = join(target, 'request.json')
    await writeFile(file, JSON.stringify(request))
    const entry = join(project, 'contest', 'program.mjs')
    await run(binary(), [...args, entry, file], {
      cwd: project,
      env: { ...process.env, NO_COLOR: '1' },
      line: (text) => {
        if (text.startsWith('{')) tell(JSON.parse(text))
      },
    })
    return { version: version() }
  }

/**
 * The documents' snippets for Deno, Bun and Workers, each in its real runtime: the file as it is shown, but for the address
 * of the key set, which is an issuer's on loopback.
 */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { harness } from '../suite/harness.mjs'
import { mint } from '../suite/mint.mjs'
import { guards, tokens } from './guards.mjs'
import { report } from './report.mjs'
import { npmFile, npmVersion } from './setup.mjs'
import { serving } from './serving.mjs'
import { startWorker } from './workerd/serve.mjs'

const JWKS = 'https://issuer.example/.well-known/jwks.json'
/** Each takes the project and the tools of `run.mjs`, and returns its exit code. */
export const SNIPPETS = {
  'snippet-workerd': suite('cloudflare-worker.js', 'workerd', async (file, { folder }, tools) => {
    tools.about({ version: tools.require('workerd/package.json').version })
    return startWorker(folder, file, tools)
  }),
  'snippet-deno': suite('deno.ts', 'Deno', async (file, { folder }, { about }) => {
    about({ version: npmVersion('deno') })
    const args = ['serve', '--quiet', '--allow-net', '--host=127.0.0.1']
    return serving(npmFile('deno', 'deno'), (port) => [...args, `--port=${port}`, file], folder)
  }),
  'snippet-bun': suite('bun.ts', 'Bun', async (file, { folder }, { about }) => {
    about({ version: npmVersion('bun') })
    return serving(npmFile('bun', 'bin/bun.exe'), () => ['run', file], folder)
  }),
}

function suite(name, runtime, start) {
  return async (project, tools) => {
    const world = await mint(await import(tools.require.resolve('jose')))
    const issuer = createServer((_, response) => response.end(JSON.stringify(world.jwks))).listen(0, '127.0.0.1')
    await once(issuer, 'listening')
    let server
    try {
      const shown = await readFile(join(dirname(tools.here), '..', 'examples', 'snippets', name), 'utf8')
      if (!shown.includes(JWKS)) throw new Error(`${name} names no key set at ${JWKS}`)
      const file = join(project.folder, name)
      await writeFile(file, shown.replaceAll(JWKS, `http://127.0.0.1:${issuer.address().port}/`))
      const { url, stop } = await start(file, project, tools)
      server = { stop }
      const { test, run } = harness()
      test(`the snippet guards in the real ${runtime}`, async () => {
        await guards((headers) => fetch(`${url}/items/7`, { headers }), await tokens(world))
      })
      return report(await run())
    } finally {
      server?.stop()
      issuer.closeAllConnections()
      issuer.close()
    }
  }
}

/** First verdicts in fresh pages of Chromium, each in a profile of its own. */
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { CHROMIUM_FLAGS } from '../../tests/package/runners/browsers/browsers.mjs'
import { debian, npmDrivers } from '../../tests/package/runners/setup.mjs'
import { bundle, NONE } from './bundle.mjs'

const TYPES = { mjs: 'text/javascript', js: 'text/javascript', wasm: 'application/wasm' }

/** Resolves to a function: the milliseconds from the import of a contestant's bundle to its first verdict. */
export async function firstVerdictsInChromium(sources, folder, task) {
  const files = new Map([['/', ['text/html', '<!doctype html><title>first verdict</title>']]])
  for (const name of ['jotgate', 'jose']) {
    const outdir = join(folder, `page-${name}`)
    await bundle({ entryPoints: [join(sources, `verify_${name}.mjs`)], outdir, builtins: NONE, platform: 'browser' })
    for (const file of await readdir(outdir)) {
      files.set(`/${name}/${file}`, [TYPES[file.split('.').pop()], await readFile(join(outdir, file))])
    }
  }
  const server = createServer(({ url }, response) => {
    const [type, body] = files.get(url) ?? []
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' }).end(body)
  })
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle))
  server.unref()
  const { chromium } = npmDrivers()('playwright-core')
  const executablePath = debian('chromium', '/usr/bin/chromium')
  return async (name) => {
    // A browser of its own: another page of the same browser would find compiled code.
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS })
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${server.address().port}/`)
      return await page.evaluate(
        async ({ name, task }) => {
          const before = performance.now()
          const { first } = await import(`/${name}/verify_${name}.js`)
          const { sub } = await first(task)
          if (typeof sub !== 'string') throw new Error('no claims')
          return performance.now() - before
        },
        { name, task },
      )
    } finally {
      await browser.close()
    }
  }
}

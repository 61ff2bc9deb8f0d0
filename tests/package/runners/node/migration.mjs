/**
 * A page `docs/from-….md`: its snippets decide equally about good and bad tokens, and each row of its table is run on both packages, with
 * the same tokens.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as jotgate from 'jotgate'
import * as providers from 'jotgate/providers'
import { guard as expressGuard } from 'jotgate/express'
import { guard as honoGuard } from 'jotgate/hono'

const { TESTS, PAGE } = process.env
const load = (name) => import(pathToFileURL(join(TESTS, name)))
const [{ harness, ok, same }, { report }, { snippetsOf }, { rows, snippetTests }] = await Promise.all(
  ['suite/harness.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs', `suite/migration/${PAGE}.mjs`].map(load),
)
const file = join(dirname(dirname(TESTS)), 'docs', `${PAGE}.md`)
const page = await readFile(file, 'utf8')
const snippets = await snippetsOf(file)
const folder = join(process.cwd(), PAGE)
await mkdir(folder)
const { test, run } = harness()

const used = new Set()
/** What a snippet exports. `address` replaces that of its issuer, because the packages fetch by their own means. */
async function execute(name, address = 'https://issuer.example') {
  used.add(name)
  const path = join(folder, `${name.replace(/\.js$/, '')}.mjs`)
  await writeFile(path, snippets.get(name).replaceAll('https://issuer.example', address))
  return import(pathToFileURL(path))
}

snippetTests({ test, execute })

const [, differences = ''] = page.split('\n## What behaves differently\n')
const listed = [...differences.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, id]) => id)
const tested = await rows({ jotgate, providers, expressGuard, honoGuard })
for (const { id, theirs, ours, run } of tested) {
  test(`row \`${id}\`: ${theirs} there, ${ours} here`, async () => {
    same(await run(), [theirs, ours])
    ok(theirs !== ours, 'both packages do the same')
  })
}

test('the page lists each row that is tested, and no other; every snippet of it was run', () => {
  ok(tested.length > 5, 'too few rows')
  same([...listed].sort(), tested.map(({ id }) => id).sort())
  same([...used].sort(), [...snippets.keys()].sort())
})

process.exit(report(await run()))

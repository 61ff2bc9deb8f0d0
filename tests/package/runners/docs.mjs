/** `docs/jose.md` lists exactly the differences that the suite executes. */
import { readFile } from 'node:fs/promises'
import { differences, ABSENT } from '../suite/jose_differences.mjs'
import { same } from '../suite/harness.mjs'

export function docsTests(context) {
  context.test('docs/jose.md lists every difference that is tested, and no other', async () => {
    const page = await readFile(new URL('../../../docs/jose.md', import.meta.url), 'utf8')
    const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, id]) => id)
    same(
      [...listed].sort(),
      differences(context)
        .map(({ id }) => id)
        .sort(),
    )
    const [, absent = ''] = /<!-- absent -->\n([\s\S]*?)\n<!-- \/absent -->/.exec(page) ?? []
    same([...absent.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort(), [...ABSENT].sort())
  })
}

/** What is written down is what the suites execute: the differences from jose, and the complaints of other packages' users. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { differences, ABSENT } from '../../suite/jose/differences.mjs'
import { same } from '../../suite/harness.mjs'
import { GROUPS, joseBehaviourTests, rowOf, unequal } from '../../suite/jose/behaviours.mjs'
import { ROWS } from '../../suite/jose/rows.mjs'

export function docsTests(context) {
  context.test('docs/jose.md lists every difference that is tested, and no other', async () => {
    const page = await readFile(new URL('../../../../docs/jose.md', import.meta.url), 'utf8')
    const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, id]) => id)
    const tested = new Set([...differences(context), ...ROWS.map(([id]) => ({ id }))].map(({ id }) => id))
    same([...listed].sort(), [...tested].sort())
    const [, absent = ''] = /<!-- absent -->\n([\s\S]*?)\n<!-- \/absent -->/.exec(page) ?? []
    same([...absent.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort(), [...ABSENT].sort())
  })
  context.test('V19: docs/jose.md lists every type and every error class that jose has and jotgate/jose lacks', async () => {
    const page = await readFile(new URL('../../../../docs/jose.md', import.meta.url), 'utf8')
    const listed = (name) => {
      const [, part = ''] = new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)\\n<!-- /${name} -->`).exec(page) ?? []
      return [...part.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()
    }
    const ours = await declared(join(process.cwd(), 'node_modules', 'jotgate', 'dist', 'types', 'jose.d.ts'))
    const theirs = await declared(fileURLToPath(new URL('../../../node_modules/jose/dist/types/index.d.ts', import.meta.url)))
    same(theirs.size > 60 && ours.size > 30, true, 'too few names were found to compare')
    const lacks = [...theirs].filter((name) => !ours.has(name) && !ABSENT.includes(name))
    same(lacks.sort(), listed('types'))
    const classes = (lib) => Object.keys(lib.errors).sort()
    same(classes(context.jose).filter((name) => !classes(context.facade).includes(name)), listed('errors'))
  })
  context.test('the type RefusalCode has the codes of the core, and of no other table', async () => {
    const root = new URL('../../../../', import.meta.url)
    const table = await readFile(new URL('src/inspect/explanations.rs', root), 'utf8')
    const codes = [...table.slice(table.indexOf('pub const TABLE')).matchAll(/^ +\w+\("(\w+)",/gm)].map(([, code]) => code)
    same(codes.length > 70, true, 'too few codes were found to compare')
    const type = await readFile(new URL('pkg-templates/src/base/refusal_codes.ts', root), 'utf8')
    same([...type.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code).sort(), codes.sort())
  })
  // Only in Node: which keys jose's import takes depends on the runtime.
  joseBehaviourTests(context)
  context.test('V19: each pattern that names a row of docs/jose.md matches a difference', async () => {
    const used = new Set()
    for (const group of Object.keys(GROUPS)) for (const difference of await unequal(context, group)) used.add(rowOf(difference))
    same(ROWS.filter((row) => !used.has(row)).map(([id, pattern]) => `${id} ${pattern}`), [])
  })
  context.test('each complaint of the users of other packages has a test that bears its number', async () => {
    const folder = new URL('../../', import.meta.url)
    const files = (await readdir(folder, { recursive: true })).filter((name) => /^(?:suite|runners)\/.*\.(?:mjs|cjs|js)$/.test(name))
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))
    const named = texts.flatMap((text) => [...text.matchAll(/(?:test\(|^ +)['"`]complaint (\d): /gm)]).map(([, number]) => Number(number))
    same([...new Set(named)].sort(), Object.keys(COMPLAINTS).map(Number))
  })
}

/** The names that a file of declarations exports, itself or from other files of its package. */
async function declared(file) {
  const text = (await readFile(file, 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '')
  const names = new Set()
  for (const [, list] of text.matchAll(/export (?:type )?\{([^}]*)\}/g)) {
    for (const item of list.split(',')) {
      const name = item.trim().split(/\s+/).at(-1)
      if (name !== '') names.add(name)
    }
  }
  const own = /export (?:declare )?(?:abstract )?(?:async )?(?:function|class|const|interface|type|enum) (\w+)/g
  for (const [, name] of text.matchAll(own)) names.add(name)
  for (const [, name] of text.matchAll(/export \* as (\w+) from/g)) names.add(name)
  for (const [, path] of text.matchAll(/export (?:type )?\* from '([^']+)'/g)) {
    for (const name of await declared(join(dirname(file), path.replace(/\.js$/, '.d.ts')))) names.add(name)
  }
  return names
}

/** What users complain about elsewhere. */
const COMPLAINTS = {
  1: 'isolates at the edge start with an empty cache of key sets, and cold requests stall',
  2: 'the issuer is down when the cache ends, and every request is refused',
  3: 'a promise that requests share hangs or throws in Workers',
  4: 'WebAssembly is compiled from bytes where that is forbidden, and bundlers lose the file',
  5: 'neither require nor Jest works',
  6: 'keys are imported and sets fetched with each request, and expired tokens cannot be distinguished',
  7: 'a resource server needs a framework',
  8: 'there can be one issuer only, and what real providers send is refused',
  9: 'verification always waits',
}

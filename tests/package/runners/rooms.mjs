/** The suite `rooms`: the folders of `pkg-templates/src` import in one direction only, and no files import in a circle. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { report } from './report.mjs'
import { root } from './tools.mjs'

/** The folders in order: a file imports from its own folder and from earlier ones, never from another folder of the same row. */
const ORDER = [
  ['base'],
  ['wasm'],
  ['keys'],
  ['remote'],
  ['verify'],
  ['gate', 'jose', 'decode', 'inspect', 'login', 'testing'],
  ['mcp', 'providers'],
  ['entries'],
]

/** Checks the sources, then that the check finds an import to the right, one within a row, and a circle. */
export async function rooms() {
  const files = await imports(join(root, 'pkg-templates', 'src'))
  const failures = [...violations(files), ...circles(files)].map((problem) => ({ name: 'imports point one way', problem }))
  if (files.size < 50) failures.push({ name: 'imports point one way', problem: `only ${files.size} files were found` })
  const wrong = {
    'an import to the right': [violations, { 'base/a.ts': ['verify/b.ts'], 'verify/b.ts': [] }],
    'an import within a row': [violations, { 'gate/a.ts': ['jose/b.ts'], 'jose/b.ts': [] }],
    'an import of an entry': [violations, { 'gate/a.ts': ['index.ts'], 'index.ts': [] }],
    'a folder without a row': [violations, { 'other/a.ts': [] }],
    'a circle': [circles, { 'gate/a.ts': ['gate/b.ts'], 'gate/b.ts': ['gate/c.ts'], 'gate/c.ts': ['gate/a.ts'] }],
  }
  for (const [name, [check, graph]] of Object.entries(wrong)) {
    if (check(new Map(Object.entries(graph))).length === 0) failures.push({ name: `the check finds ${name}`, problem: 'it found nothing' })
  }
  return report({ passed: 1 + Object.keys(wrong).length - failures.length, failures })
}

/** The imports of each file, types included, as paths within `source`. */
async function imports(source) {
  const found = new Map()
  for (const file of await readdir(source, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue
    const text = (await readFile(join(source, file), 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '')
    const paths = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)\.js'/g)].map(([, path]) => path)
    found.set(file, paths.map((path) => normalize(join(dirname(file), `${path}.ts`))).filter((path) => !GENERATED.includes(path)))
  }
  return found
}

/** What `build.mjs` writes; it imports nothing. */
const GENERATED = ['base/version.ts', 'wasm/imports.ts', 'wasm/loaders/wasm_bytes.ts', 'inspect/loaders/wasm_bytes.ts', 'inspect/module.ts']

function violations(files) {
  const found = []
  for (const [file, imported] of files) {
    const from = folderOf(file)
    if (rowOf(from) < 0) found.push(`${file}: the folder has no row in ORDER`)
    for (const path of imported) {
      const to = folderOf(path)
      if (!files.has(path)) found.push(`${file} imports ${path}, which is missing`)
      else if (to !== from && rowOf(to) >= rowOf(from)) found.push(`${file} imports ${path}`)
    }
  }
  return found
}

function circles(files) {
  const done = new Set()
  const found = []
  const visit = (file, path) => {
    if (path.includes(file)) return void found.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file)) return
    for (const next of files.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files.keys()) visit(file, [])
  return found
}

function folderOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : 'entries'
}

function rowOf(folder) {
  return ORDER.findIndex((row) => row.includes(folder))
}

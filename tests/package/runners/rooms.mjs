/**
 * The suite `rooms`: the folders of `pkg-templates/src` import in one direction only, no files import in a circle, there and in the
 * Rust crates, and no file of product code is too long.
 */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { report } from './report.mjs'
import { importsOf, rustImports } from './rust_imports.mjs'
import { root } from './tools.mjs'

/** The folders in order: a file imports from its own folder and from earlier ones, never from another folder of the same row. */
const ORDER = [
  ['base'],
  ['wasm'],
  ['keys'],
  ['remote'],
  ['verify'],
  ['gate', 'jose', 'decode', 'inspect', 'login', 'testing'],
  ['mcp', 'proof', 'introspection', 'status', 'providers'],
  ['entries'],
]

/** The crates, and how many files each has at least. */
const CRATES = { arithmetic: 15, crypto: 25, core: 30, wasm: 8, inspect: 20, keys: 100, 'keys/cli': 10, xtask: 25 }

/** The folders of product code. */
const PRODUCT = ['src', 'pkg-templates', 'www', 'benches', 'examples']
/** The most lines of one file. */
const MAX_LINES = 400

/** Checks the sources, then that the check finds what it looks for. */
export async function rooms() {
  const files = await imports(join(root, 'pkg-templates', 'src'))
  const failures = [...violations(files), ...circles(files)].map((problem) => ({ name: 'imports point one way', problem }))
  if (files.size < 50) failures.push({ name: 'imports point one way', problem: `only ${files.size} files were found` })
  for (const [crate, fewest] of Object.entries(CRATES)) {
    const name = `no files of ${crate} use each other in a circle`
    const used = await rustImports(join(root, 'src', crate))
    failures.push(...circles(used).map((problem) => ({ name, problem })))
    if (used.size < fewest) failures.push({ name, problem: `only ${used.size} files were found` })
  }
  const lengths = await productLines()
  failures.push(...tooLong(lengths).map((problem) => ({ name: 'files are short', problem })))
  if (lengths.size < 400) failures.push({ name: 'files are short', problem: `only ${lengths.size} files were found` })
  const wrong = {
    'an import to the right': [violations, { 'base/a.ts': ['verify/b.ts'], 'verify/b.ts': [] }],
    'an import within a row': [violations, { 'gate/a.ts': ['jose/b.ts'], 'jose/b.ts': [] }],
    'an import of an entry': [violations, { 'gate/a.ts': ['index.ts'], 'index.ts': [] }],
    'a folder without a row': [violations, { 'other/a.ts': [] }],
    'a circle': [circles, { 'gate/a.ts': ['gate/b.ts'], 'gate/b.ts': ['gate/c.ts'], 'gate/c.ts': ['gate/a.ts'] }],
    'a circle in a crate': [circles, Object.fromEntries(importsOf(CIRCLE))],
    'a file that is too long': [tooLong, { 'src/a.rs': MAX_LINES + 1 }],
  }
  for (const [name, [check, graph]] of Object.entries(wrong)) {
    if (check(new Map(Object.entries(graph))).length === 0) failures.push({ name: `the check finds ${name}`, problem: 'it found nothing' })
  }
  return report({ passed: 2 + Object.keys(CRATES).length + Object.keys(wrong).length - failures.length, failures })
}

/** Two files that use each other: the one through the root's `pub use`, the other through a module; and a test that does not count. */
const CIRCLE = {
  'lib.rs': 'mod a;\nmod b;\npub use a::Key;\n',
  'a/mod.rs': 'mod c;\nuse c::find;\npub struct Key;\nfn new() { find() }\n',
  'a/c.rs': 'use super::Key;\nuse crate::b;\npub fn find() { b::read() }\n',
  'b.rs': 'use crate::{a as other, Key};\npub fn read() -> Key {}\n#[cfg(test)]\nmod tests {\n    use crate::a::c;\n}\n',
}

/** The lines of each file of product code; tests are left out. */
async function productLines() {
  const found = new Map()
  for (const folder of PRODUCT) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      const isProduct = /\.(rs|ts|mjs|js|css|html)$/.test(file) && !/(^|\/)(node_modules|tests|tests\.rs|\w+_suite\.rs)(\/|$)/.test(file)
      if (isProduct) found.set(`${folder}/${file}`, (await readFile(join(root, folder, file), 'utf8')).split('\n').length - 1)
    }
  }
  return found
}

function tooLong(lengths) {
  return [...lengths].filter(([, lines]) => lines > MAX_LINES).map(([file, lines]) => `${file} has ${lines} lines, more than ${MAX_LINES}`)
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

/**
 * Builds the npm package: a folder that is ready for `npm pack`.
 *
 *     node pkg-templates/build.mjs --bindings <folder with jotgate_bg.wasm> --out target/npm/jotgate
 *
 * Run from the root of the repository, after `npm ci` in `tests`.
 */
import { execFileSync } from 'node:child_process'
import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const templates = dirname(fileURLToPath(import.meta.url))
const root = dirname(templates)
// The tools are installed with those of the tests: one lock file for all.
const require = createRequire(join(root, 'tests', 'package.json'))

/** The version of wasm-bindgen whose conventions `bindings.ts` follows. Compare the two before raising it. */
const CONVENTIONS = '0.2.130'

/** The entries of the package: what users import, and the source module that it is. */
const ENTRIES = {
  '.': 'index',
  './verifier': 'verifier',
  './jose': 'jose',
  './inline': 'inline',
  './decode': 'decode/standalone',
  './login': 'login',
  './inspect': 'inspect',
  './hono': 'hono',
  './express': 'express',
  './express/global': 'express_global',
  './mcp': 'mcp',
  './dpop': 'dpop',
  './mtls': 'mtls',
  './introspection': 'introspection',
  './status': 'status',
  './testing': 'testing',
  './providers': 'providers',
}

/** The entries that use the core. They share one file, `core.js`, so that a program has one core. */
const WITH_CORE = ['.', './verifier', './jose', './dpop', './introspection', './status']

/** What the core imports, by the names that it has in Rust: the function, and its file. */
const IMPORTS = {
  __wbindgen_throw: ['throwFromCore', 'bindings.js'],
  __wbindgen_init_externref_table: ['initExternrefTable', 'bindings.js'],
}

/** Settings of every bundle. `#wasm` stays an import: the condition of the runtime chooses the loader. */
const BUNDLE = {
  bundle: true,
  target: 'es2022',
  logLevel: 'warning',
  metafile: true,
  external: ['#wasm', '#wasm-inspect'],
}

const { values } = parseArgs({ options: { bindings: { type: 'string' }, out: { type: 'string' } } })
if (!values.bindings || !values.out) {
  console.error('usage: node pkg-templates/build.mjs --bindings <folder> --out <folder>')
  process.exit(2)
}
const bindings = resolve(values.bindings)
const out = resolve(values.out)
const dist = join(out, 'dist')
/** The compiled modules, one for each source file. Only what `writeEntries` bundles from them is published. */
const compiled = `${out}.modules`

await rm(out, { recursive: true, force: true })
await rm(compiled, { recursive: true, force: true })
await mkdir(dist, { recursive: true })
const version = await workspaceField('version')
await copyBindings()
await copyInspector()
compileTypeScript()
await writeVersion()
await writeLoaders('wasm', 'jotgate.wasm')
await writeLoaders('inspect', 'inspect.wasm')
await writeEntries()
await writeInline()
await writeCommonJs()
await writeTypes()
await writePackage()
await rm(compiled, { recursive: true, force: true })
console.log(`package: ${out}`)

/** The core as a file for edge runtimes and as text for everyone else, and what it imports. */
async function copyBindings() {
  const loaders = join(compiled, 'wasm', 'loaders')
  await mkdir(loaders, { recursive: true })
  const wasm = await readFile(join(bindings, 'jotgate_bg.wasm'))
  await writeFile(join(loaders, 'jotgate.wasm'), wasm)
  await writeFile(join(loaders, 'wasm_bytes.js'), `export const base64 = '${wasm.toString('base64')}'\n`)
  await writeFile(join(compiled, 'wasm', 'imports.js'), await imports(new WebAssembly.Module(wasm)))
}

/** The inspector's module in the same two forms, and the bindings that wasm-bindgen generates for it. */
async function copyInspector() {
  const loaders = join(compiled, 'inspect', 'loaders')
  await mkdir(loaders, { recursive: true })
  const wasm = await readFile(join(bindings, 'jotgate_inspect_bg.wasm'))
  await writeFile(join(loaders, 'inspect.wasm'), wasm)
  await writeFile(join(loaders, 'wasm_bytes.js'), `export const base64 = '${wasm.toString('base64')}'\n`)
  await cp(join(bindings, 'jotgate_inspect_bg.js'), join(compiled, 'inspect', 'module.js'))
}

/** A module with an object of what the core imports, by the names that wasm-bindgen gives it. */
async function imports(module) {
  const lock = await readFile(join(root, 'Cargo.lock'), 'utf8')
  const [, version] = /^name = "wasm-bindgen"\nversion = "([^"]+)"/m.exec(lock) ?? []
  if (version !== CONVENTIONS) throw new Error(`bindings.ts is written for wasm-bindgen ${CONVENTIONS}, not ${version}`)
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name))
  const ours = await readFile(join(templates, 'src', 'wasm', 'exports.ts'), 'utf8')
  const missing = [...ours.matchAll(/^  (\w+)\(/gm)].map(([, name]) => name).filter((name) => !exported.has(name))
  if (missing.length > 0) {
    const names = missing.join(', ')
    throw new Error(`the core lacks ${names}: build it again, or compare src/wasm with pkg-templates/src/wasm/exports.ts`)
  }

  const entries = WebAssembly.Module.imports(module).map(({ name }) => {
    const known = Object.keys(IMPORTS).find((known) => name === known || name.startsWith(`__wbg_${known}_`))
    if (known === undefined) throw new Error(`the core imports ${name}, which nothing here answers`)
    const [ours, file] = IMPORTS[known]
    return { name, ours, file }
  })
  const lines = entries.map(({ ours, file }) => `import { ${ours} } from './${file}'\n`)
  return `${lines.join('')}export const imports = { ${entries.map(({ name, ours }) => `${name}: ${ours}`).join(', ')} }\n`
}

function compileTypeScript() {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', templates, '--outDir', compiled], { stdio: 'inherit' })
}

/** The loaders of one module: three small files beside the module's bytes. */
async function writeLoaders(room, wasm) {
  const { build } = require('esbuild')
  const from = join(compiled, room, 'loaders')
  const to = join(dist, room, 'loaders')
  const external = ['./wasm_bytes.js', `./${wasm}`, `./${wasm}?module`]
  const modules = ['embedded', 'workerd', 'edge_light'].map((name) => join(from, `${name}.js`))
  await build({ ...BUNDLE, entryPoints: modules, outdir: to, format: 'esm', platform: 'neutral', external })
  // A runtime that passes a compiled module does so by `import`; there is nothing to `require`.
  const commonJs = { format: 'cjs', platform: 'node', outExtension: { '.js': '.cjs' } }
  await build({
    ...BUNDLE,
    ...commonJs,
    entryPoints: [join(from, 'embedded.js')],
    outdir: to,
    plugins: [leaveOut('./wasm_bytes.js', './wasm_bytes.cjs')],
  })
  await build({ ...BUNDLE, ...commonJs, entryPoints: [join(from, 'wasm_bytes.js')], outdir: to })
  for (const name of [wasm, 'wasm_bytes.js']) await cp(join(from, name), join(to, name))
}

/** The entries as ES modules in few files: Node opens, links and evaluates each file by itself. */
async function writeEntries() {
  const { build } = require('esbuild')
  const settings = { ...BUNDLE, outdir: dist, format: 'esm', platform: 'neutral' }
  const split = { ...settings, splitting: true, chunkNames: 'core' }
  const first = await build({ ...split, entryPoints: entryPoints(WITH_CORE), chunkNames: '[hash]', write: false })
  await shareModules(first.metafile)
  const shared = await build({ ...split, entryPoints: entryPoints(WITH_CORE) })
  const files = Object.keys(shared.metafile.outputs)
  if (files.length !== WITH_CORE.length + 1) throw new Error(`one shared file expected, not ${files.join(', ')}`)
  for (const name of alone()) {
    const { metafile } = await build({ ...settings, entryPoints: entryPoints([name]) })
    const second = Object.keys(metafile.inputs).find((input) => input.endsWith('/wasm/instance.js'))
    if (second !== undefined) throw new Error(`${name} would have a core of its own: add it to WITH_CORE`)
  }
}

/**
 * Makes each entry import every module that two entries share. esbuild makes a file for each set of entries that share modules: now
 * there is one set.
 */
async function shareModules({ outputs }) {
  const chunks = Object.values(outputs).filter(({ entryPoint }) => entryPoint === undefined)
  const modules = chunks.flatMap(({ inputs }) => Object.keys(inputs)).map((path) => relative(compiled, resolve(path)))
  const lines = [...new Set(modules)].map((path) => `import './${path}'\n`)
  for (const name of WITH_CORE) await appendFile(join(compiled, `${ENTRIES[name]}.js`), lines.join(''))
}

/** The same for `require`: one file with the core, and a thin one for each entry that uses it. */
async function writeCommonJs() {
  const { build } = require('esbuild')
  const settings = {
    ...BUNDLE,
    format: 'cjs',
    platform: 'node',
    external: [],
    // Tools that know no `imports` of a package, such as Jest before 29.4, read these files. Bundlers for edge
    // runtimes take the ES modules, by their own conditions in `exports`.
    plugins: [
      leaveOut('#wasm', './wasm/loaders/embedded.cjs'),
      leaveOut('#wasm-inspect', './inspect/loaders/embedded.cjs'),
      leaveOut('./wasm/loaders/wasm_bytes.js', './wasm/loaders/wasm_bytes.cjs'),
    ],
  }
  const namespaces = WITH_CORE.map((name) => `export * as ${fileOf(name)} from './${ENTRIES[name]}.js'\n`)
  const stdin = { contents: namespaces.join(''), resolveDir: compiled }
  await build({ ...settings, stdin, outfile: join(dist, 'core.cjs') })
  for (const name of WITH_CORE) {
    const { metafile } = await build({ ...BUNDLE, entryPoints: entryPoints([name]), outdir: dist, format: 'esm', write: false })
    const [{ exports }] = Object.values(metafile.outputs)
    const entry = fileOf(name)
    // One assignment for each name: this form is what Node finds the names in when an ES module imports it.
    const lines = [
      "'use strict'",
      "Object.defineProperty(exports, '__esModule', { value: true })",
      `const { ${entry} } = require('./core.cjs')`,
      ...exports.map((name) => `exports.${name} = ${entry}.${name}`),
    ]
    await writeFile(join(dist, `${entry}.cjs`), `${lines.join('\n')}\n`)
  }
  for (const name of [...alone(), './inline']) {
    const entryPoint = name === './inline' ? join(dist, 'inline.js') : join(compiled, `${ENTRIES[name]}.js`)
    await build({ ...settings, entryPoints: [entryPoint], outfile: join(dist, `${fileOf(name)}.cjs`) })
  }
}

/**
 * The main entry in one file whose core is the text of `wasm_bytes.js` under every condition: for bundlers that are
 * configured to build for a worker, and lose its `.wasm`.
 */
async function writeInline() {
  const { build } = require('esbuild')
  await build({
    ...BUNDLE,
    entryPoints: [join(compiled, 'index.js')],
    outfile: join(dist, 'inline.js'),
    format: 'esm',
    platform: 'neutral',
    external: [],
    alias: { '#wasm': join(compiled, 'wasm', 'loaders', 'embedded.js') },
    plugins: [leaveOut('./wasm_bytes.js', './wasm/loaders/wasm_bytes.js')],
  })
  await writeFile(join(compiled, 'inline.d.ts'), "export * from './index.js'\n")
}

/** The types of every module, in both forms: they name each other by file. */
async function writeTypes() {
  for (const room of ['wasm', 'inspect']) {
    const from = join(templates, 'src', room)
    for (const name of (await readdir(from)).filter((name) => name.endsWith('.d.ts'))) {
      await cp(join(from, name), join(compiled, room, name))
    }
  }
  for (const name of (await readdir(compiled, { recursive: true })).filter((name) => name.endsWith('.d.ts'))) {
    const types = await readFile(join(compiled, name), 'utf8')
    const to = join(dist, 'types', name)
    await mkdir(dirname(to), { recursive: true })
    await writeFile(to, types)
    await writeFile(
      to.replace(/\.d\.ts$/, '.d.cts'),
      types.replace(/(['"]\.{1,2}\/[\w/.]+?)\.js(['"])/g, '$1.cjs$2'),
    )
  }
}

/** The entries that have no part in the core, each a file by itself. */
function alone() {
  return Object.keys(ENTRIES).filter((name) => !WITH_CORE.includes(name) && name !== './inline')
}

/** The name of an entry's files in `dist`. */
function fileOf(name) {
  return name === '.' ? 'index' : name.slice(2)
}

function entryPoints(names) {
  return Object.fromEntries(names.map((name) => [fileOf(name), join(compiled, `${ENTRIES[name]}.js`)]))
}

/** Leaves an import out of a bundle, and gives it the path that it has in `dist`. */
function leaveOut(from, to) {
  return {
    name: `${from} as ${to}`,
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^${from.replace(/[.]/g, '\\.')}$`) }, () => ({ path: to, external: true }))
    },
  }
}

/** A field of `[workspace.package]` in `Cargo.toml`. */
async function workspaceField(name) {
  const cargo = await readFile(join(root, 'Cargo.toml'), 'utf8')
  const [, value] = new RegExp(`^\\[workspace\\.package\\][^[]*?^${name} = "([^"]+)"`, 'ms').exec(cargo) ?? []
  if (!value) throw new Error(`[workspace.package] of Cargo.toml has no ${name}`)
  return value
}

/** The version as a module: the package names itself where it fetches. */
async function writeVersion() {
  await writeFile(join(compiled, 'base', 'version.js'), `export const VERSION = '${version}'\n`)
  await cp(join(templates, 'src', 'base', 'version.d.ts'), join(compiled, 'base', 'version.d.ts'))
}

/** The manifest, with a way to each entry for every resolver: `exports`, `typesVersions`, and a folder for those that know neither. */
async function writePackage() {
  const { files, imports, ...manifest } = JSON.parse(await readFile(join(templates, 'package.json'), 'utf8'))
  const names = Object.keys(ENTRIES).filter((name) => name !== '.').map((name) => name.slice(2))
  const repository = await workspaceField('repository')
  const complete = {
    ...manifest,
    version,
    repository: { type: 'git', url: `git+${repository}.git`, directory: 'pkg-templates' },
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    main: './dist/index.cjs',
    types: './dist/types/index.d.ts',
    typesVersions: {
      '*': Object.fromEntries(names.map((name) => [name, [`./dist/types/${ENTRIES[`./${name}`]}.d.ts`]])),
    },
    files: [...files, ...names],
    exports: {
      ...Object.fromEntries(Object.keys(ENTRIES).map((name) => [name, conditions(name)])),
      // For pages that compile the module from a file of their own.
      './inspect.wasm': './dist/inspect/loaders/inspect.wasm',
      './package.json': './package.json',
    },
    imports,
  }
  await writeFile(join(out, 'package.json'), `${JSON.stringify(complete, null, 2)}\n`)
  for (const name of names) {
    const up = '../'.repeat(name.split('/').length)
    const stub = {
      main: `${up}dist/${name}.cjs`,
      module: `${up}dist/${name}.js`,
      types: `${up}dist/types/${ENTRIES[`./${name}`]}.d.ts`,
    }
    await mkdir(join(out, name), { recursive: true })
    await writeFile(join(out, name, 'package.json'), `${JSON.stringify({ ...stub, sideEffects: false }, null, 2)}\n`)
  }
  await cp(join(templates, 'README.md'), join(out, 'README.md'))
  for (const license of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(join(root, license), join(out, license))
}

/** Who gets which form of an entry. Edge runtimes get the ES module even by `require`: it alone imports their `.wasm`. */
function conditions(name) {
  const at = `./dist/${fileOf(name)}`
  const types = `./dist/types/${ENTRIES[name]}`
  const module = { types: `${types}.d.ts`, default: `${at}.js` }
  return {
    'workerd': module,
    'edge-light': module,
    'import': module,
    'module-sync': module,
    'module': module.default,
    'require': { types: `${types}.d.cts`, default: `${at}.cjs` },
  }
}

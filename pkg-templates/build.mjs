/**
 * The bound core enters, a folder leaves that is ready for `npm pack`:
 *
 *     node pkg-templates/build.mjs --bindings <folder with jotgate_bg.wasm> --out target/npm/jotgate
 *
 * Run from the root of the repository, after `npm ci` in `tests`.
 */
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const templates = dirname(fileURLToPath(import.meta.url))
const root = dirname(templates)
// The tools stand where the tests' tools stand: one lock file for all.
const require = createRequire(join(root, 'tests', 'package.json'))

/** The version of wasm-bindgen whose conventions `bindings.ts` keeps to: who raises it compares the two. */
const CONVENTIONS = '0.2.130'

/** The entries of the package: what users import, and the file in `dist` that it is. */
const ENTRIES = {
  '.': 'index',
  './jose': 'jose',
  './inline': 'inline',
  './decode': 'decode/standalone',
  './login': 'login',
  './inspect': 'inspect',
  './hono': 'hono',
  './express': 'express',
  './mcp': 'mcp',
  './testing': 'testing',
}

/** What the core imports, by the names that it has in Rust: what answers, and where that stands. */
const IMPORTS = {
  hostAnswer: ['hostAnswer', 'host_callback.js'],
  __wbindgen_throw: ['thrown', 'bindings.js'],
  __wbindgen_init_externref_table: ['nothing', 'bindings.js'],
}

const { values } = parseArgs({ options: { bindings: { type: 'string' }, out: { type: 'string' } } })
if (!values.bindings || !values.out) {
  console.error('usage: node pkg-templates/build.mjs --bindings <folder> --out <folder>')
  process.exit(2)
}
const bindings = resolve(values.bindings)
const out = resolve(values.out)
const dist = join(out, 'dist')

await rm(out, { recursive: true, force: true })
const loaders = join(dist, 'wasm', 'loaders')
await mkdir(loaders, { recursive: true })
const version = await workspaceField('version')
await copyBindings()
await copyInspector()
compileTypeScript()
await writeVersion()
await writeInline()
await writeCommonJs()
await writePackage()
console.log(`package: ${out}`)

/** The core as a file for edge runtimes and as text for everyone else, and what it imports. */
async function copyBindings() {
  const wasm = await readFile(join(bindings, 'jotgate_bg.wasm'))
  await writeFile(join(loaders, 'jotgate.wasm'), wasm)
  await writeFile(join(loaders, 'wasm_bytes.js'), `export const base64 = '${wasm.toString('base64')}'\n`)
  await writeFile(join(dist, 'wasm', 'imports.js'), await imports(new WebAssembly.Module(wasm)))
  for (const name of ['imports.d.ts', 'loaders/wasm_bytes.d.ts']) {
    await cp(join(templates, 'src', 'wasm', name), join(dist, 'wasm', name))
  }
}

/** The inspector's module in the same two forms, and the bindings that wasm-bindgen generates for it. */
async function copyInspector() {
  const folder = join(dist, 'inspect')
  await mkdir(join(folder, 'loaders'), { recursive: true })
  const wasm = await readFile(join(bindings, 'jotgate_inspect_bg.wasm'))
  await writeFile(join(folder, 'loaders', 'inspect.wasm'), wasm)
  await writeFile(join(folder, 'loaders', 'wasm_bytes.js'), `export const base64 = '${wasm.toString('base64')}'\n`)
  await cp(join(bindings, 'jotgate_inspect_bg.js'), join(folder, 'module.js'))
  for (const name of ['module.d.ts', 'loaders/wasm_bytes.d.ts']) {
    await cp(join(templates, 'src', 'inspect', name), join(folder, name))
  }
}

/** A module with what the core imports, by the names that wasm-bindgen gives them. */
async function imports(module) {
  const lock = await readFile(join(root, 'Cargo.lock'), 'utf8')
  const [, version] = /^name = "wasm-bindgen"\nversion = "([^"]+)"/m.exec(lock) ?? []
  if (version !== CONVENTIONS) throw new Error(`bindings.ts is written for wasm-bindgen ${CONVENTIONS}, not ${version}`)
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name))
  const ours = await readFile(join(templates, 'src', 'wasm', 'bindings.ts'), 'utf8')
  const missing = [...ours.matchAll(/\bcore\.(\w+)/g)].map(([, name]) => name).filter((name) => !exported.has(name))
  if (missing.length > 0) throw new Error(`the core lacks ${missing.join(', ')}: src/wasm and bindings.ts differ`)

  const entries = WebAssembly.Module.imports(module).map(({ name }) => {
    const known = Object.keys(IMPORTS).find((known) => name === known || name.startsWith(`__wbg_${known}_`))
    if (known === undefined) throw new Error(`the core imports ${name}, which nothing here answers`)
    const [ours, file] = IMPORTS[known]
    return `export { ${ours} as ${name} } from './${file}'\n`
  })
  return entries.join('')
}

function compileTypeScript() {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', templates, '--outDir', dist], { stdio: 'inherit' })
}

/**
 * The main entry in one file whose core is the text of `wasm_bytes.js` under every condition: for bundlers that are told
 * they build for a worker, and lose its `.wasm`.
 */
async function writeInline() {
  const { build } = require('esbuild')
  await build({
    entryPoints: [join(dist, 'index.js')],
    outfile: join(dist, 'inline.js'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'warning',
    alias: { '#wasm': join(loaders, 'embedded.js') },
    plugins: [
      {
        name: 'bytes',
        setup({ onResolve }) {
          onResolve({ filter: /wasm_bytes\.js$/ }, () => ({ path: './wasm/loaders/wasm_bytes.js', external: true }))
        },
      },
    ],
  })
  await writeFile(join(dist, 'inline.d.ts'), "export * from './index.js'\n")
}

/** Each module a second time for `require`, file by file, so that all entries share one core there too. */
async function writeCommonJs() {
  const { build } = require('esbuild')
  const modules = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js'))
  // A host that hands over a compiled module does so by `import`; there is nothing to `require`.
  const edge = new Set(['wasm', 'inspect'].flatMap((room) => [
    join(room, 'loaders', 'workerd.js'),
    join(room, 'loaders', 'edge_light.js'),
  ]))
  await build({
    entryPoints: modules.filter((name) => !edge.has(name)).map((name) => join(dist, name)),
    outdir: dist,
    outbase: dist,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    platform: 'node',
    target: 'es2022',
    bundle: true,
    logLevel: 'warning',
    plugins: [
      {
        name: 'neighbours',
        setup({ onResolve }) {
          onResolve({ filter: /^\.\.?\// }, ({ path }) => ({ path: path.replace(/\.js$/, '.cjs'), external: true }))
          // Tools that know no `imports` of a package, such as Jest before 29.4, read these files. Bundlers for edge
          // runtimes take the ES modules, by their own conditions in `exports`.
          onResolve({ filter: /^#wasm(-inspect)?$/ }, () => ({ path: './loaders/embedded.cjs', external: true }))
        },
      },
    ],
  })
  for (const name of (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.d.ts'))) {
    const types = await readFile(join(dist, name), 'utf8')
    await writeFile(
      join(dist, name.replace(/\.d\.ts$/, '.d.cts')),
      types.replace(/(['"]\.{1,2}\/[\w/.]+?)\.js(['"])/g, '$1.cjs$2'),
    )
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
  await writeFile(join(dist, 'base', 'version.js'), `export const VERSION = '${version}'\n`)
  await cp(join(templates, 'src', 'base', 'version.d.ts'), join(dist, 'base', 'version.d.ts'))
}

/** The manifest, with a way to each entry for every resolver: `exports`, `typesVersions`, and a folder for those that know neither. */
async function writePackage() {
  const { files, imports, ...manifest } = JSON.parse(await readFile(join(templates, 'package.json'), 'utf8'))
  const names = Object.keys(ENTRIES).filter((name) => name !== '.').map((name) => name.slice(2))
  const file = (name) => `dist/${ENTRIES[name === '.' ? name : `./${name}`]}`
  const repository = await workspaceField('repository')
  const complete = {
    ...manifest,
    version,
    repository: { type: 'git', url: `git+${repository}.git`, directory: 'pkg-templates' },
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    main: `./${file('.')}.cjs`,
    types: `./${file('.')}.d.ts`,
    typesVersions: { '*': Object.fromEntries(names.map((name) => [name, [`./${file(name)}.d.ts`]])) },
    files: [...files, ...names],
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([name, at]) => [name, conditions(`./dist/${at}`)])),
      // For pages that compile the module from a file of their own.
      './inspect.wasm': './dist/inspect/loaders/inspect.wasm',
      './package.json': './package.json',
    },
    imports,
  }
  await writeFile(join(out, 'package.json'), `${JSON.stringify(complete, null, 2)}\n`)
  for (const name of names) {
    const stub = { main: `../${file(name)}.cjs`, module: `../${file(name)}.js`, types: `../${file(name)}.d.ts` }
    await mkdir(join(out, name))
    await writeFile(join(out, name, 'package.json'), `${JSON.stringify({ ...stub, sideEffects: false }, null, 2)}\n`)
  }
  await cp(join(templates, 'README.md'), join(out, 'README.md'))
  for (const license of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(join(root, license), join(out, license))
}

/** Who gets which form of an entry. Edge runtimes get the ES module even by `require`: it alone imports their `.wasm`. */
function conditions(at) {
  const module = { types: `${at}.d.ts`, default: `${at}.js` }
  return {
    'workerd': module,
    'edge-light': module,
    'import': module,
    'module-sync': module,
    'module': module.default,
    'require': { types: `${at}.d.cts`, default: `${at}.cjs` },
  }
}

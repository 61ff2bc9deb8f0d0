/**
 * Builds the page into one static folder:
 *
 *     node www/build.mjs --package target/npm/jotgate --out target/www
 *
 * Run from the root of the repository, after `cargo xtask build`. Besides the page it writes `headers.json` (the header fields that each
 * path needs), `_headers` (the same for static hosts that read it) and `jotgate-inspector.html`, the page in one file.
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliCompressSync } from 'node:zlib'

const www = dirname(fileURLToPath(import.meta.url))
const require = createRequire(join(dirname(www), 'tests', 'package.json'))
const { build } = require('esbuild')

const { values } = parseArgs({
  options: {
    package: { type: 'string', default: join(dirname(www), 'target', 'npm', 'jotgate') },
    out: { type: 'string', default: join(dirname(www), 'target', 'www') },
  },
})
const dist = join(resolve(values.package), 'dist')
const out = resolve(values.out)
const wasm = join(dist, 'inspect', 'loaders', 'inspect.wasm')
const STATIC = ['style.css', 'icon.svg', 'manifest.webmanifest', 'fetcher.html']

const integrity = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`
const cspHash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const kilobytes = (bytes) => `${Math.ceil(brotliCompressSync(bytes).length / 1024)} KB`

const withoutLogin = (html) => html.replace(/ *<nav [^]*?<\/nav>\n/, '')

await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
for (const name of STATIC) await cp(join(www, name), join(out, name))
// The frame has an opaque origin, which 'self' does not match: its script is inline, and allowed by its hash.
const fetcher = await readFile(join(www, 'fetcher.js'), 'utf8')
await writeFile(join(out, 'fetcher.html'), (await readFile(join(www, 'fetcher.html'), 'utf8')).replace('<script src="fetcher.js"></script>', () => `<script>${fetcher}</script>`))
const module = await readFile(wasm)
await writeFile(join(out, 'inspect.wasm'), module)
const cost = `Checking signatures in the page takes the inspector, ${kilobytes(module)} once, compressed.`

const shared = {
  bundle: true,
  minify: true,
  target: 'es2022',
  logLevel: 'warning',
  legalComments: 'none',
  define: { COST: JSON.stringify(cost), INTEGRITY: JSON.stringify(integrity(module)) },
}

/** Takes `jotgate/inspect` from the package, with this loader of its module. */
const fromPackage = (loader) => ({
  name: 'package',
  setup({ onResolve }) {
    onResolve({ filter: /pkg-templates\/src\/inspect\.js$/ }, () => ({ path: join(dist, 'inspect.js') }))
    onResolve({ filter: /^#wasm-inspect$/ }, () => ({ path: loader }))
  },
})

// The page: a small first script, and one that follows after the first paint.
await build({
  ...shared,
  entryPoints: [join(www, 'src', 'main.ts')],
  outdir: out,
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  plugins: [fromPackage(join(www, 'src', 'inspect_loader.ts'))],
})

// The login is a document of its own. Its settings stay a file, so that a deployment changes them without a build.
for (const name of ['login.html', 'login.css', 'login.config.mjs']) await cp(join(www, name), join(out, name))
await build({
  ...shared,
  entryPoints: [join(www, 'login.js')],
  outfile: join(out, 'login.js'),
  format: 'esm',
  external: ['./login.config.mjs'],
  alias: { 'jotgate/login': join(dist, 'login.js'), 'jotgate/decode': join(dist, 'decode.js') },
})
const { default: login } = await import('./login.config.mjs')
const html = await readFile(join(www, 'index.html'), 'utf8')

// Integrity of every module, by an import map: it counts for those that are imported later, too.
const modules = (await readdir(out)).filter((name) => name.endsWith('.js') && !name.startsWith('login.'))
const hashes = {}
for (const name of modules) hashes[`./${name}`] = integrity(await readFile(join(out, name)))
const map = JSON.stringify({ integrity: hashes })
const style = await readFile(join(www, 'style.css'))
const page = html
  .replace('href="style.css"', `href="style.css" integrity="${integrity(style)}"`)
  .replace('<script type="module"', `<script type="importmap">${map}</script>\n    <script type="module" integrity="${hashes['./main.js']}"`)
await writeFile(join(out, 'index.html'), page)

// What the service worker keeps: all of the page, under a name that changes with its contents.
const kept = ['./', ...modules, 'inspect.wasm', ...STATIC]
const version = createHash('sha256').update(page).update(map).update(module).digest('hex').slice(0, 12)
const worker = (await readFile(join(www, 'sw.js'), 'utf8'))
  .replace("'VERSION'", JSON.stringify(version))
  .replace("['FILES']", JSON.stringify(kept))
await writeFile(join(out, 'sw.js'), worker)

// The header fields. The page reaches its own origin alone; the frame reaches the network and sees nothing of the page.
const common = "base-uri 'none'; form-action 'none'; object-src 'none'; require-trusted-types-for 'script'"
const policies = {
  page: `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${cspHash(map)}; style-src 'self'; img-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; connect-src 'self'; frame-ancestors 'none'; ${common}; trusted-types jotgate`,
  login: `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src ${new URL(login.issuer).origin}; frame-ancestors 'none'; ${common}; trusted-types 'none'`,
  frame: `default-src 'none'; script-src ${cspHash(fetcher)}; connect-src https: http://127.0.0.1:* http://localhost:*; frame-ancestors 'self'; sandbox allow-scripts; ${common}; trusted-types 'none'`,
}
const fields = (policy) => ({
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), interest-cohort=()',
})
const headers = {
  '/*': fields(policies.page),
  '/fetcher.html': fields(policies.frame),
  '/login.html': fields(policies.login),
}
await writeFile(join(out, 'headers.json'), `${JSON.stringify(headers, null, 2)}\n`)
const lines = Object.entries(headers).map(([path, named]) => [path, ...Object.entries(named).map(([name, value]) => `  ${name}: ${value}`)].join('\n'))
await writeFile(join(out, '_headers'), `${lines.join('\n')}\n`)

// The single file: everything inside, no request possible, no frame, no login.
const { outputFiles } = await build({
  ...shared,
  entryPoints: [join(www, 'src', 'main.ts')],
  write: false,
  format: 'iife',
  plugins: [fromPackage(join(dist, 'inspect', 'loaders', 'embedded.js'))],
})
const script = outputFiles[0].text.replaceAll('</script', '<\\/script')
const css = style.toString()
const icon = `data:image/svg+xml;base64,${(await readFile(join(www, 'icon.svg'))).toString('base64')}`
const policy = `default-src 'none'; script-src ${cspHash(script)} 'wasm-unsafe-eval'; style-src ${cspHash(css)}; img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types jotgate`
const single = withoutLogin(html)
  .replace('<meta charset="utf-8">', `<meta charset="utf-8">\n    <meta http-equiv="content-security-policy" content="${policy}">`)
  .replace(/ *<link rel="manifest"[^\n]*\n/, '')
  .replace('href="icon.svg"', `href="${icon}"`)
  .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${css}</style>`)
  .replace(/ *<script type="module"[^\n]*\n/, '')
  .replace(/<html lang="en">/, '<html lang="en" data-single>')
  .replace(/\n *<iframe[^\n]*\n/, '\n')
  .replace('</body>', () => `  <script>${script}</script>\n  </body>`)
await writeFile(join(out, 'jotgate-inspector.html'), single)

const weigh = async (names) => (await Promise.all(names.map((name) => readFile(join(out, name))))).reduce((sum, bytes) => sum + brotliCompressSync(bytes).length, 0)
const first = await weigh(['index.html', 'style.css', 'icon.svg', 'main.js', ...modules.filter((name) => page.includes(name) && name.startsWith('chunk'))])
const all = await weigh(['index.html', 'style.css', 'icon.svg', ...modules, 'inspect.wasm'])
console.log(`page: ${out}, ${first} bytes before the first keystroke at most, ${all} until the first verdict (brotli)`)

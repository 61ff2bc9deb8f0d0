/** Measures the sizes of the package and its peers, in bytes. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { bundle, NATIVE } from './bundle.mjs'
import { project } from './places.mjs'

const ENTRIES = {
  'jotgate': `export { Verifier } from 'jotgate'`,
  'jose': `export { importJWK, jwtVerify } from 'jose'`,
  'fast-jwt': `export { createVerifier } from 'fast-jwt'`,
  'jsonwebtoken': `import { verify } from 'jsonwebtoken'\nexport { verify }`,
  'hono/jwt': `export { verify } from 'hono/jwt'`,
  'aws-jwt-verify': `export { JwtVerifier } from 'aws-jwt-verify'`,
  '@tsndr/cloudflare-worker-jwt': `export { verify } from '@tsndr/cloudflare-worker-jwt'`,
}

/**
 * `wasm`: the module of the package; `main`: the JavaScript of the main entry, all that it exports, without the module;
 * `bundles`: for Node, what a program takes along that verifies tokens, all in one file.
 */
export async function sizes() {
  const dist = join(project, 'node_modules', 'jotgate', 'dist')
  const wasm = { 'all algorithms': weights(await readFile(join(dist, 'wasm', 'loaders', 'jotgate.wasm'))) }
  const main = await bundled(`export * from 'jotgate'`, {
    conditions: ['workerd'],
    loader: { '.wasm': 'empty' },
    platform: 'neutral',
  })
  const bundles = {}
  for (const [name, text] of Object.entries(ENTRIES)) {
    bundles[name] = weights(await bundled(text, { platform: 'node', builtins: NATIVE }))
  }
  return { wasm, main: weights(main), bundles }
}

async function bundled(text, options) {
  const entry = join(project, 'entry.mjs')
  await writeFile(entry, text)
  const { outputFiles } = await bundle({ entryPoints: [entry], outfile: 'out.mjs', write: false, ...options })
  return outputFiles[0].contents
}

function weights(bytes) {
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli }
}

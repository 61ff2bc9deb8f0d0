/** Bundles an entry of the project for runtimes without the modules of Node. */
import { mkdir, rm } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { project, tools } from './places.mjs'

/** Replaces the modules of Node. A package that needs them fails when it is loaded, not here. */
export const NONE = 'none'
/** The same for runtimes that have them under `node:`. */
export const NATIVE = 'native'

export async function bundle({ entryPoints, outdir, outfile, builtins, ...options }) {
  if (outdir !== undefined) {
    await rm(outdir, { recursive: true, force: true })
    await mkdir(outdir, { recursive: true })
  }
  const { build } = tools('esbuild')
  return build({
    absWorkingDir: project,
    entryPoints,
    ...(outdir === undefined ? { outfile } : { outdir, splitting: true }),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    loader: { '.wasm': 'copy' },
    assetNames: '[name]-[hash]',
    plugins: builtins === undefined ? [] : [nodeModules(builtins)],
    ...options,
  })
}

function nodeModules(manner) {
  return {
    name: 'modules of Node',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, namespace }) => {
        const name = path.replace(/^node:/, '')
        if (!builtinModules.includes(name)) return undefined
        if (namespace === 'builtin') return { path: `node:${name}`, external: true }
        if (manner === NATIVE && kind !== 'require-call') return { path: `node:${name}`, external: true }
        return { path: name, namespace: 'builtin' }
      })
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
        contents:
          manner === NATIVE
            ? `import all from 'node:${path}'\nmodule.exports = all`
            : `throw new Error('it needs ${path} of Node')\nmodule.exports = {}`,
      }))
    },
  }
}

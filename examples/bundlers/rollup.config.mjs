import { nodeResolve } from '@rollup/plugin-node-resolve'

// Rollup by itself finds no package at all: that is what its plugin is for.
export default {
  input: 'main.js',
  output: { file: 'rollup/main.js' },
  plugins: [nodeResolve({ browser: true })],
}

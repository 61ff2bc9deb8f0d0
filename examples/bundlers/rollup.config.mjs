import { nodeResolve } from '@rollup/plugin-node-resolve'

// Rollup needs this plugin to find any package.
export default {
  input: 'main.js',
  output: { file: 'rollup/main.js' },
  plugins: [nodeResolve({ browser: true })],
}

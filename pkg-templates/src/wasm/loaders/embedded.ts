/** The loader for all other runtimes. The bytes are in the package's JavaScript, so that bundlers cannot lose a file. */
import { base64 } from './wasm_bytes.js'
import { compile, compileAside } from './compile.js'

export { instantiate } from './compile.js'
export { nodeBuffers, nodeRsa } from './node.js'
export const load = (): WebAssembly.Module => compile(base64)
export const prepare = (): Promise<WebAssembly.Module> => compileAside(base64)

/** Most runtimes: the module's bytes are in the package's JavaScript, so that no bundler can lose a file. */
import { compile, compileAside } from '../../wasm/loaders/compile.js'
import { base64 } from './wasm_bytes.js'

export { instantiate } from '../../wasm/loaders/compile.js'
export const load = (): WebAssembly.Module => compile(base64)
export const prepare = (): Promise<WebAssembly.Module> => compileAside(base64)

/** The loader for all other runtimes. The bytes are in the package's JavaScript, so that bundlers cannot lose a file. */
import { compile, compileAside } from '../../wasm/loaders/compile.js'
import { base64 } from './wasm_bytes.js'

export { instantiate } from '../../wasm/loaders/compile.js'
export const load = (): WebAssembly.Module => compile(base64)
export const prepare = (): Promise<WebAssembly.Module> => compileAside(base64)

/** The loader for Cloudflare Workers, which forbid compiling from bytes. The runtime imports a compiled module. */
import module from './inspect.wasm'

export const load = (): WebAssembly.Module => module
export const prepare = async (): Promise<WebAssembly.Module> => module
export const instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance =>
  new WebAssembly.Instance(module, imports)

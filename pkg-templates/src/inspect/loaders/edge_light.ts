/** The loader for Vercel's edge runtime. `?module` makes its bundler import a compiled module. */
import module from './inspect.wasm?module'

export const load = (): WebAssembly.Module => module
export const prepare = async (): Promise<WebAssembly.Module> => module
export const instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance =>
  new WebAssembly.Instance(module, imports)

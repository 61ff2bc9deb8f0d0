/** Cloudflare Workers: compiling from bytes is forbidden there, the runtime hands over a compiled module. */
import module from './jotgate.wasm'

export const load = (): WebAssembly.Module => module
export const prepare = async (): Promise<WebAssembly.Module> => module

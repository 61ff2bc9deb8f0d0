/** The page's loader of the inspector's module: a file of the page, fetched with its integrity. */

/** The hash of `inspect.wasm`, which the build writes. */
declare const INTEGRITY: string

/** Not used: the page starts the inspector by `ready()`. */
export const load = (): WebAssembly.Module => {
  throw new Error('the inspector is not ready')
}

/** Compiles the module while it arrives. */
export const prepare = (): Promise<WebAssembly.Module> =>
  WebAssembly.compileStreaming(fetch('inspect.wasm', { integrity: INTEGRITY }))

/** Starts the module. The page's own policy allows it. */
export const instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance =>
  new WebAssembly.Instance(module, imports)

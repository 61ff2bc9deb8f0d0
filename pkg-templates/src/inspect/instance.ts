/** Starts the inspector's module at first use. It is separate from the verifier's module. */
import * as module from './module.js'
import { instantiate, load, prepare } from '#wasm-inspect'

let running: typeof module | undefined

/** Returns the running module, and starts it if necessary. */
export function boot(): typeof module {
  return (running ??= start(load()))
}

/** Starts the module without blocking while it is compiled. */
export async function bootAside(): Promise<void> {
  if (running !== undefined) return
  const compiled = await prepare()
  running ??= start(compiled)
}

function start(compiled: WebAssembly.Module): typeof module {
  const { exports } = instantiate(compiled, {
    './jotgate_inspect_bg.js': module as unknown as WebAssembly.ModuleImports,
  })
  module.__wbg_set_wasm(exports)
  ;(exports as { __wbindgen_start(): void }).__wbindgen_start()
  return module
}

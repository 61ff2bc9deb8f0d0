/** Starts the core at first use, once for all entries of the package. */
import * as bindings from './bindings.js'
import * as imports from './imports.js'
import { instantiate, load, prepare } from '#wasm'

/** The running core. */
export interface Core {
  readonly memory: WebAssembly.Memory
  readonly bindings: typeof bindings
}

let core: Core | undefined

/** Returns the core, and starts it if necessary. */
export function boot(): Core {
  return (core ??= start(load()))
}

/** Starts the core without blocking while it is compiled. */
export async function bootAside(): Promise<Core> {
  if (core !== undefined) return core
  const module = await prepare()
  // Another call may have started it meanwhile, and keys may be in that instance's memory.
  return (core ??= start(module))
}

function start(module: WebAssembly.Module): Core {
  const { exports } = instantiate(module, {
    './jotgate_bg.js': imports as unknown as WebAssembly.ModuleImports,
  })
  return { memory: bindings.start(exports), bindings }
}

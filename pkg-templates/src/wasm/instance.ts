/** A loader's module enters, the running core leaves: instantiated at first use, once for all entries of the package. */
import * as bindings from './bindings.js'
import * as imports from './imports.js'
import { load, prepare } from '#wasm'

/** The running core. */
export interface Core {
  readonly memory: WebAssembly.Memory
  readonly bindings: typeof bindings
}

let core: Core | undefined

/** The core, started if it is not running yet. */
export function boot(): Core {
  return (core ??= start(load()))
}

/** Starts the core, and lets other work go on while it is compiled. */
export async function bootAside(): Promise<Core> {
  if (core !== undefined) return core
  const module = await prepare()
  // Another call may have started it meanwhile, and keys may already lie in that one's memory.
  return (core ??= start(module))
}

function start(module: WebAssembly.Module): Core {
  const { exports } = new WebAssembly.Instance(module, {
    './jotgate_bg.js': imports as unknown as WebAssembly.ModuleImports,
  })
  return { memory: bindings.start(exports), bindings }
}

/** Starts the core at first use. All entries of the package share it. */
import { Keys, Policy, start as useExports } from './bindings.js'
import { imports } from './imports.js'
import { instantiate, load, prepare } from '#wasm'

/** The classes of the running core. */
export interface Core {
  readonly Keys: typeof Keys
  readonly Policy: typeof Policy
}

const CORE: Core = { Keys, Policy }
let isRunning = false

/** Returns the core, and starts it if necessary. */
export function boot(): Core {
  if (!isRunning) start(load())
  return CORE
}

/** Starts the core without blocking while it is compiled. */
export async function bootAside(): Promise<void> {
  if (isRunning) return
  const module = await prepare()
  // Another call may have started the core meanwhile. Its keys are in the memory of that instance.
  if (!isRunning) start(module)
}

function start(module: WebAssembly.Module): void {
  const { exports } = instantiate(module, {
    './jotgate_bg.js': imports,
  })
  useExports(exports)
  isRunning = true
}

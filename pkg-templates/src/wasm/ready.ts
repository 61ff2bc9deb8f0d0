/** `ready()`: compiles the WebAssembly core before its first use, without blocking. */
import { setTableMemory } from './bindings.js'
import { bootAside } from './instance.js'
import { Options, size } from '../base/options.js'

/** Options of the core, which all entries share. */
export interface ReadyOptions {
  /**
   * The most memory that the tables of all keys use together, in bytes. Tables speed up the verification with frequently used keys, and
   * never change a verdict. Existing tables stay until their keys are freed. Default: 8 MiB.
   */
  tableMemory?: number
}

/**
 * Starts the core without blocking. Without this call, the core is compiled at first use. Calling this is optional in every runtime of the README,
 * but required in browsers before Chromium 115.
 *
 * @throws `TypeError` that names an unknown option, or one that is not a whole number from 1
 */
export async function ready(options: ReadyOptions = {}): Promise<void> {
  const bytes = new Options('ready', options, ['tableMemory']).read('tableMemory', size)
  await bootAside()
  if (bytes !== undefined) setTableMemory(Math.min(bytes, 2 ** 32 - 1))
}

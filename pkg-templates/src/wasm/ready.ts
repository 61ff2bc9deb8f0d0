/** A page that has not yet used the package enters; its core runs when the promise resolves. */
import { bootAside } from './instance.js'
import { Options, size } from '../base/options.js'

/** What the one core of all entries is told when it starts, or later. */
export interface ReadyOptions {
  /**
   * How much memory the tables may take that make signatures of often used keys faster to verify, of all keys together, in bytes. What
   * a verdict is does not depend on it. Tables that are there stay until their keys go. Default: 8 MiB.
   */
  tableMemory?: number
}

/**
 * Starts the core without blocking: in a page, compiling it takes some hundredths of a second that would otherwise be
 * taken at first use. Nobody has to call this where compiling at once is allowed, which it is in every runtime of the
 * README; browsers before Chromium 115 want it.
 *
 * @throws `TypeError` that names an option which is unknown, or no whole number from 1 on
 */
export async function ready(options: ReadyOptions = {}): Promise<void> {
  const bytes = new Options('ready', options, ['tableMemory']).read('tableMemory', size)
  const { bindings } = await bootAside()
  if (bytes !== undefined) bindings.setTableMemory(Math.min(bytes, 2 ** 32 - 1))
}

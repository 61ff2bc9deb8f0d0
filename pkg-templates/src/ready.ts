/** A page that has not yet used the package enters; its core runs when the promise resolves. */
import { bootAside } from './boot.js'

/**
 * Starts the core without blocking: in a page, compiling it takes some hundredths of a second that would otherwise be
 * taken at first use. Nobody has to call this where compiling at once is allowed, which it is in every runtime of the
 * README; browsers before Chromium 115 want it.
 */
export async function ready(): Promise<void> {
  await bootAside()
}

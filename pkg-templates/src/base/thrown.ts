/** Errors of the program's own rules, for frameworks. */
import { record } from './record.js'

/**
 * Throws what a rule threw; what is no object becomes the cause of an `Error`. Express takes `next(undefined)` for
 * permission and `next('route')` for an instruction, and Hono answers instances of `Error` only.
 */
export function throwError(thrown: unknown): never {
  if (thrown instanceof Error) throw thrown
  throw new Error('`principal` or `authorize` failed', record({ cause: thrown }))
}

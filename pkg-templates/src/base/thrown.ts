/** Passes errors of the caller's rules to frameworks. */
import { record } from './record.js'

/**
 * Throws the error of a rule. Anything else that a rule threw becomes the cause of an `Error`: Express takes `next(undefined)` as permission
 * and `next('route')` as an instruction, and Hono handles only instances of `Error`.
 */
export function throwError(thrown: unknown): never {
  if (thrown instanceof Error) throw thrown
  throw new Error('`principal` or `authorize` failed', record({ cause: thrown }))
}

/**
 * The one way from the core back to the host: in the middle of a verification it asks whether an RSA signature holds. The
 * core imports this module, so it may import nothing that needs the core.
 */
import { asking } from './call_guard.js'

/** A question's numbers: the algorithm's, the key's place in its set, and where bytes stand in the core's memory. */
export type Asked = (
  algorithm: number,
  keyIndex: number,
  signed: number,
  signedLength: number,
  signature: number,
  signatureLength: number,
) => boolean | undefined

let listener: Asked | undefined

/** Lets `asked` answer while `work` runs, which must not wait for anything. */
export function answering<T>(asked: Asked, work: () => T): T {
  listener = asked
  try {
    return work()
  } finally {
    listener = undefined
  }
}

/** What the core calls: 1 where the signature holds, 0 where it does not, −1 where nobody can tell. */
// Each by its name: gathered in a list and spread again, they would be copied twice for every token.
export function hostAnswer(
  algorithm: number,
  keyIndex: number,
  signed: number,
  signedLength: number,
  signature: number,
  signatureLength: number,
): number {
  // Places in memory arrive as signed numbers.
  const holds = asking(() =>
    listener?.(algorithm, keyIndex, signed >>> 0, signedLength, signature >>> 0, signatureLength),
  )
  return holds === true ? 1 : holds === false ? 0 : -1
}

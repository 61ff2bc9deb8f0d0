/**
 * The one function that the core calls: in the middle of a verification it asks the host whether an RSA signature
 * holds. The core imports this module, so this module must not import anything that needs the core.
 */
import { askHost } from './call_guard.js'

/** The numbers of a question: the algorithm, the key's index in its set, and spans in the core's memory. */
export type HostVerifier = (
  algorithm: number,
  keyIndex: number,
  message: number,
  messageLength: number,
  signature: number,
  signatureLength: number,
) => boolean | undefined

let current: HostVerifier | undefined

/** Lets `verifier` answer while `work` runs. `work` must be synchronous. */
export function withHostVerifier<T>(verifier: HostVerifier, work: () => T): T {
  current = verifier
  try {
    return work()
  } finally {
    current = undefined
  }
}

/** Called by the core. Returns 1 if the signature holds, 0 if it does not, −1 if the core has to check it. */
// Named parameters: a rest parameter would copy them twice for every token.
export function hostAnswer(
  algorithm: number,
  keyIndex: number,
  message: number,
  messageLength: number,
  signature: number,
  signatureLength: number,
): number {
  // Addresses arrive as signed numbers.
  const holds = askHost(() =>
    current?.(algorithm, keyIndex, message >>> 0, messageLength, signature >>> 0, signatureLength),
  )
  return holds === true ? 1 : holds === false ? 0 : -1
}

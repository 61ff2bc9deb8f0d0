/**
 * Asks the host about RSA signatures instead of the core. The token is written and parsed once:
 *
 *     write ─▶ question ─▶ the host's answer ─▶ resume ─▶ verdict
 *          └─────────────▶ verify ──────────────────────▶ verdict    without a question or an answer
 */
import { question, type Keys, type Policy } from './bindings.js'
import { type HostAnswer, inputAddress, resultOf, signed, view, write } from './calls.js'
import { boot } from './instance.js'
import type { SignatureCheck, SignatureQuestion } from './host.js'

/**
 * Returns the function that checks signatures for this algorithm and key, if the runtime offers one. Its arguments are
 * views into the core's memory: it must not keep them.
 */
export type SignatureOracle = (alg: string, keyIndex: number) => SignatureCheck | undefined

/** Makes the answer function for a host that checks synchronously. */
export function answeredBy(oracle: SignatureOracle): HostAnswer {
  return (policy, keys, length) => {
    const asked = ask(policy, keys, length)
    if (asked === undefined) return undefined
    try {
      const check = oracle(asked.alg, asked.keyIndex)
      // The views are made after the call of the oracle, which may have grown the core's memory.
      const memory = view()
      const holds = check?.(memory.subarray(asked.start, asked.end), memory.subarray(asked.from, asked.to))
      // If the check itself has grown the memory, its views were detached, so its result is ignored.
      return memory.length > 0 && typeof holds === 'boolean' ? holds : undefined
    } catch {
      return undefined
    }
  }
}

/** Makes the answer function for a host that was already asked about this token with {@link questionAbout}. */
export function answered(holds: boolean): HostAnswer {
  return (policy, keys, length) => (question(policy, keys, length) === 0 ? undefined : holds)
}

/** Returns the signature of a token that the host may check, if there is one. The bytes are copies, which stay valid after other calls. */
export function questionAbout(policy: Policy, keys: Keys, token: string): SignatureQuestion | undefined {
  boot()
  const length = write(token, policy)
  if (typeof length === 'object') return undefined
  const asked = ask(policy, keys, length)
  if (asked === undefined) return undefined
  const { alg, keyIndex, start, end, from, to } = asked
  return { alg, keyIndex, signed: view().slice(start, end), signature: view().slice(from, to) }
}

/**
 * Asks the core what the host could check for the token in the input buffer. Returns the algorithm, the index of the key, and the addresses of the signed
 * message (`start` to `end`) and of the signature (`from` to `to`). Returns `undefined` if there is nothing to check.
 */
function ask(policy: Policy, keys: Keys, length: number) {
  const algorithm = question(policy, keys, length)
  if (algorithm === 0) return undefined
  const result = resultOf()
  const from = result[0] as number
  const signatureLength = result[2] as number
  return {
    alg: QUESTION_ALGORITHMS[algorithm] as string,
    keyIndex: signed(result[4] as number),
    start: inputAddress,
    end: inputAddress + signedLength(length, signatureLength),
    from,
    to: from + signatureLength,
  }
}

/** The algorithms of questions, in the core's order from 1. */
const QUESTION_ALGORITHMS = ['', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

/** Returns the length of the signed message. A token is the message, a dot, and the signature in base64url. */
function signedLength(length: number, signatureLength: number): number {
  return length - 1 - Math.ceil((signatureLength * 4) / 3)
}

/** Asks the runtime's cryptography about the RSA signatures of one verifier: the part `hostRsa()`. */
import { handle } from '../keys/imported_key.js'
import { KeySet, setKey } from '../keys/key_set.js'
import type { Keys, Policy } from '../wasm/bindings.js'
import type { HostAnswer } from '../wasm/calls.js'
import type { HostRsa } from '../wasm/host.js'
import { answered, answeredBy, questionAbout } from '../wasm/questions.js'
import { hostRsaChecks } from './host_rsa.js'
import { handleOf, type KeysInHand } from './issuer_verifier.js'
import { type HostQuestions, Part, type Parts } from './parts.js'

/** The part `hostRsa`. */
export const HOST_RSA: Required<Parts>['hostRsa'] = () => new RsaQuestions()

/** Makes the part that verifies RSA signatures by the runtime's cryptography, where that is faster. It enables the option `hostCrypto`. */
export function hostRsa(): Part<'hostRsa'> {
  return new Part('hostRsa', HOST_RSA)
}

class RsaQuestions implements HostQuestions {
  readonly #checks: HostRsa = hostRsaChecks()
  /** The keys of the last token, and the function that answers about them. */
  #last: { readonly keys: KeysInHand; readonly answer: HostAnswer } | undefined
  /** How many verdicts are pending, or were requested in this microtask. */
  #underWay = 0

  waits(): boolean {
    const { later, whenBusy } = this.#checks
    if (whenBusy !== true) return later !== undefined
    // For a caller that awaits each verdict before its next request, the count never exceeds 1: the microtask runs in between.
    this.#underWay++
    queueMicrotask(() => this.#underWay--)
    return this.#underWay > 1
  }

  async ask(policy: Policy, keys: KeysInHand, token: unknown): Promise<boolean | undefined> {
    // Bytes could change before the answer arrives.
    const asked = typeof token === 'string' ? questionAbout(policy, handleOf(keys), token) : undefined
    if (asked === undefined) return undefined
    this.#underWay++
    try {
      return await this.#checks.later?.(keyAt(keys, asked.keyIndex), asked)
    } finally {
      this.#underWay--
    }
  }

  answer(keys: KeysInHand, holds: boolean | undefined): HostAnswer | undefined {
    if (holds !== undefined) return answered(holds)
    const { now } = this.#checks
    if (now === undefined) return undefined
    if (this.#last?.keys !== keys) this.#last = { keys, answer: answeredBy((alg, index) => now(keyAt(keys, index), alg)) }
    return this.#last?.answer
  }
}

/** The one key, or the key at an index of a set. */
function keyAt(keys: KeysInHand, index: number): Keys {
  return keys instanceof KeySet ? handle(setKey(keys, index)) : keys
}

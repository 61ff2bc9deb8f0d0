/** The types of the runtime's cryptography and buffers that the core can use. */
import type { Keys } from './bindings.js'

/** An RSA signature that the host may verify instead of the core. */
export interface SignatureQuestion {
  /** `RS256`, `RS384`, `RS512`, `PS256`, `PS384` or `PS512`. */
  readonly alg: string
  /** The index of the key in its set, −1 for a single key. */
  readonly keyIndex: number
  /** The message that was signed. */
  readonly signed: Uint8Array<ArrayBuffer>
  /** The signature, as long as the modulus. */
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Returns whether the signature is valid, or `undefined` if the core has to check it. */
export type SignatureCheck = (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | undefined

/** The runtime's cryptography. If a function is missing or returns `undefined`, the core has to verify the signature. */
export interface HostRsa {
  /** Returns the synchronous check for signatures of a key, if there is one. */
  now?(key: Keys, alg: string): SignatureCheck | undefined
  /** Checks a signature asynchronously. The question's bytes are copies. Returns `undefined` while the key is being imported. */
  later?(key: Keys, question: SignatureQuestion): Promise<boolean | undefined> | undefined
  /** Whether `later` is used only while other verdicts are pending. A single signature is faster with `now`. */
  readonly whenBusy?: boolean
}

/** A Buffer of Node or Bun. */
export interface Buffer {
  /** Decodes ASCII, which is all that the core writes, faster than a TextDecoder. */
  latin1Slice(from: number, to: number): string
  /** Does what `TextEncoder.encodeInto` does, faster. */
  utf8Write(text: string, offset: number, length: number): number
}

/** The class of such buffers. */
export interface Buffers {
  from(memory: ArrayBuffer): Buffer
}

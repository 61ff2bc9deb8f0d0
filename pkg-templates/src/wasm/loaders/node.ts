/**
 * RSA by `node:crypto`, and fast buffers, which only Node and Bun have. The loaders for Workers do not import this file, so their bundles do
 * not contain it.
 */
import { memberOf, record } from '../../base/record.js'
import { hostGlobal, requestsAreIsolated } from '../../base/runtime.js'
import type { Keys } from '../bindings.js'
import { KeyForms } from '../key_forms.js'
import type { Buffer, Buffers, HostRsa, SignatureCheck, SignatureQuestion } from '../host.js'

/** The part of `node:crypto` that is used. The types of Node would require `@types/node` in every project. */
interface NodeCrypto {
  readonly constants: Readonly<
    Record<'RSA_PKCS1_PADDING' | 'RSA_PKCS1_PSS_PADDING' | 'RSA_PSS_SALTLEN_DIGEST', number>
  >
  createPublicKey(input: { key: JsonWebKey; format: 'jwk' }): object
  verify(hash: string, signed: Uint8Array, key: NodeKey, signature: Uint8Array): boolean
  verify(
    hash: string,
    signed: Uint8Array,
    key: NodeKey,
    signature: Uint8Array,
    callback: (error: Error | null, holds?: boolean) => void,
  ): void
}

/** The synchronous and the asynchronous check for signatures of a key. */
interface NodeChecks {
  readonly now: SignatureCheck
  readonly later: (question: SignatureQuestion, settle: (holds: boolean | undefined) => void) => void
}

/** A public key in the form that `verify` of `node:crypto` takes. */
interface NodeKey {
  readonly key: object
  readonly padding: number
  readonly saltLength?: number
}

/** The number of signatures that the core verifies before `node:crypto` is loaded. Loading takes as long as many signatures. */
const HOST_WARMUP_SIGNATURES = 8

/**
 * `node:crypto` of Node and Bun, if the runtime has it. The asynchronous form computes in other threads.
 *
 * @param jwkOf - returns a key as a JWK
 */
export function nodeRsa(jwkOf: (key: Keys) => JsonWebKey): HostRsa | undefined {
  const process = hostGlobal<{ getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined }>('process')
  if (process?.getBuiltinModule === undefined) return undefined
  const held = new KeyForms<NodeChecks | null>()
  const form = ({ createPublicKey, constants }: NodeCrypto, key: Keys, alg: string): NodeKey | null => {
    try {
      const object = createPublicKey(record({ key: jwkOf(key), format: 'jwk' } as const))
      if (alg.startsWith('RS')) return record({ key: object, padding: constants.RSA_PKCS1_PADDING })
      // RFC 7518 §3.5: the salt is as long as the hash. By default, Node accepts any length.
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return record({ key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    } catch {
      // The runtime rejects this key, for example because of an unusual exponent. The core verifies instead.
      return null
    }
  }
  const checksOf = (key: Keys, alg: string): NodeChecks | null => {
    const node = process.getBuiltinModule?.('node:crypto')
    const object = node === undefined ? null : form(node, key, alg)
    if (node === undefined || object === null) return null
    const { verify } = node
    const hash = `sha${alg.slice(2)}`
    return {
      now(signed, signature) {
        try {
          return verify(hash, signed, object, signature)
        } catch {
          return undefined
        }
      },
      later({ signed, signature }, settle) {
        try {
          verify(hash, signed, object, signature, (error, holds) => settle(error === null ? holds : undefined))
        } catch {
          settle(undefined)
        }
      },
    }
  }
  let seen = 0
  const at = (key: Keys, alg: string): NodeChecks | null => {
    if (seen === HOST_WARMUP_SIGNATURES) return held.of(key, alg, () => checksOf(key, alg))
    seen += 1
    return null
  }
  return {
    now: (key, alg) => at(key, alg)?.now,
    later(key, question) {
      const later = at(key, question.alg)?.later
      return later && new Promise((settle) => later(question, settle))
    },
    whenBusy: true,
  }
}

/** Returns `Buffer`, if the runtime has its fast functions. */
export function nodeBuffers(memory: ArrayBuffer): Buffers | undefined {
  // Workers load their Buffer at first use, which would delay the first verdict.
  if (requestsAreIsolated()) return undefined
  const Buffer = hostGlobal<{ from(memory: ArrayBuffer): Partial<Buffer> }>('Buffer')
  const from = Buffer && memberOf(Buffer, 'from')
  const found = typeof from === 'function' ? from(memory) : undefined
  const isWhole = typeof found?.latin1Slice === 'function' && typeof found.utf8Write === 'function'
  return isWhole ? (Buffer as Buffers) : undefined
}

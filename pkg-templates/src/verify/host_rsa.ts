/**
 * Verifies RSA signatures by the runtime's own cryptography, where that is faster than the core. The core still parses the token, chooses
 * the key and applies the policy.
 */
import { memberOf, record } from '../base/record.js'
import { hostGlobal, ofNavigator, requestsAreIsolated } from '../base/runtime.js'
import { type Keys, publicJwk } from '../wasm/bindings.js'
import type { SignatureCheck, SignatureQuestion } from '../wasm/questions.js'

/** The runtime's cryptography. `undefined` as a result means that the core has to verify the signature. */
export interface HostRsa {
  /** Returns a synchronous check for signatures of a key, if there is one. */
  now?(key: Keys, alg: string): SignatureCheck | undefined
  /** Checks a signature asynchronously. The question's bytes are copies. `undefined` while the key is being imported. */
  later?(key: Keys, question: SignatureQuestion): Promise<boolean | undefined> | undefined
  /** Whether the asynchronous form is used only while others are under way: a single one is faster synchronously. */
  readonly whenBusy?: boolean
}

/** The part of `node:crypto` that is used. Its own types would need `@types/node` in every project. */
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

/** Both checks for signatures of a key. */
interface Node {
  readonly now: SignatureCheck
  readonly later: (question: SignatureQuestion, settle: (holds: boolean | undefined) => void) => void
}

interface NodeKey {
  readonly key: object
  readonly padding: number
  readonly saltLength?: number
}

/** The cryptography of this runtime; empty if it is not faster than the core. */
export function hostRsaChecks(): HostRsa {
  return (found ??= record(find() ?? {}))
}

let found: HostRsa | undefined

function find(): HostRsa | undefined {
  // Both of Deno's interfaces cost more time than the core needs for the signature.
  if (hostGlobal('Deno') !== undefined) return undefined
  // Read only where it is used: Node loads it at the first access.
  const subtle = () => {
    const host = hostGlobal<{ subtle?: SubtleCrypto }>('crypto')
    const found = host && memberOf(host, 'subtle')
    return found && bySubtle(found)
  }
  // Only Chromium has `userAgentData`. Firefox and WebKit are slower than the core.
  if (requestsAreIsolated() || ofNavigator('userAgentData') !== undefined) return subtle()
  const process = hostGlobal<{ getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined }>('process')
  if (process?.getBuiltinModule !== undefined) return byNode(() => process.getBuiltinModule?.('node:crypto'))
  // Firefox has a high latency, but computes in other threads.
  const slow = String(ofNavigator('userAgent')).includes('Firefox/') ? subtle() : undefined
  return slow && { ...slow, whenBusy: true }
}

/** Caches each key in the runtime's form, by the algorithm that it is used with. */
class KeyForms<T> {
  readonly #keys = new WeakMap<Keys, Map<string, T>>()

  of(key: Keys, alg: string, make: () => T): T {
    let forms = this.#keys.get(key)
    if (forms === undefined) this.#keys.set(key, (forms = new Map<string, T>()))
    let form = forms.get(alg)
    if (form === undefined) forms.set(alg, (form = make()))
    return form
  }
}

/** How many signatures the core verifies before `node:crypto` is loaded: loading takes as long as many signatures. */
const HOST_WARMUP_SIGNATURES = 8

/** `node:crypto` of Node and Bun. The asynchronous form computes in other threads. */
function byNode(load: () => NodeCrypto | undefined): HostRsa {
  const held = new KeyForms<Node | null>()
  const form = ({ createPublicKey, constants }: NodeCrypto, key: Keys, alg: string): NodeKey | null => {
    const jwk = record(JSON.parse(publicJwk(key) as string) as JsonWebKey)
    try {
      const object = createPublicKey(record({ key: jwk, format: 'jwk' } as const))
      if (alg.startsWith('RS')) return record({ key: object, padding: constants.RSA_PKCS1_PADDING })
      // RFC 7518 §3.5: the salt is as long as the hash. By default, Node accepts any length.
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return record({ key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    } catch {
      // The runtime rejects this key, for example because of an unusual exponent. The core verifies instead.
      return null
    }
  }
  const both = (key: Keys, alg: string): Node | null => {
    const node = load()
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
  const at = (key: Keys, alg: string): Node | null => {
    if (seen === HOST_WARMUP_SIGNATURES) return held.of(key, alg, () => both(key, alg))
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

/** After how many signatures an import that has not finished is started again. */
const IMPORT_RETRY_SIGNATURES = 64

/** A key that is being imported, or was imported. */
interface Slot {
  key?: CryptoKey
  /** How many signatures were verified before the key was imported. */
  missed: number
  unusable?: true
}

/** `crypto.subtle` of Workers and browsers. */
function bySubtle(subtle: SubtleCrypto): HostRsa {
  const held = new KeyForms<Slot>()
  return {
    later(key, { alg, signed, signature }) {
      const slot = held.of(key, alg, () => record<Slot>({ missed: 0 }))
      if (slot.unusable) return undefined
      const bits = Number(alg.slice(2))
      const name = alg.startsWith('RS') ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS'
      if (slot.key !== undefined) {
        const how = record({ name, saltLength: bits / 8 })
        return subtle.verify(how, slot.key, signature, signed).catch(() => undefined)
      }
      // The import is not awaited. In Workers it may end with its request; then a later request starts it again.
      if (slot.missed++ % IMPORT_RETRY_SIGNATURES === 0) {
        const jwk = record(JSON.parse(publicJwk(key) as string) as JsonWebKey)
        subtle.importKey('jwk', jwk, record({ name, hash: `SHA-${bits}` }), false, ['verify']).then(
          (imported) => (slot.key = imported),
          () => (slot.unusable = true),
        )
      }
      return undefined
    },
  }
}

/**
 * A key and an RSA signature enter, what the host's own cryptography says of it leaves. Which host computes faster than the core
 * was measured; all that makes a verdict besides – parsing, the choice of the key, the policy – stays in the core.
 */
import type { Key } from '../wasm/bindings.js'
import type { Check, Question } from '../wasm/calls.js'
import { memberOf, record } from '../base/record.js'
import { hostGlobal, ofNavigator, requestsAreIsolated } from '../base/runtime.js'

/** What a host says: whether the signature holds, or `undefined` where it can't tell and the core has to. */
export interface HostRsa {
  /** At once: what checks signatures of a key, if it can. */
  now?(key: Key, alg: string): Check | undefined
  /** Later. The question's bytes are copies. `undefined`: not yet, for the key is still being imported. */
  later?(key: Key, question: Question): Promise<boolean | undefined> | undefined
  /** Asked later only while others are under way: alone, each is faster at once. */
  readonly whenBusy?: boolean
}

/** What is used of `node:crypto`; its own types would ask every user for `@types/node`. */
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
    told: (error: Error | null, holds?: boolean) => void,
  ): void
}

/** What checks signatures of a key, both ways. */
interface Node {
  readonly now: Check
  readonly later: (question: Question, settle: (holds: boolean | undefined) => void) => void
}

interface NodeKey {
  readonly key: object
  readonly padding: number
  readonly saltLength?: number
}

/** The host of this runtime; empty if none is faster. */
export function hostRsa(): HostRsa {
  return (found ??= record(find() ?? {}))
}

let found: HostRsa | undefined

function find(): HostRsa | undefined {
  // Its two ways into its cryptography cost more than the core takes for the signature.
  if (hostGlobal('Deno') !== undefined) return undefined
  // Asked for where it is used: Node loads it when it is looked at.
  const subtle = () => {
    const host = hostGlobal<{ subtle?: SubtleCrypto }>('crypto')
    const found = host && memberOf(host, 'subtle')
    return found && bySubtle(found)
  }
  // `userAgentData` tells Chromium; Firefox and WebKit are slower than the core.
  if (requestsAreIsolated() || ofNavigator('userAgentData') !== undefined) return subtle()
  const process = hostGlobal<{ getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined }>('process')
  if (process?.getBuiltinModule !== undefined) return byNode(() => process.getBuiltinModule?.('node:crypto'))
  // It is slow to answer there, but uses other cores.
  const slow = String(ofNavigator('userAgent')).includes('Firefox/') ? subtle() : undefined
  return slow && { ...slow, whenBusy: true }
}

/** One key in the host's form, for each algorithm that it was used with. */
class Held<T> {
  readonly #keys = new WeakMap<Key, Map<string, T>>()

  of(key: Key, alg: string, make: () => T): T {
    let forms = this.#keys.get(key)
    if (forms === undefined) this.#keys.set(key, (forms = new Map<string, T>()))
    let form = forms.get(alg)
    if (form === undefined) forms.set(alg, (form = make()))
    return form
  }
}

/** How many signatures the core verifies before `node:crypto` is loaded, which takes Node as long as a hundred of them. */
const FEW = 8

/** `node:crypto`, as Node and Bun have it; later it computes in threads of its own. */
function byNode(load: () => NodeCrypto | undefined): HostRsa {
  const held = new Held<Node | null>()
  const form = ({ createPublicKey, constants }: NodeCrypto, key: Key, alg: string): NodeKey | null => {
    const jwk = record(JSON.parse(key.publicJwk() as string) as JsonWebKey)
    try {
      const object = createPublicKey(record({ key: jwk, format: 'jwk' } as const))
      if (alg.startsWith('RS')) return record({ key: object, padding: constants.RSA_PKCS1_PADDING })
      // RFC 7518 §3.5: the salt is as long as the hash. Left alone, the host takes any.
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return record({ key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    } catch {
      // A key that the host does not take, such as one with an exponent of its own taste: the core does.
      return null
    }
  }
  const both = (key: Key, alg: string): Node | null => {
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
  const at = (key: Key, alg: string): Node | null => {
    if (seen === FEW) return held.of(key, alg, () => both(key, alg))
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

/** How many signatures of a key the core verifies before an import is begun again that came to no end. */
const PATIENCE = 64

/** A key that is being imported, or was. */
interface Slot {
  key?: CryptoKey
  /** How many signatures came before it was there. */
  missed: number
  unusable?: true
}

/** `crypto.subtle`, as Workers and browsers have it. */
function bySubtle(subtle: SubtleCrypto): HostRsa {
  const held = new Held<Slot>()
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
      // Nobody waits for it: in Workers the request that began it may end before it does, and another begins it again.
      if (slot.missed++ % PATIENCE === 0) {
        const jwk = record(JSON.parse(key.publicJwk() as string) as JsonWebKey)
        subtle.importKey('jwk', jwk, record({ name, hash: `SHA-${bits}` }), false, ['verify']).then(
          (imported) => (slot.key = imported),
          () => (slot.unusable = true),
        )
      }
      return undefined
    },
  }
}

/**
 * A key and an RSA signature enter, what the host's own cryptography says of it leaves. Which host computes faster than the core
 * was measured; all that makes a verdict besides – parsing, the choice of the key, the policy – stays in the core.
 */
import type { Check, Question } from './boundary.js'
import { handle, type ImportedKey } from './imported_key.js'
import { requestsAreIsolated } from './isolation.js'

/** What a host says: whether the signature holds, or `undefined` where it can't tell and the core has to. */
export interface HostRsa {
  /** At once: what checks signatures of a key, if it can. */
  now?(key: ImportedKey, alg: string): Check | undefined
  /** Later. The question's bytes are copies. `undefined`: not yet, for the key is still being imported. */
  later?(key: ImportedKey, question: Question): Promise<boolean | undefined> | undefined
  /** Asked later only for every second one of several that are under way: alone, each is faster at once. */
  readonly whenBusy?: boolean
}

/** What is used of `node:crypto`; its own types would ask every user for `@types/node`. */
interface NodeCrypto {
  readonly constants: Readonly<
    Record<'RSA_PKCS1_PADDING' | 'RSA_PKCS1_PSS_PADDING' | 'RSA_PSS_SALTLEN_DIGEST', number>
  >
  createPublicKey(input: { key: JsonWebKey; format: 'jwk' }): object
  verify(hash: string, signed: Uint8Array, key: NodeKey, signature: Uint8Array): boolean
}

interface NodeKey {
  readonly key: object
  readonly padding: number
  readonly saltLength?: number
}

/** The host of this runtime, if there is one that is faster. */
export function hostRsa(): HostRsa | undefined {
  if (found === undefined) found = find() ?? {}
  return found
}

let found: HostRsa | undefined

function find(): HostRsa | undefined {
  const host = globalThis as {
    Bun?: unknown
    Deno?: unknown
    process?: { getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined }
    navigator?: { userAgent?: string; userAgentData?: unknown }
    crypto?: { subtle?: SubtleCrypto }
  }
  // Its two ways into its cryptography cost more than the core takes for the signature.
  if (host.Deno !== undefined) return undefined
  const subtle = host.crypto?.subtle
  // `userAgentData` tells Chromium; Firefox and WebKit are slower than the core.
  if (requestsAreIsolated() || host.navigator?.userAgentData !== undefined) return subtle && bySubtle(subtle)
  const node = host.process?.getBuiltinModule?.('node:crypto')
  // Their Web Cryptography is slow to answer, but uses other cores.
  const besides = host.Bun !== undefined || host.navigator?.userAgent?.includes('Firefox/') === true
  const beside = besides && subtle ? { ...bySubtle(subtle), whenBusy: true } : undefined
  return node || beside ? { ...beside, ...(node && byNode(node)) } : undefined
}

/** One key in the host's form, for each algorithm that it was used with. */
class Held<T> {
  readonly #keys = new WeakMap<ImportedKey, Map<string, T>>()

  of(key: ImportedKey, alg: string, make: () => T): T {
    let forms = this.#keys.get(key)
    if (forms === undefined) this.#keys.set(key, (forms = new Map<string, T>()))
    let form = forms.get(alg)
    if (form === undefined) forms.set(alg, (form = make()))
    return form
  }
}

/** `node:crypto`, as Node and Bun have it. */
function byNode(node: NodeCrypto): HostRsa {
  const { createPublicKey, verify, constants } = node
  const held = new Held<Check | null>()
  const form = (key: ImportedKey, alg: string): NodeKey | null => {
    const jwk = JSON.parse(handle(key).publicJwk() as string) as JsonWebKey
    try {
      const object = createPublicKey({ key: jwk, format: 'jwk' })
      if (alg.startsWith('RS')) return { key: object, padding: constants.RSA_PKCS1_PADDING }
      // RFC 7518 §3.5: the salt is as long as the hash. Left alone, the host takes any.
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    } catch {
      // A key that the host does not take, such as one with an exponent of its own taste: the core does.
      return null
    }
  }
  const check = (key: ImportedKey, alg: string): Check | null => {
    const object = form(key, alg)
    const hash = `sha${alg.slice(2)}`
    if (object === null) return null
    return (signed, signature) => {
      try {
        return verify(hash, signed, object, signature)
      } catch {
        return undefined
      }
    }
  }
  return { now: (key, alg) => held.of(key, alg, () => check(key, alg)) ?? undefined }
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
      const slot = held.of(key, alg, () => ({ missed: 0 }))
      if (slot.unusable) return undefined
      const bits = Number(alg.slice(2))
      const name = alg.startsWith('RS') ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS'
      if (slot.key !== undefined) {
        const how = { name, saltLength: bits / 8 }
        return subtle.verify(how, slot.key, signature, signed).catch(() => undefined)
      }
      // Nobody waits for it: in Workers the request that began it may end before it does, and another begins it again.
      if (slot.missed++ % PATIENCE === 0) {
        const jwk = JSON.parse(handle(key).publicJwk() as string) as JsonWebKey
        subtle.importKey('jwk', jwk, { name, hash: `SHA-${bits}` }, false, ['verify']).then(
          (imported) => (slot.key = imported),
          () => (slot.unusable = true),
        )
      }
      return undefined
    },
  }
}

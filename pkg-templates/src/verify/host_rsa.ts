/**
 * Verifies RSA signatures by the runtime's own cryptography, where that is faster than the core. The core still parses the token, chooses
 * the key and applies the policy.
 */
import { memberOf, record } from '../base/record.js'
import { hostGlobal, ofNavigator, requestsAreIsolated } from '../base/runtime.js'
import { type Keys, publicJwk } from '../wasm/bindings.js'
import type { HostRsa } from '../wasm/host.js'
import { KeyForms } from '../wasm/key_forms.js'
import { nodeRsa } from '#wasm'

/** Returns the cryptography of this runtime. The result is empty if it is not faster than the core. */
export function hostRsaChecks(): HostRsa {
  return (found ??= record(find() ?? {}))
}

let found: HostRsa | undefined

function find(): HostRsa | undefined {
  // In Deno, both interfaces are slower than the core.
  if (hostGlobal('Deno') !== undefined) return undefined
  // Read at first use only, because Node loads `crypto` at the first access.
  const subtle = () => {
    const host = hostGlobal<{ subtle?: SubtleCrypto }>('crypto')
    const found = host && memberOf(host, 'subtle')
    return found && bySubtle(found)
  }
  // Only Chromium has `userAgentData`. Firefox and WebKit are slower than the core.
  if (requestsAreIsolated() || ofNavigator('userAgentData') !== undefined) return subtle()
  const byNode = nodeRsa?.(jwkOf)
  if (byNode !== undefined) return byNode
  // Firefox has a high latency, but computes in other threads.
  const slow = String(ofNavigator('userAgent')).includes('Firefox/') ? subtle() : undefined
  return slow && { ...slow, whenBusy: true }
}

/** Returns the public key in the form that the runtime imports. */
function jwkOf(key: Keys): JsonWebKey {
  return record(JSON.parse(publicJwk(key) as string) as JsonWebKey)
}

/** The number of signatures after which an unfinished import is started again. */
const IMPORT_RETRY_SIGNATURES = 64

/** A key that is being imported, or was imported. */
interface Slot {
  key?: CryptoKey
  /** The number of signatures that the core verified because the key was not imported yet. */
  missed: number
  unusable?: true
}

/** Verifies by `crypto.subtle` of Workers and browsers. */
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
        subtle.importKey('jwk', jwkOf(key), record({ name, hash: `SHA-${bits}` }), false, ['verify']).then(
          (imported) => (slot.key = imported),
          () => (slot.unusable = true),
        )
      }
      return undefined
    },
  }
}

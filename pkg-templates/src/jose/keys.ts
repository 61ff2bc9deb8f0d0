/** Prepares the keys that callers of jose pass. */
import { isBytes } from '../base/bytes.js'
import { JOSENotSupported } from '../base/errors.js'
import { ImportedKey, jwkText, keyFromSecret, keyFromText } from '../keys/imported_key.js'
import { isGiven, record } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'
import type { CryptoKey, KeyInput, KeyObject } from './types.js'
import type { JWK } from '../base/types.js'

/** Returns a key to verify with. An object is prepared once, until it changes. */
export async function keyFromInput(input: unknown): Promise<ImportedKey> {
  if (input instanceof ImportedKey) return input
  // The secret is copied now, because the caller may overwrite it at any time.
  if (isBytes(input)) return keyFromSecret(input)
  if (typeof input === 'object' && input !== null) {
    const tag = tagOf(input)
    if (tag === 'CryptoKey') return cached(input, 'CryptoKey', () => fromCryptoKey(input as CryptoKey))
    if (tag === 'KeyObject') return cached(input, 'KeyObject', () => fromKeyObject(input as KeyObject))
    if (isGiven(input, 'kty')) {
      const text = jwkText(input as JWK)
      return cached(input, text, () => keyFromText('Jwk', text))
    }
  }
  throw new TypeError('the key must be a JWK, an imported key, a CryptoKey, a KeyObject or a Uint8Array')
}

/** Returns the key in the form that jose returns it: bytes and a `CryptoKey` unchanged. */
export function resolvedKey(input: KeyInput, key: ImportedKey): ImportedKey | Uint8Array | CryptoKey {
  return isBytes(input) || tagOf(input) === 'CryptoKey' ? (input as Uint8Array | CryptoKey) : key
}

/** Returns the JWK of a CryptoKey or KeyObject with a public key or a secret. */
export async function exportedJwk(input: CryptoKey | KeyObject): Promise<JWK> {
  if (input.type === 'private') throw new TypeError('a private key cannot verify: pass its public half')
  if (tagOf(input) === 'KeyObject') {
    // Node's `export` has three result types. JWK is the one that public and secret keys share.
    return (input as unknown as { export(options: { format: 'jwk' }): JWK }).export(record({ format: 'jwk' } as const))
  }
  if (!(input as CryptoKey).extractable) {
    throw new TypeError(
      'the CryptoKey is not extractable, so it cannot be prepared: import it as extractable, or pass its JWK',
    )
  }
  return (await crypto.subtle.exportKey('jwk', input as unknown as globalThis.CryptoKey)) as JWK
}

/** Returns `Symbol.toStringTag` of an object, for example `CryptoKey` or `KeyObject`. */
export function tagOf(value: object): unknown {
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
  const CryptoKey = hostGlobal<typeof globalThis.CryptoKey>('CryptoKey')
  // Workers with a compatibility date before 2024-09-26 have no tags.
  return tag === undefined && CryptoKey !== undefined && value instanceof CryptoKey ? 'CryptoKey' : tag
}

async function fromCryptoKey(input: CryptoKey): Promise<ImportedKey> {
  if (!input.usages.includes('verify')) throw new TypeError("the CryptoKey's usages lack `verify`")
  return keyFromText('Jwk', jwkText(await exportedJwk(input)))
}

async function fromKeyObject(input: KeyObject): Promise<ImportedKey> {
  try {
    return keyFromText('Jwk', jwkText(await exportedJwk(input)))
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE') throw thrown
    throw new JOSENotSupported('the KeyObject is of a type that has no JWK')
  }
}

const prepared = new WeakMap<object, { state: string; key: ImportedKey }>()

/** Returns the prepared key of an object. `state` changes when the key in the object changes. */
async function cached(
  input: object,
  state: string,
  make: () => ImportedKey | Promise<ImportedKey>,
): Promise<ImportedKey> {
  const known = prepared.get(input)
  if (known?.state === state) return known.key
  const key = await make()
  prepared.set(input, { state, key })
  return key
}

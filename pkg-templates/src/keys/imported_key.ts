/** A key as JavaScript holds it: what it is for can be read, its material can not. */
import type { Key } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import type { Algorithm, JWK } from '../base/types.js'

/** What is known of a key. */
export interface KeyDescription {
  /** `RSA`, `EC`, `OKP` or `oct`. */
  readonly kty: string
  /** The curve of an `EC` or `OKP` key. */
  readonly crv?: string
  /** The key's identifier. */
  readonly kid?: string
  /** The one algorithm that the key was given for. */
  readonly alg?: string
  /** What the key was given for (RFC 7517 §4.2). */
  readonly use?: string
  /** The operations that the key was given for (RFC 7517 §4.3). */
  readonly key_ops?: readonly string[]
  /** The size of the key: of the modulus, the curve's field, or the secret. */
  readonly bits: number
  /** Every algorithm that the key may verify. */
  readonly algorithms: readonly Algorithm[]
}

let handleOf: (key: ImportedKey) => Key
let make: (handle: Key) => ImportedKey

/**
 * A key that was checked and prepared once, to be used for many tokens. It is opaque: its material lies in the core and
 * can't be read, exported or copied. `importJWK` and `importSPKI` of `jotgate/jose` make them, key sets hold them.
 */
export class ImportedKey implements KeyDescription {
  readonly #handle: Key
  /** `public`, or `secret` for a shared secret. */
  readonly type: 'public' | 'secret'
  /** {@inheritDoc KeyDescription.kty} */
  declare readonly kty: string
  /** {@inheritDoc KeyDescription.crv} */
  declare readonly crv?: string
  /** {@inheritDoc KeyDescription.kid} */
  declare readonly kid?: string
  /** {@inheritDoc KeyDescription.alg} */
  declare readonly alg?: string
  /** {@inheritDoc KeyDescription.use} */
  declare readonly use?: string
  /** {@inheritDoc KeyDescription.key_ops} */
  declare readonly key_ops?: readonly string[]
  /** {@inheritDoc KeyDescription.bits} */
  declare readonly bits: number
  /** {@inheritDoc KeyDescription.algorithms} */
  declare readonly algorithms: readonly Algorithm[]

  static {
    handleOf = (key) => key.#handle
    make = (handle) => new ImportedKey(handle)
  }

  private constructor(handle: Key) {
    if (!(handle instanceof boot().bindings.Key)) {
      throw new TypeError('keys are made by `importJWK`, `importSPKI` or a key set')
    }
    this.#handle = handle
    const description = JSON.parse(handle.describe()) as KeyDescription
    this.type = description.kty === 'oct' ? 'secret' : 'public'
    Object.assign(this, description)
    frozen(this)
  }
}

/** Freezes an object and the lists in it. */
export function frozen<T extends object>(described: T): T {
  for (const value of Object.values(described)) if (typeof value === 'object') Object.freeze(value)
  return Object.freeze(described)
}

/** A handle becomes a key. */
export function keyFrom(handle: Key): ImportedKey {
  return make(handle)
}

/** The handle of a key. */
export function handle(key: ImportedKey): Key {
  return handleOf(key)
}

/** The members of a JWK that cross the boundary: a private key's secret half never does. */
const MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'k', 'kid', 'alg', 'use', 'key_ops'] as const

/** The JSON text of a JWK's members that matter; a JWK is read once, whatever its getters say later. */
export function jwkText(jwk: JWK): string {
  return jsonOf(jwkMembers(jwk))
}

/** A JWK's members that matter, read once; those of its class count, those of all objects do not. */
export function jwkMembers(jwk: JWK): JWK {
  return record(Object.fromEntries(MEMBERS.map((name) => [name, memberOf(jwk, name)])) as JWK)
}

/** A key from a JWK's JSON text; `alg` is what it is for where it does not say so itself. */
export function keyFromJwk(text: string, alg?: string): ImportedKey {
  return keyFrom(boot().bindings.Key.fromJwk(text, alg))
}

/** The same of a JWK that came in a token or a proof: only the canonical form of its numbers is read. */
export function keyFromEmbeddedJwk(text: string, alg: string): ImportedKey {
  return keyFrom(boot().bindings.Key.fromEmbeddedJwk(text, alg))
}

/** A key from PEM text: SPKI or PKCS#1. */
export function keyFromPem(text: string, alg?: string): ImportedKey {
  return keyFrom(boot().bindings.Key.fromPem(text, alg))
}

/** The key of an X.509 certificate in PEM; nothing else of the certificate is looked at. */
export function keyFromCertificate(text: string, alg?: string): ImportedKey {
  return keyFrom(boot().bindings.Key.fromCertificate(text, alg))
}

/** A key from a shared secret. */
export function keyFromSecret(secret: Uint8Array, alg?: string): ImportedKey {
  return keyFrom(boot().bindings.Key.fromSecret(secret, alg))
}

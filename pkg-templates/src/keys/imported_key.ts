/** `ImportedKey`: a key whose description can be read, but not its material. */
import type { KeyForm, Keys } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import type { Algorithm, JWK } from '../base/types.js'

/** The description of a key. */
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
  /** The size in bits: of the modulus, the curve's field, or the secret. */
  readonly bits: number
  /** Every algorithm that the key may verify. */
  readonly algorithms: readonly Algorithm[]
}

let handleOf: (key: ImportedKey) => Keys
let make: (handle: Keys) => ImportedKey

/**
 * A key that is checked and prepared once and used for many tokens. It is opaque: its material is in the core and cannot be read, exported
 * or copied. `importJWK` and `importSPKI` of `jotgate/jose` make such keys, and key sets contain them.
 */
export class ImportedKey implements KeyDescription {
  readonly #handle: Keys
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

  private constructor(handle: Keys) {
    if (!(handle instanceof boot().Keys)) {
      throw new TypeError('an ImportedKey cannot be constructed: use `importJWK`, `importSPKI` or a key set')
    }
    this.#handle = handle
    const description = JSON.parse(handle.describe()) as KeyDescription
    this.type = description.kty === 'oct' ? 'secret' : 'public'
    Object.assign(this, description)
    freeze(this)
  }
}

/** Freezes an object and the lists in it. Returns the object. */
export function freeze<T extends object>(described: T): T {
  for (const value of Object.values(described)) if (typeof value === 'object') Object.freeze(value)
  return Object.freeze(described)
}

/** Makes a key from a handle. */
export function keyFrom(handle: Keys): ImportedKey {
  return make(handle)
}

/** Returns the handle of a key. */
export function handle(key: ImportedKey): Keys {
  return handleOf(key)
}

/** The members of a JWK that are passed to the core. Private members are never passed. */
const MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'k', 'kid', 'alg', 'use', 'key_ops'] as const

/** Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 8037 §2, RFC 9964). */
export const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Returns the JSON text of the members of a JWK that are used. Reads each once. */
export function jwkText(jwk: JWK): string {
  return jsonOf(jwkMembers(jwk))
}

/** Returns the members of a JWK that are used. Reads each once. Inherited members count, except those of `Object.prototype`. */
export function jwkMembers(jwk: JWK): JWK {
  return record(Object.fromEntries(MEMBERS.map((name) => [name, memberOf(jwk, name)])) as JWK)
}

/** Imports a key from its text. `alg` is its algorithm if the text contains none. @throws an error with the refusal of the core */
export function keyFromText(form: KeyForm, text: string, alg?: string): ImportedKey {
  return keyFrom(boot().Keys.fromText(form, text, alg))
}

/** Imports a shared secret. */
export function keyFromSecret(secret: Uint8Array, alg?: string): ImportedKey {
  return keyFrom(boot().Keys.fromSecret(secret, alg))
}

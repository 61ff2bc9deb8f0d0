/** `KeySet`: the usable keys of a JWKS, and the reason for each other member (RFC 7517 §5). */
import type * as bindings from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { freeze, type ImportedKey, jwkMembers, type KeyDescription, keyFrom, PRIVATE_MEMBERS } from './imported_key.js'
import { isGiven, jsonOf, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JSONWebKeySet, JWK, SkippedMember } from '../base/types.js'

export type { SkippedMember } from '../base/types.js'

/** A usable key of a set. */
export interface KeySetMember extends KeyDescription {
  /** Its index in `keys`. */
  readonly index: number
}

/** A usable key with private members. They are ignored, but its owner must replace it: it is no longer secret. */
export interface DroppedMembers {
  /** The key's index in `keys`. */
  readonly index: number
  /** Its identifier, if it has one. */
  readonly kid?: string
  /** The names of the members, never their values. */
  readonly names: readonly string[]
}

/** The hidden state of a set. */
interface Parts {
  readonly handle: bindings.Keys
  readonly imported: Map<number, ImportedKey>
  /** The values of the member `issuer`, by the index of the key. Entra ID publishes it. */
  readonly issuers: ReadonlyMap<number, string>
}

let partsOf: (set: KeySet) => Parts

/**
 * The usable keys of a JSON Web Key Set (RFC 7517 §5), each checked and prepared once. A member that is
 * malformed, unknown, too weak, or a shared secret is skipped and listed in {@link skipped}. The set stays usable.
 *
 * @example
 * ```js
 * const keys = new KeySet({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'a', x: '…' }] })
 * for (const { index, code } of keys.skipped) console.warn(`key ${index} is not used: ${code}`)
 * ```
 */
export class KeySet {
  readonly #parts: Parts
  /** The number of usable keys. */
  readonly size: number
  /** The descriptions of the usable keys, in the order of the set. */
  readonly keys: readonly KeySetMember[]
  /** The unusable members, each with the reason. */
  readonly skipped: readonly SkippedMember[]
  /** The usable keys with private members, and the names of these members. */
  readonly dropped: readonly DroppedMembers[]

  static {
    partsOf = (set) => set.#parts
  }

  /**
   * @param jwks - a JWKS as an object, or its JSON text
   * @throws {@link JWKSInvalid} if it is not a key set, `TypeError` if it is neither an object nor text
   */
  constructor(jwks: JSONWebKeySet | string) {
    const text = jsonText('jwks', jwks)
    const handle = boot().Keys.fromJwks(text)
    const { size, keys, skipped, dropped } = JSON.parse(handle.describe()) as {
      size: number
      keys: KeySetMember[]
      skipped: SkippedMember[]
      dropped: DroppedMembers[]
    }
    this.#parts = { handle, imported: new Map(), issuers: issuersIn(text) }
    this.size = size
    this.keys = Object.freeze(keys.map(freeze))
    this.skipped = Object.freeze(skipped.map(freeze))
    this.dropped = Object.freeze(dropped.map(freeze))
    Object.freeze(this)
  }
}

/** Returns the handle of a set. */
export function setHandle(set: KeySet): bindings.Keys {
  return partsOf(set).handle
}

/** Lists the first unusable members of a set for a message, each with its reason. Empty if there are none. */
export function skippedText({ skipped }: KeySet): string {
  const SHOWN = 3
  if (skipped.length === 0) return ''
  const shown = skipped.slice(0, SHOWN).map(({ index, kid, message }) => {
    const named = kid === undefined ? '' : ` (kid ${JSON.stringify(kid.slice(0, 64))})`
    return `key ${index}${named}: ${message}`
  })
  const more = skipped.length > SHOWN ? `; and ${skipped.length - SHOWN} more` : ''
  return `: ${shown.join('; ')}${more}`
}

/** Returns the key at an index of the set, the same object each time. */
export function setKey(set: KeySet, index: number): ImportedKey {
  const { handle, imported, issuers } = partsOf(set)
  let key = imported.get(index)
  if (key === undefined) {
    const member = handle.member(index)
    if (member === undefined) throw new RangeError('the set has no usable key at this index')
    key = keyFrom(member)
    imported.set(index, key)
    const issuer = issuers.get(index)
    if (issuer !== undefined) keyIssuers.set(key, issuer)
  }
  return key
}

/** Returns the member `issuer` of a key of a set, if it has one. The key signs for that issuer only. */
export function keyIssuer(key: ImportedKey): string | undefined {
  return keyIssuers.get(key)
}

const keyIssuers = new WeakMap<ImportedKey, string>()

/** Returns the values of the member `issuer`, by the index of the key. */
function issuersIn(text: string): Map<number, string> {
  const found = new Map<number, string>()
  // Most sets have no such member. A backslash may be part of an escaped name.
  if (!/"issuer"|\\/.test(text)) return found
  const { keys } = record(JSON.parse(text.replace(/^\ufeff/, '')) as { keys?: unknown })
  for (const [index, key] of Array.isArray(keys) ? keys.entries() : []) {
    const issuer = typeof key === 'object' && key !== null ? memberOf(key as { issuer?: unknown }, 'issuer') : undefined
    if (typeof issuer === 'string') found.set(index, issuer)
  }
  return found
}

/** Returns the JSON text of an object, or the text that was given. */
export function jsonText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) throw optionError(name, 'is neither an object nor JSON text')
  let text: string | undefined
  try {
    text = jwksText(value)
  } catch {
    // A cycle, a BigInt or a throwing getter. The original error could contain parts of the object.
  }
  if (text === undefined) throw optionError(name, 'cannot be written as JSON')
  return text
}

/** Returns the JSON text of a key set, including members that the set or its keys inherit from a class. */
export function jwksText(set: object): string | undefined {
  const keys = memberOf(set as { keys?: unknown }, 'keys')
  if (!Array.isArray(keys) || isGiven(set, 'toJSON')) return jsonOf(set)
  const whole = (key: unknown) =>
    typeof key !== 'object' || key === null || Array.isArray(key) || isGiven(key, 'toJSON') ? key : record({ ...jwkMembers(key as JWK), ...key })
  return jsonOf(record({ ...set, keys: Array.from(keys, whole) }))
}

/** Returns the text of a set without shared secrets and private members. */
export function publicText(text: string): string {
  const set = JSON.parse(text.replace(/^\ufeff/, '')) as unknown
  const keys = typeof set === 'object' && set !== null ? memberOf(set as { keys?: unknown }, 'keys') : undefined
  if (!Array.isArray(keys)) return text
  const isKey = (key: unknown): key is Record<string, unknown> =>
    typeof key === 'object' && key !== null && memberOf(key as { kty?: unknown }, 'kty') !== 'oct'
  const visible = (key: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE_MEMBERS.includes(name)))
  return jsonOf(record({ ...(set as object), keys: keys.filter(isKey).map(visible) }))
}

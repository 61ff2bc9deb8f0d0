/** `createLocalJWKSet`: finds keys in a set that the caller has. */
import { JWKSInvalid } from '../base/errors.js'
import { memberOf } from '../base/record.js'
import type { ImportedKey } from '../keys/imported_key.js'
import { jwksText, KeySet } from '../keys/key_set.js'
import { keyOf } from './key_sets.js'
import type { FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from './types.js'

/** A function that finds the key of a set for a token; {@link createLocalJWKSet} makes it. */
export interface LocalJWKSet {
  (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey>
  /** Returns a copy of the set. */
  jwks: () => JSONWebKeySet
}

/**
 * Makes a function that finds the key of a set for a token. Pass it to {@link jwtVerify}. The set is copied.
 *
 * @throws {@link JWKSInvalid} if `jwks` is not a key set. The function throws {@link JWKSNoMatchingKey},
 *   {@link JWKSMultipleMatchingKeys} (iterate over it to try each key) or {@link JOSENotSupported}
 */
export function createLocalJWKSet(jwks: JSONWebKeySet): LocalJWKSet {
  const { text, copy } = copyOf(jwks)
  const set = new KeySet(text)
  const find = async (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey> =>
    keyOf(set, protectedHeader, token)
  return Object.assign(find, { jwks: () => structuredClone(copy) })
}

function copyOf(jwks: JSONWebKeySet): { text: string; copy: JSONWebKeySet } {
  let text: string | undefined
  try {
    const keys = typeof jwks === 'object' && jwks !== null ? memberOf(jwks, 'keys') : undefined
    if (Array.isArray(keys) && keys.every(isPlain)) text = jwksText(jwks)
  } catch {
    // A cycle, a BigInt or a getter that throws: not a key set.
  }
  if (text === undefined) {
    const error = new JWKSInvalid('the key set has no array `keys` of objects')
    error.refusal = 'jwks_keys'
    throw error
  }
  return { text, copy: JSON.parse(text) as JSONWebKeySet }
}

/** Whether a member of a key set is an object, and neither an array nor bytes. */
function isPlain(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

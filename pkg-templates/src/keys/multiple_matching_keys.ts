/** The error of a set in which several keys match; it holds them, and so belongs to the keys. */
import { JOSEError } from '../base/errors.js'
import type { ImportedKey } from './imported_key.js'

/**
 * Several keys of the set may have signed the token. Iterating over the error (`for await`) yields them, so that each
 * can be tried. Only `jotgate/jose` throws it: the rest of the package tries them by itself.
 */
export class JWKSMultipleMatchingKeys extends JOSEError {
  static override readonly code = 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  declare readonly code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  override name = 'JWKSMultipleMatchingKeys';

  /** The keys, as `importJWK` would give them. */
  [Symbol.asyncIterator]: () => AsyncIterableIterator<ImportedKey> = async function* () {}

  constructor(message: string = 'several keys of the set match the token', options?: ErrorOptions) {
    super(message, options)
  }
}

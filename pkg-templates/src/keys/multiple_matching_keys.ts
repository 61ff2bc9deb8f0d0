/** The error for a set in which several keys match. */
import { JOSEError } from '../base/errors.js'
import type { ImportedKey } from './imported_key.js'

/**
 * Several keys of the set may have signed the token. Iterate over the error (`for await`) to try each. Only `jotgate/jose` throws it. The
 * rest of the package tries all of them.
 */
export class JWKSMultipleMatchingKeys extends JOSEError {
  static override readonly code = 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  declare readonly code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  override name = 'JWKSMultipleMatchingKeys';

  /** The keys, in the form of `importJWK`. */
  [Symbol.asyncIterator]: () => AsyncIterableIterator<ImportedKey> = async function* () {}

  constructor(message: string = 'several keys of the set match the token', options?: ErrorOptions) {
    super(message, options)
  }
}

/** The functions that import keys: `importJWK`, `importSPKI`, `importX509`, `EmbeddedJWK`. */
import { JOSENotSupported, JWSInvalid } from '../base/errors.js'
import { isGiven, jsonOf } from '../base/record.js'
import { type ImportedKey, jwkMembers, keyFromText } from '../keys/imported_key.js'
import type { KeyForm } from '../wasm/bindings.js'
import { joinHeaders } from './key_sets.js'
import type { FlattenedJWSInput, JWK, JWSHeaderParameters } from './types.js'

/**
 * Imports a JWK: a public key or a secret. The result is opaque: its material cannot be read.
 *
 * @param alg - the algorithm of the key, if the JWK has none; required for all but secrets
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that cannot be used, `TypeError` for a value that is not a JWK
 */
export async function importJWK(jwk: JWK, alg?: string, _options?: { extractable?: boolean }): Promise<ImportedKey> {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new TypeError('the JWK must be an object')
  if (alg !== undefined && typeof alg !== 'string') throw new TypeError('`alg` must be a string')
  const members = jwkMembers(jwk)
  if (alg !== undefined) members.alg = alg
  if (members.kty !== 'oct' && !members.alg) throw new TypeError('`alg` is required if the JWK has none')
  return fit(keyFromText('Jwk', jsonOf(members)))
}

/**
 * Imports the PEM text of a public key (`-----BEGIN PUBLIC KEY-----`, SPKI). Text around the block, quotation marks and line breaks
 * written as `\n` are accepted, because environment variables contain them.
 *
 * @param alg - the algorithm of the key
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that cannot be used, `TypeError` for text that is not SPKI
 */
export async function importSPKI(
  spki: string,
  alg: string,
  _options?: { extractable?: boolean },
): Promise<ImportedKey> {
  return fit(keyFromPem('spki', spki, 'PUBLIC KEY', 'Pem', alg))
}

/**
 * Imports the public key of an X.509 certificate in PEM (`-----BEGIN CERTIFICATE-----`, RFC 5280 §4.1).
 *
 * Only the key of the first certificate is read. Its signature, dates, names and chain are **not** checked. Pass a certificate that you
 * already trust, never one that came with a token.
 *
 * @param alg - the algorithm of the key
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that cannot be used, `TypeError` for text that is not a
 *   certificate
 */
export async function importX509(
  x509: string,
  alg: string,
  _options?: { extractable?: boolean },
): Promise<ImportedKey> {
  return fit(keyFromPem('x509', x509, 'CERTIFICATE', 'Certificate', alg))
}

/**
 * Returns the key in the header parameter `jwk` of a token (RFC 7515 §4.1.3). Pass this function to {@link jwtVerify}. The sender of the
 * token chose that key, so the signature proves possession of the key and not identity. Use it for proofs of possession, not for access.
 *
 * @throws {@link JWSInvalid} unless `jwk` is a public key, {@link JWKInvalid} or {@link JOSENotSupported} for a
 *   key that cannot be used, or whose `alg` differs from the header's
 */
export async function EmbeddedJWK(
  protectedHeader?: JWSHeaderParameters,
  token?: FlattenedJWSInput,
): Promise<ImportedKey> {
  const { alg, jwk } = joinHeaders(protectedHeader, token) as { alg?: string; jwk?: JWK }
  // RFC 7515 §4.1.3: `jwk` is a public key. A private key or a secret was published by mistake.
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk) || isGiven(jwk, 'd') || isGiven(jwk, 'k')) {
    const error = new JWSInvalid('`jwk` in the header must be a public key')
    error.refusal = 'embedded_jwk'
    throw error
  }
  if (typeof alg !== 'string' || alg === '') throw new TypeError('`alg` is required in the header')
  const key = keyFromText('EmbeddedJwk', jsonOf(jwkMembers(jwk)), alg)
  // RFC 7517 §4.4: if the key has an `alg`, the header must have the same one.
  return fit(key, alg)
}

/** Imports PEM text of one kind. The `TypeError` for other text says what was found instead. */
function keyFromPem(name: string, text: unknown, label: string, form: KeyForm, alg: unknown): ImportedKey {
  if (typeof alg !== 'string' || alg === '') throw new JOSENotSupported('`alg` must name an algorithm')
  if (typeof text !== 'string') throw new TypeError(`\`${name}\` must be PEM text`)
  if (text.includes(`-----BEGIN ${label}-----`)) return keyFromText(form, text, alg)
  let found = 'found another kind of key'
  try {
    keyFromText(form, text, alg)
  } catch (thrown) {
    found = (thrown as Error).message
  }
  throw new TypeError(`\`${name}\` must be PEM text with \`-----BEGIN ${label}-----\`: ${found}`)
}

/** Checks that a public key can verify, with `alg` if it is given. A secret is checked when it is used, as in jose. */
function fit(key: ImportedKey, alg?: string): ImportedKey {
  if (key.type === 'secret' || key.algorithms.some((known) => alg === undefined || known === alg)) return key
  const error = new JOSENotSupported('the key is not for this algorithm, or its `use` or `key_ops` do not allow it to verify')
  error.refusal = 'key_does_not_fit'
  throw error
}

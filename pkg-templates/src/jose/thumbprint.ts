/** Thumbprints of keys (RFC 7638, RFC 9278). */
import { jsonOf, memberOf, record } from '../base/record.js'
import { handle, ImportedKey, jwkMembers, keyFromText } from '../keys/imported_key.js'
import { thumbprint } from '../wasm/bindings.js'
import { exportedJwk, tagOf } from './keys.js'
import type { CryptoKey, JWK, KeyObject } from './types.js'

/**
 * Computes the thumbprint of a key (RFC 7638), in base64url.
 *
 * @param digestAlgorithm - default: `sha256`
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that cannot be used, `TypeError` for a value that is not a key
 */
export async function calculateJwkThumbprint(
  key: JWK | ImportedKey | CryptoKey | KeyObject,
  digestAlgorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): Promise<string> {
  if (!['sha256', 'sha384', 'sha512'].includes(digestAlgorithm)) {
    throw new TypeError('`digestAlgorithm` must be one of sha256, sha384, sha512')
  }
  if (key instanceof ImportedKey) return thumbprint(handle(key), digestAlgorithm)
  const exporting = exportedByHost(key)
  // A JWK is read before the first `await`, because the caller may change it afterwards.
  const text = exporting === undefined ? thumbprintText(jwkOf(key)) : thumbprintText(await exporting)
  const prepared = handle(keyFromText('Jwk', text))
  try {
    return thumbprint(prepared, digestAlgorithm)
  } finally {
    // It may be a secret, so it is freed now.
    prepared.free()
  }
}

/**
 * Computes the thumbprint of a key as a URI (RFC 9278): `urn:ietf:params:oauth:jwk-thumbprint:sha-256:…`.
 *
 * @param digestAlgorithm - default: `sha256`
 * @throws as {@link calculateJwkThumbprint}
 */
export async function calculateJwkThumbprintUri(
  key: JWK | ImportedKey | CryptoKey | KeyObject,
  digestAlgorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): Promise<string> {
  const thumbprint = await calculateJwkThumbprint(key, digestAlgorithm)
  return `urn:ietf:params:oauth:jwk-thumbprint:${digestAlgorithm.replace('sha', 'sha-')}:${thumbprint}`
}

/** Returns the JWK of a key object of the runtime; `undefined` for other values. */
function exportedByHost(key: unknown): Promise<JWK> | undefined {
  const tag = typeof key === 'object' && key !== null ? tagOf(key) : undefined
  return tag === 'CryptoKey' || tag === 'KeyObject' ? exportedJwk(key as CryptoKey) : undefined
}

function jwkOf(key: unknown): JWK {
  if (typeof key !== 'object' || key === null || typeof memberOf(key as JWK, 'kty') !== 'string') {
    throw new TypeError('the key must be a JWK, an imported key, a CryptoKey or a KeyObject')
  }
  return key as JWK
}

/** Returns the members that a thumbprint is made of (RFC 7638 §3.2). Other members are not read. */
function thumbprintText(jwk: JWK): string {
  const { kty, crv, x, y, n, e, k } = jwkMembers(jwk)
  return jsonOf(record({ kty, crv, x, y, n, e, k }))
}

/** A key for packages that take a `CryptoKey`, imported once. */

const PARAMETERS = {
  HS256: { name: 'HMAC', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' },
}

export function webCryptoKey(algorithm, { secret, jwk }) {
  const format = secret ? ['raw', secret] : ['jwk', { ...jwk, alg: undefined, use: undefined }]
  return crypto.subtle.importKey(...format, PARAMETERS[algorithm], false, ['verify'])
}

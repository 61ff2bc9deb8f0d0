/** Makes keys and signs with them, by WebCrypto. */
import { optionError } from '../base/refusal.js'
import { record } from '../base/record.js'
import type { Algorithm, JWK } from '../base/types.js'

/** A key that signs. */
export interface SigningKey {
  readonly kid: string
  /** The public half, as a set publishes it (RFC 7517); `undefined` for a secret. */
  readonly jwk: JWK | undefined
  /** The bytes of a secret; `undefined` for a key pair. */
  readonly secret: Uint8Array | undefined
  sign(text: string): Promise<Uint8Array<ArrayBuffer>>
}

/** The parameters for WebCrypto to make a key and to sign with it. */
interface Recipe {
  readonly generate: RsaHashedKeyGenParams | EcKeyGenParams | HmacKeyGenParams | { readonly name: string }
  readonly sign: RsaPssParams | EcdsaParams | { readonly name: string }
}

const hmac = (bits: number): Recipe => ({
  // RFC 7518 §3.2: the key is as long as the hash.
  generate: { name: 'HMAC', hash: `SHA-${bits}`, length: bits },
  sign: { name: 'HMAC' },
})
const rsa = (name: string, bits: number): Recipe => ({
  generate: { name, hash: `SHA-${bits}`, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
  // Only PSS uses the salt. RFC 7518 §3.5: it is as long as the hash.
  sign: { name, saltLength: bits / 8 },
})
const ecdsa = (namedCurve: string, bits: number): Recipe => ({
  generate: { name: 'ECDSA', namedCurve },
  sign: { name: 'ECDSA', hash: `SHA-${bits}` },
})
const ED25519: Recipe = { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } }

const RECIPES: Readonly<Record<Algorithm, Recipe>> = record({
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa('RSASSA-PKCS1-v1_5', 256),
  RS384: rsa('RSASSA-PKCS1-v1_5', 384),
  RS512: rsa('RSASSA-PKCS1-v1_5', 512),
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  PS512: rsa('RSA-PSS', 512),
  ES256: ecdsa('P-256', 256),
  ES384: ecdsa('P-384', 384),
  ES512: ecdsa('P-521', 512),
  EdDSA: ED25519,
  Ed25519: ED25519,
})

/** Parses the option `algorithm`. */
export function algorithmOf(name: string, value: unknown): Algorithm {
  if (typeof value === 'string' && value in RECIPES) return value as Algorithm
  throw optionError(name, `must be one of ${Object.keys(RECIPES).join(', ')}`)
}

/**
 * Makes a key.
 *
 * @throws `Error` if this runtime has no WebCrypto, or has it without this algorithm
 */
export async function makeKey(alg: Algorithm, kid: string): Promise<SigningKey> {
  const { generate, sign } = RECIPES[alg]
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined
  if (subtle === undefined) {
    throw new Error('testIssuer needs `crypto.subtle`, which is missing here: in Jest, use `@jest-environment node`')
  }
  let made: CryptoKey | CryptoKeyPair
  try {
    made = await (subtle.generateKey(generate, true, ['sign', 'verify']) as Promise<CryptoKey | CryptoKeyPair>)
  } catch (cause) {
    throw new Error(`this runtime's WebCrypto cannot make a key for ${alg}`, record({ cause }))
  }
  const signer = 'privateKey' in made ? made.privateKey : made
  const encoder = new TextEncoder()
  return {
    kid,
    jwk: 'publicKey' in made ? await publicJwk(subtle, made.publicKey, alg, kid) : undefined,
    secret: 'publicKey' in made ? undefined : new Uint8Array(await subtle.exportKey('raw', made)),
    sign: async (text) => new Uint8Array(await subtle.sign(sign, signer, encoder.encode(text))),
  }
}

async function publicJwk(subtle: SubtleCrypto, key: CryptoKey, alg: Algorithm, kid: string): Promise<JWK> {
  const { kty, crv, x, y, n, e } = await subtle.exportKey('jwk', key)
  const numbers = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(numbers), alg, kid, use: 'sig' }
}

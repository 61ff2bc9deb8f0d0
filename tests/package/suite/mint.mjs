/** Keys and tokens for the tests, made at test time by the real jose and by Web Cryptography. */

/** Every algorithm, as the design lists them. */
export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** The time of the tests, in seconds. */
export const NOW = 1_790_000_000
export const currentDate = new Date(NOW * 1000)

/** Claims that every test's options accept. */
export const CLAIMS = Object.freeze({
  iss: 'https://issuer.example',
  sub: 'user-1',
  aud: 'api',
  iat: NOW - 60,
  exp: NOW + 600,
  scope: 'items:read items:list',
})
export const issuer = CLAIMS.iss
export const audience = CLAIMS.aud

const encoder = new TextEncoder()

export function base64url(data) {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')
}

/** A maker of tokens: one key for each algorithm. RSA keys are slow to make, so one serves all six. */
export async function mint(jose) {
  const keys = {}
  const rsa = await jose.generateKeyPair('RS256', { extractable: true })
  const rsaPrivate = await jose.exportJWK(rsa.privateKey)
  const rsaPublic = await jose.exportJWK(rsa.publicKey)
  for (const alg of ALGORITHMS) {
    const kid = `key-${alg}`
    if (alg.startsWith('HS')) {
      const secret = crypto.getRandomValues(new Uint8Array(Number(alg.slice(2)) / 8))
      keys[alg] = { alg, kid, secret, signer: secret, jwk: { kty: 'oct', k: base64url(secret), alg, kid } }
    } else if (alg[0] === 'R' || alg[0] === 'P') {
      const signer = await jose.importJWK({ ...rsaPrivate, alg }, alg)
      keys[alg] = { alg, kid, signer, privateJwk: rsaPrivate, jwk: { ...rsaPublic, alg, kid } }
    } else {
      const pair = await jose.generateKeyPair(alg, { extractable: true })
      const { alg: _, ...jwk } = await jose.exportJWK(pair.publicKey)
      const privateJwk = await jose.exportJWK(pair.privateKey)
      keys[alg] = {
        alg,
        kid,
        signer: pair.privateKey,
        publicKey: pair.publicKey,
        privateJwk,
        jwk: { ...jwk, alg, kid },
      }
    }
  }

  /** A token of these claims; a claim of `undefined` is left out. */
  const token = (alg, claims = {}, header = {}, options) =>
    new jose.SignJWT(JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })))
      .setProtectedHeader({ alg, kid: keys[alg].kid, ...header })
      .sign(keys[alg].signer, options)

  /** A token of exactly this header's text and these bytes, signed with HS256: what no library would write. */
  const raw = async (header, payload, encode = base64url) => {
    const input = `${encode(header)}.${encode(payload)}`
    const key = await crypto.subtle.importKey('raw', keys.HS256.secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    return `${input}.${base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(input))))}`
  }

  const jwks = { keys: ALGORITHMS.filter((alg) => !alg.startsWith('HS')).map((alg) => keys[alg].jwk) }
  return { keys, token, raw, jwks }
}

/** The token with one character of a part replaced. */
export function tampered(token, part) {
  const parts = token.split('.')
  const [first, ...rest] = parts[part]
  parts[part] = `${first === 'A' ? 'B' : 'A'}${rest.join('')}`
  return parts.join('.')
}

/** The token with other claims under its old signature. */
export function withClaims(token, claims) {
  const [header, , signature] = token.split('.')
  return [header, base64url(JSON.stringify(claims)), signature].join('.')
}

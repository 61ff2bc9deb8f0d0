/** Makes bound tokens and DPoP proofs for the tests, by the real jose. */
import { base64url, CLAIMS, NOW } from '../mint.mjs'

export const API = 'https://api.example/notes'

/** The SHA-256 of a text, in base64url. */
export async function hashOf(text) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

/** A client with a key of its own: tokens that are bound to it, and proofs. */
export async function proofClient({ jose, world }, alg = 'ES256') {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  const jwk = await jose.exportJWK(publicKey)
  const jkt = await jose.calculateJwkThumbprint(jwk)
  const token = (claims = {}) => world().token('ES256', { cnf: { jkt }, ...claims })
  /** A proof for a request with this token. A claim or header parameter of `undefined` is left out. */
  const proof = async (token, claims = {}, header = {}, key = privateKey) => {
    const all = { jti: crypto.randomUUID(), htm: 'GET', htu: API, iat: NOW, ath: await hashOf(token), ...claims }
    const complete = { alg, typ: 'dpop+jwt', jwk, ...header }
    return new jose.SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader(JSON.parse(JSON.stringify(complete))).sign(key)
  }
  return { alg, jwk, jkt, privateKey, token, proof }
}

/** A request as a standard `Request`; a page could not set all of its header fields. */
export function requestWith(headers, { method = 'GET', url = API } = {}) {
  return { headers: new Headers(headers), method, url }
}

/** A request with a token and a proof. */
export function proven(token, proof, options) {
  return requestWith({ authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { dpop: proof }) }, options)
}

/** The options of a gate for tokens of the tests. */
export function rules(world, extra) {
  return { keys: world().jwks, algorithms: ['ES256'], issuer: CLAIMS.iss, audience: CLAIMS.aud, currentDate: new Date(NOW * 1000), ...extra }
}

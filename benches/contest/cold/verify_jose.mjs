import { importJWK, jwtVerify } from 'jose'

export async function first({ algorithm, jwk, issuer, audience, token }) {
  const key = await importJWK(jwk, algorithm)
  return (await jwtVerify(token, key, { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp'] })).payload
}

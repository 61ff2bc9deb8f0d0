import { Verifier } from 'jotgate'

export async function first({ algorithm, jwk, issuer, audience, token }) {
  const verifier = new Verifier({ keys: jwk, algorithms: [algorithm], issuer, audience })
  return (await verifier.verify(token)).payload
}

/** The same with `jotgate/verifier` and the key in hand. */
import { Verifier } from 'jotgate/verifier'

export async function first({ algorithm, jwk, issuer, audience, token }) {
  const verifier = new Verifier({ keys: jwk, algorithms: [algorithm], issuer, audience })
  return (await verifier.verify(token)).payload
}

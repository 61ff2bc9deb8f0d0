/** A verifier of `jotgate/verifier` at module scope, with the key in hand: the least JavaScript. */
import { Verifier } from 'jotgate/verifier'

const { algorithm, jwk, issuer, audience } = TASK
const verifier = new Verifier({ keys: jwk, algorithms: [algorithm], issuer, audience })

export default {
  async fetch(request) {
    const { payload } = await verifier.verify(request.headers.get('authorization').slice('Bearer '.length))
    return new Response(typeof payload.sub)
  },
}

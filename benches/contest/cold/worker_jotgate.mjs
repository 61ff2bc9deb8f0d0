/** A gate at module scope, as the documentation recommends. `FORM` is `key`, `hydrated`, `remote` or `inside`. */
import { createGate } from 'jotgate'

const { algorithm, jwk, jwks, jwksUri, issuer, audience } = TASK
const KEYS = { key: { keys: jwk }, inside: { keys: jwk }, hydrated: { keys: () => jwks }, remote: { jwksUri } }
const make = () => createGate({ ...KEYS[FORM], algorithms: [algorithm], issuer, audience })
const gate = FORM === 'inside' ? undefined : make()

export default {
  async fetch(request) {
    const { claims } = await (gate ?? make()).check(request)
    return new Response(typeof claims?.sub)
  },
}

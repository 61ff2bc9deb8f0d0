/** The same with jose. `FORM` is `key`, `hydrated` or `remote`. */
import { createRemoteJWKSet, importJWK, jwksCache, jwtVerify } from 'jose'

const { algorithm, jwk, jwks, jwksUri, issuer, audience } = TASK
const rules = { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp'] }
const remote = FORM === 'remote' ? createRemoteJWKSet(new URL(jwksUri)) : undefined

/** The set that the worker has from a store, with the time at which it was stored. */
const hydrated = () => createRemoteJWKSet(new URL(jwksUri), { [jwksCache]: { jwks, uat: Date.now() } })

export default {
  async fetch(request) {
    const token = request.headers.get('authorization')?.slice('Bearer '.length)
    const keys = FORM === 'key' ? await importJWK(jwk, algorithm) : (remote ?? hydrated())
    const { payload } = await jwtVerify(token, keys, rules)
    return new Response(typeof payload.sub)
  },
}

import { createLocalJWKSet, importJWK, jwtVerify } from 'jose'

export const entrants = {
  jose: async (task) => {
    const { algorithm, issuer, audience } = task
    // Keys are imported once, as its documentation shows.
    const key = task.keys > 1 ? createLocalJWKSet(task.jwks) : (task.secret ?? (await importJWK(task.jwk, algorithm)))
    const options = { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp'] }
    return async (token) => (await jwtVerify(token, key, options)).payload
  },
}

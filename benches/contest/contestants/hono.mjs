import { verify, verifyWithJwks } from 'hono/jwt'
import { webCryptoKey } from './web_crypto_key.mjs'

export const entrants = {
  'hono/jwt': async (task) => {
    const { algorithm, issuer, audience } = task
    const verification = { iss: issuer, aud: audience }
    if (task.keys > 1) {
      const options = { keys: task.jwks.keys, allowedAlgorithms: [algorithm], verification }
      return (token) => verifyWithJwks(token, options)
    }
    const key = await webCryptoKey(algorithm, task)
    const options = { alg: algorithm, ...verification }
    return (token) => verify(token, key, options)
  },
}

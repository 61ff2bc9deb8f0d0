import { JwtVerifier } from 'aws-jwt-verify'
import { only } from './absent.mjs'

export const entrants = {
  'aws-jwt-verify': async (task) => {
    only(['RS256', 'ES256', 'ES384', 'EdDSA'], task)
    const { issuer, audience } = task
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: 'https://issuer.example/jwks' })
    verifier.cacheJwks(task.keys > 1 ? task.jwks : { keys: [task.jwk] })
    // `verifySync` needs synchronous cryptography. If the first call fails, use `verify`.
    try {
      verifier.verifySync(task.example)
      return (token) => verifier.verifySync(token)
    } catch {
      return (token) => verifier.verify(token)
    }
  },
}

import { decode, verify } from '@tsndr/cloudflare-worker-jwt'
import { only } from './absent.mjs'
import { webCryptoKey } from './web_crypto_key.mjs'

export const entrants = {
  '@tsndr/cloudflare-worker-jwt': async (task) => {
    only(['HS256', 'RS256', 'ES256', 'ES384'], task)
    const { algorithm, issuer, audience } = task
    // It checks only times; its user compares the rest.
    const accept = (verified) => {
      if (verified === undefined) throw new Error('refused')
      const { payload } = verified
      const audiences = Array.isArray(payload.aud) ? payload.aud : [payload.aud]
      if (payload.iss !== issuer || !audiences.includes(audience)) throw new Error('not for us')
      return payload
    }
    if (task.keys > 1) {
      const keys = new Map()
      for (const jwk of task.jwks.keys) keys.set(jwk.kid, await webCryptoKey(algorithm, { jwk }))
      return async (token) => accept(await verify(token, keys.get(decode(token).header.kid), { algorithm }))
    }
    const key = await webCryptoKey(algorithm, task)
    return async (token) => accept(await verify(token, key, { algorithm }))
  },
}

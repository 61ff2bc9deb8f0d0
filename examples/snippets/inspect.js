import { inspect } from 'jotgate/inspect'

const policy = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'https://api.example' }

export function explain(pasted, keys) {
  const { accepted, refusal } = inspect(pasted, { keys, policy }) // `keys` is text: a JWKS, a JWK, PEM or a secret
  return refusal ? `${refusal.code}: ${refusal.why} ${refusal.action}` : `accepted: ${accepted}`
}

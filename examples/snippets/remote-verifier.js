import { RemoteKeySet, Verifier } from 'jotgate'

const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'https://api.example' })

export async function subjectOf(token) {
  const { payload } = await verifier.verify(token)
  return payload.sub
}

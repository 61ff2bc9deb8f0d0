import { JWTExpired, RemoteKeySet, remoteKeys, tokenCache, Verifier } from 'jotgate/verifier'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'https://api.example' }
// Given keys need no part.
export const pinned = new Verifier({ keys: jwks, ...rules })
// What is fetched or remembered is named in `use`.
const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
export const fetching = new Verifier({ keys, ...rules, tokenCache: {}, use: [remoteKeys(), tokenCache()] })

export const isExpired = (error) => error instanceof JWTExpired

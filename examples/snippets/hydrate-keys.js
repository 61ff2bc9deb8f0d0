import { createGate, RemoteKeySet } from 'jotgate'
import exported from './keys.json' with { type: 'json' }

const keys = new RemoteKeySet('https://issuer.example/.well-known/jwks.json')
keys.hydrate(exported)
export const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], keys })

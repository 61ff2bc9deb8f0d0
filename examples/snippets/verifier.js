import { Verifier } from 'jotgate'

const verifier = new Verifier({ keys: jwks, algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'https://api.example' })
const { payload, protectedHeader } = await verifier.verify(token) // or verifier.verifySync(token)

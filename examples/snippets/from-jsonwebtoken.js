import { Verifier } from 'jotgate'

const keys = new TextEncoder().encode(process.env.JWT_SECRET) // HS256: 32 bytes or more
const issuer = 'https://issuer.example'
const verifier = new Verifier({ keys, algorithms: ['HS256'], issuer, audience: 'https://api.example' })

export const verify = (token) => verifier.verifySync(token).payload // throws, as jwt.verify does

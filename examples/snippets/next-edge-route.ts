import { createGate } from 'jotgate'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

export const runtime = 'edge'

export async function GET(request: Request) {
  const pass = await gate.check(request, { scopes: ['items:read'] })
  return pass.ok ? Response.json({ hello: pass.claims.sub }) : pass.response()
}

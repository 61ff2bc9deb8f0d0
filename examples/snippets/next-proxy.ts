import { createGate } from 'jotgate'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

export const config = { matcher: '/api/:path*' }

export async function proxy(request: Request) {
  const pass = await gate.check(request, { scopes: ['items:read'] })
  return pass.ok ? undefined : pass.response() // undefined continues to the route
}

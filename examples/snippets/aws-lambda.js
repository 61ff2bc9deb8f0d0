import { createGate } from 'jotgate'

const jwksUri = 'https://issuer.example/.well-known/jwks.json'
const gate = createGate({ issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['ES256'], jwksUri })

export async function handler({ headers, rawPath: url, requestContext: { http } }) {
  const pass = await gate.check({ headers, url, method: http.method }, { scopes: ['items:read'] })
  const response = pass.ok ? Response.json({ hello: pass.claims.sub }) : pass.response()
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}

// An API behind the gate: every request needs a token of the issuer, some paths need more.
import { env } from 'cloudflare:workers'
import { createGate } from 'jotgate'

// Made once per isolate. It fetches nothing here: the first request with a token fetches the issuer's keys.
const gate = createGate({
  issuer: env.ISSUER,
  audience: env.AUDIENCE,
  jwksUri: env.JWKS_URI,
  algorithms: ['ES256'],
})

/** The scopes that a path needs. */
const needs = {
  '/items': ['items:read'],
  '/admin': ['items:read', 'items:admin'],
}

export default {
  async fetch(request, _env, ctx) {
    const scopes = needs[new URL(request.url).pathname]
    const pass = await gate.check(request, { ...(scopes && { scopes }), waitUntil: (work) => ctx.waitUntil(work) })
    if (!pass.ok) return pass.response() // 400, 401, 403 or 503, with an RFC 6750 challenge
    return Response.json({ hello: pass.claims.sub, scopes: pass.claims.scope?.split(' ') ?? [] })
  },
}

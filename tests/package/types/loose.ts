/** A gate in a project without `strict`, as old projects have it. Compiled, never run. */
import express from 'express'
import { createGate, type JSONWebKeySet, type JWTPayload } from 'jotgate'
import { guard } from 'jotgate/express'
import 'jotgate/express/global'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function is<T extends true>(): T {
  return undefined as T
}

declare const keys: JSONWebKeySet
const options = { issuer: 'https://a.example', audience: 'api', algorithms: ['ES256'], keys } as const
const gate = createGate<{ tenant: string }, { name: string }>(options)
const preflights = createGate({ ...options, preflight: true })

export async function answer(request: Request): Promise<Response> {
  const pass = await gate.check(request)
  // Without `strict` a negation does not narrow: the comparison does.
  if (pass.ok === false) {
    is<Same<typeof pass.status, 204 | 400 | 401 | 403 | 429 | 503>>()
    return pass.response({ headers: { 'x-refusal': pass.refusal } })
  }
  is<Same<typeof pass.claims, { tenant: string } & JWTPayload>>()
  // @ts-expect-error there is no such claim
  is<Same<typeof pass.claims.tenant, number>>()
  return Response.json({ tenant: pass.claims.tenant, name: pass.principal.name, scopes: pass.scopes.join(' ') })
}

export async function shorter(request: Request): Promise<Response> {
  const pass = await gate.check(request)
  if (!pass.ok) return pass.response()
  return Response.json(pass.claims.sub)
}

export async function withPreflights(request: Request): Promise<Response> {
  const pass = await preflights.check(request)
  if (!pass.ok) return pass.response()
  if (pass.preflight) return new Response(null, { status: 204 })
  return Response.json(pass.claims.sub)
}

export async function anybody(request: Request): Promise<Response> {
  const pass = await gate.check(request, { optional: true })
  if (!pass.ok) return pass.response()
  if (pass.anonymous) return Response.json('anonymous')
  return Response.json(pass.claims.tenant)
}

export const app = express()
app.get('/items', guard(gate), (request, response) => {
  is<Same<typeof request.auth.payload.sub, string>>()
  // @ts-expect-error `auth` has a type of its own
  request.auth.tenant
  response.json({ sub: request.auth.payload.sub, alg: request.auth.header.alg })
})

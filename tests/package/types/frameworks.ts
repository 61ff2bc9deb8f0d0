/** The adapters as a user's TypeScript sees them, under the types of the real frameworks. Compiled, never run. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createGate, type Gate, type JSONWebKeySet, type JWTPayload, type RefusalCode } from 'jotgate'
import { decodeJwt, decodeProtectedHeader, JWTInvalid } from 'jotgate/decode'
import { type Auth, guard, guardHandler, guardHook } from 'jotgate/express'
import { type GateVariables, guard as honoGuard } from 'jotgate/hono'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function is<T extends true>(): T | undefined {
  return undefined
}

interface MyClaims {
  tenant: string
}
declare const keys: JSONWebKeySet
const options = { issuer: 'https://a.example', audience: 'api', algorithms: ['ES256'], keys } as const
const gate = createGate<MyClaims, { name: string }>({ ...options, principal: ({ tenant }) => ({ name: tenant }) })
const open: Gate = createGate(options)
const preflights = createGate({ ...options, preflight: true })

export const hono = new Hono<{ Variables: GateVariables<MyClaims, { name: string }> }>()
hono.use('/items/*', honoGuard(gate, { scopes: ['a'], authorize: ({ tenant }, _, { name }) => tenant === name }))
hono.use(honoGuard(open))
hono.use(honoGuard(preflights))
hono.get('/items/:id', honoGuard(gate), (c) => {
  is<Same<ReturnType<typeof name>, string>>()
  function name() {
    return c.get('pass').principal.name
  }
  return c.json({ tenant: c.get('jwtPayload').tenant, sub: c.var.jwtPayload.sub, name: name() })
})

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      auth?: Auth<MyClaims, { name: string }>
    }
  }
}
export const app = express()
app.use('/items', guard(gate, { anyScope: ['a', 'b'] }))
app.get('/items/:id', guard(open), guard(preflights), (request, response) => {
  response.json({ tenant: request.auth?.payload.tenant, name: request.auth?.principal.name })
})

declare module 'fastify' {
  interface FastifyRequest {
    auth: Auth<MyClaims, { name: string }> | null
  }
}
export const server = fastify()
server.decorateRequest('auth', null)
server.addHook('onRequest', guardHook(gate))
server.get(
  '/items/:id',
  { onRequest: guardHook(gate, { roles: ['admin'] }) },
  async (request) => request.auth?.payload.tenant,
)

createServer(
  guardHandler(gate, (request: IncomingMessage, response: ServerResponse, auth) => {
    response.end(`${request.url} ${auth.payload.tenant}`)
  }),
)
createHttp2(guardHandler(gate, (_, response, auth) => response.end(auth.principal.name)))
// @ts-expect-error a pre-flight has no user
createHttp2(guardHandler(preflights, (_, response, auth) => response.end(auth.payload.sub)))
createServer((request, response) => void open.check(request).then((pass) => response.end(String(pass.ok))))

// @ts-expect-error there is no such need
guard(gate, { scope: ['a'] })
// @ts-expect-error there is no such need
honoGuard(gate, { scope: ['a'] })
// @ts-expect-error a gate is needed
guardHook(options)

export function decodeTypes(token: string) {
  const claims = decodeJwt<MyClaims>(token)
  is<Same<typeof claims, MyClaims & JWTPayload>>()
  is<Same<ReturnType<typeof decodeProtectedHeader>['alg'], string | undefined>>()
  is<Same<JWTInvalid['refusal'], RefusalCode>>()
  // @ts-expect-error a token is text
  decodeJwt(5)
}

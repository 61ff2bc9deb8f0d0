/** `jotgate/mcp` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createMcpHandler, McpServer, OAuthError, requireBearerAuth } from '@modelcontextprotocol/server'
import { InsufficientScopeError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth as bearerOne } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import express from 'express'
import { createGate } from 'jotgate'
import { authInfo, guardTools, tokenVerifier, type AuthInfo, type ToolGuard } from 'jotgate/mcp'

const gate = createGate<{ tenant: string }, { id: number }>({
  resource: 'https://mcp.example.com/mcp',
  issuer: 'https://issuer.example',
  algorithms: ['ES256'],
  principal: () => ({ id: 1 }),
})
const guard: ToolGuard = guardTools(gate, { toolScopes: { read: ['a'] } as const, publicMethods: ['initialize'] as const })
// @ts-expect-error the tools are missing
guardTools(gate, {})
// @ts-expect-error scopes are a list
guardTools(gate, { toolScopes: { read: 'a' } })
guardTools(createGate({ issuer: 'a', audience: 'b', algorithms: ['ES256'], preflight: true }), { toolScopes: {}, hosts: ['localhost'] })

requireBearerAuth({ verifier: tokenVerifier(gate, { OAuthError }) })
const app = express()
app.use(bearerOne({ verifier: tokenVerifier(gate, { InvalidTokenError, InsufficientScopeError }) }))
// @ts-expect-error an error class is needed
tokenVerifier(gate, {})
app.use(guard.middleware)

const handler = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'a', version: '1.0.0' })
  server.registerTool('read', {}, () => ({ content: [{ type: 'text', text: authInfo?.clientId ?? '' }] }))
  return server
})

export async function serve(request: Request): Promise<Response> {
  const call = await guard.check(request, { waitUntil: () => {} })
  if (!call.ok) return call.response()
  const scopes: string[] = call.authInfo?.scopes ?? []
  // @ts-expect-error a call may have no token
  call.authInfo.scopes
  if (scopes.length > 9) return new Response(String(call.pass?.claims.sub))
  return gate.cors(request, await handler.fetch(request, call))
}

export async function own(request: Request): Promise<Response> {
  const pass = await gate.check(request)
  if (!pass.ok) return pass.response()
  const info: AuthInfo = authInfo(pass)
  return handler.fetch(request, { authInfo: info })
}

// An MCP server behind the gate. Anyone may list the tools; each tool says which scopes it needs.
import { env } from 'cloudflare:workers'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { createGate } from 'jotgate'
import { guardTools } from 'jotgate/mcp'

// Once per isolate. Nothing is fetched here: the first request with a token brings the issuer's keys.
const gate = createGate({
  resource: env.RESOURCE,
  issuer: env.ISSUER,
  algorithms: ['ES256'],
  scopesSupported: ['notes:read', 'notes:write'],
  resourceName: 'Notes',
  cors: true,
})

const guard = guardTools(gate, {
  toolScopes: {
    'now': [], // needs no token
    'read-notes': ['notes:read'],
    'add-note': ['notes:write'],
  }, // any other tool needs a token
  publicMethods: ['server/discover', 'initialize', 'notifications/initialized', 'ping', 'tools/list', 'tools/call'],
})

/** The notes of each subject. A real server has a database. */
const notes = new Map()
const notesOf = ({ claims: { sub } }) => notes.get(sub) ?? notes.set(sub, []).get(sub)
const text = (value) => ({ content: [{ type: 'text', text: value }] })

const handler = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('now', { description: 'Tells the time' }, () => text(new Date().toISOString()))
  server.registerTool('who-am-i', { description: 'Names the caller' }, () => text(authInfo.extra.claims.sub))
  server.registerTool('read-notes', { description: 'Reads your notes' }, () => text(notesOf(authInfo.extra).join('\n')))
  server.registerTool(
    'add-note',
    { description: 'Adds a note', inputSchema: z.object({ note: z.string() }) },
    ({ note }) => text(`note ${notesOf(authInfo.extra).push(note)}`),
  )
  return server
})

export default {
  async fetch(request, _env, ctx) {
    const call = await guard.check(request, { waitUntil: (work) => ctx.waitUntil(work) })
    if (!call.ok) return call.response() // 400, 401, 403, 413, 503, the metadata of the resource, or a pre-flight
    if (new URL(request.url).pathname !== new URL(env.RESOURCE).pathname) return new Response('Not Found', { status: 404 })
    return gate.cors(request, await handler.fetch(request, call))
  },
}

/** The MCP server of `examples/mcp-server` once more, as Express and version 1 of the MCP SDK make it. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { createGate } from 'jotgate'
import { guardTools } from 'jotgate/mcp'
import { z } from 'zod'

const { ISSUER: issuer, RESOURCE: resource } = process.env
const gate = createGate({ resource, issuer, algorithms: ['ES256'], scopesSupported: ['notes:read', 'notes:write'] })
const guard = guardTools(gate, {
  toolScopes: { 'now': [], 'read-notes': ['notes:read'], 'add-note': ['notes:write'] },
  publicMethods: ['server/discover', 'initialize', 'notifications/initialized', 'ping', 'tools/list', 'tools/call'],
})
const text = (value) => ({ content: [{ type: 'text', text: value }] })

const notes = []

function createServer() {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  const caller = ({ authInfo }) => authInfo.extra.claims.sub
  server.registerTool('now', { description: 'Tells the time' }, () => text(new Date().toISOString()))
  server.registerTool('who-am-i', { description: 'Names the caller' }, (extra) => text(caller(extra)))
  server.registerTool('read-notes', { description: 'Reads your notes' }, () => text(notes.join('\n')))
  const input = { description: 'Adds a note', inputSchema: { note: z.string() } }
  server.registerTool('add-note', input, ({ note }) => text(`note ${notes.push(note)}`))
  return server
}

const app = express()
app.use(guard.middleware)
app.all(new URL(resource).pathname, async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on('close', () => transport.close())
  await createServer().connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.listen(Number(new URL(resource).port), '127.0.0.1', () => console.log('listening'))

/**
 * An MCP client in a page of another origin. It reads the challenge and the metadata by CORS; its own server gets the token, as
 * it has the secret. It reports what it saw to that server.
 */
import { Client, discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const { url } = await (await fetch('/about')).json()
const seen = []
let token
const authProvider = {
  token: async () => token,
  async onUnauthorized({ response, serverUrl, fetchFn }) {
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response)
    const { resource, authorization_servers: servers } = await discoverOAuthProtectedResourceMetadata(serverUrl, { resourceMetadataUrl }, fetchFn)
    seen.push({ status: response.status, scope, resource, servers })
    token = await (await fetch('/token', { method: 'POST' })).text()
  },
}

try {
  const client = new Client({ name: 'page', version: '1.0.0' }, {})
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }))
  const tools = (await client.listTools()).tools.map(({ name }) => name)
  const { content } = await client.callTool({ name: 'who-am-i', arguments: {} })
  await report({ seen, tools, answer: content[0].text })
} catch (error) {
  await report({ error: `${error.stack}` })
}

function report(found) {
  return fetch('/report', { method: 'POST', body: JSON.stringify(found) })
}

/**
 * An unmodified MCP client logs in at the companion and calls tools. Prints each HTTP request that it sends as a row of the
 * demo's table: a line of JSON with `request`, `expected`, `answered`, `good` and `milliseconds`.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const { RESOURCE, ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env
const require = createRequire(new URL('../../../../tests/package.json', import.meta.url))
const sdk = await import(pathToFileURL(require.resolve('@modelcontextprotocol/client')))
const { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } = sdk

/** The requests of the client, and what came back. */
const sent = []

/** The client's own `fetch`, with a record of what passed. */
async function recorded(input, init) {
  const since = performance.now()
  const response = await fetch(input, init)
  const milliseconds = performance.now() - since
  const text = await response.clone().text()
  sent.push({ url: String(input), init, status: response.status, headers: response.headers, text, milliseconds })
  return response
}

const PATHS = {
  '/.well-known/oauth-protected-resource/mcp': 'GET metadata of the server',
  '/.well-known/oauth-authorization-server': 'GET metadata of the issuer',
  '/token': 'POST /token, client credentials',
}

function requestOf({ url, init, name }) {
  if (name !== undefined) return name
  const known = PATHS[new URL(url).pathname]
  if (known !== undefined) return known
  const { method, params } = JSON.parse(init.body)
  return params?.name === undefined ? method : `${method} ${params.name}`
}

/** The parts of a challenge that are the same in every row, or long. */
const LEFT_OUT = /^Bearer |realm="[^"]*", |resource_metadata="[^"]*", |, error_description="[^"]*"/g

/** What the answer says, in a few words. */
function answerOf({ url, status, headers, text }) {
  const challenge = headers.get('www-authenticate')
  if (challenge !== null) return `${status} ${challenge.replace(LEFT_OUT, '')}`
  const body = JSON.parse(text.replace(/^event: message\ndata: /, ''))
  if (url.endsWith('/token')) return `${status} scope "${body.scope}"`
  if (body.authorization_servers) return `${status} the issuer is ${body.authorization_servers[0]}`
  if (body.token_endpoint) return `${status} tokens at ${body.token_endpoint}`
  if (body.error) return `${status} error ${body.error.code}, ${body.error.data?.code ?? body.error.message}`
  if (body.result?.tools) return `${status} ${body.result.tools.map(({ name }) => name).join(', ')}`
  return `${status} ${body.result?.content?.[0].text ?? body.result?.serverInfo?.name ?? ''}`.trim()
}

function row(request, expected, exchange) {
  const answered = exchange === undefined ? 'nothing was sent' : answerOf(exchange)
  const good = exchange !== undefined && requestOf(exchange) === request && answered.startsWith(expected)
  const shown = { request: request ?? requestOf(exchange), expected: expected.replace(ISSUER, '…'), answered, good }
  console.log(JSON.stringify({ ...shown, milliseconds: exchange?.milliseconds ?? 0 }))
}

/** Runs one step of the client. It must send exactly these requests and get answers that begin like this. */
async function step(work, expected) {
  sent.length = 0
  const failed = await work().then(() => undefined, (error) => error)
  const rows = Math.max(sent.length, expected.length)
  for (let index = 0; index < rows; index++) {
    const [request, answer] = expected[index] ?? [undefined, 'no request']
    row(request, answer, sent[index])
  }
  if (failed !== undefined) throw failed
}

/** Sends a call of `add-note` by hand, with something wrong. */
function attack(name, expected, { token = good, headers, body = message }) {
  const fields = { 'content-type': 'application/json', 'accept': 'application/json, text/event-stream', ...headers }
  const init = { method: 'POST', headers: { ...fields, authorization: `Bearer ${token}` }, body }
  return step(async () => {
    await recorded(RESOURCE, init)
    sent[0].name = name
  }, [[name, expected]])
}

const authProvider = new ClientCredentialsProvider({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, expectedIssuer: ISSUER })
const client = new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
const transport = new StreamableHTTPClientTransport(new URL(RESOURCE), { authProvider, fetch: recorded })
const call = (name, args = {}) => client.callTool({ name, arguments: args })

await step(() => client.connect(transport), [['server/discover', '200']])
await step(() => client.listTools(), [['tools/list', '200 now, who-am-i, read-notes, add-note']])
await step(() => call('now'), [['tools/call now', '200 20']])
await step(() => call('read-notes'), [
  ['tools/call read-notes', '401 scope="notes:read"'],
  ['GET metadata of the server', `200 the issuer is ${ISSUER}`],
  ['GET metadata of the issuer', `200 tokens at ${ISSUER}/token`],
  ['POST /token, client credentials', '200 scope "notes:read"'],
  ['tools/call read-notes', '200'],
])
await step(() => call('who-am-i'), [['tools/call who-am-i', `200 ${CLIENT_ID}`]])
await step(() => call('add-note', { note: 'hello' }), [
  ['tools/call add-note', '403 error="insufficient_scope", scope="notes:write"'],
  ['GET metadata of the server', '200'],
  ['GET metadata of the issuer', '200'],
  ['POST /token, client credentials', '200 scope "notes:read notes:write"'],
  ['tools/call add-note', '200 note'],
])
await client.close()

// What no client sends.
const good = authProvider.tokens().access_token
const tampered = good.replace(/\.(.)/, (_, first) => `.${first === 'A' ? 'B' : 'A'}`)
const message = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add-note"}}'
await attack('a tampered token', '401 error="invalid_token"', { token: tampered })
await attack('Mcp-Name names another tool', '400 error -32020, header_mismatch', { headers: { 'mcp-name': 'now' } })
await attack('the tool is named twice', '400 error -32700, body_duplicate_member', { body: message.replace('{"name"', '{"name":"now","name"') })
await attack('5 MB', '413 error -32000, body_too_large', { body: message.padEnd(5_000_000) })

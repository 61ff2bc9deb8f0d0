/**
 * Unmodified MCP clients log in at `jotgate-keys` and call tools: both TypeScript SDKs, in Node and in Chromium, and the Python
 * SDK, each against the servers of `world.mjs`.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { harness, ok, same } from '../../suite/harness.mjs'
import { report } from '../report.mjs'
import { Missing, python } from '../setup.mjs'
import { chromiumClient } from './chromium.mjs'
import { clientCredentials, startWorld } from './world.mjs'

const TOOLS = ['now', 'who-am-i', 'read-notes', 'add-note']
const PYTHON = 'mcp==2.3.0'

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function mcpClients(project, tools) {
  const world = await startWorld(project, tools)
  const { test, run } = harness()
  let missing
  try {
    for (const [server, url] of Object.entries(world.servers)) {
      for (const [name, sdk] of Object.entries(await sdks(tools.require))) {
        test(`${name} goes from 401 to a tool call of the server in ${server}`, () => logsIn(sdk, url, world))
        // Version 1 asks for the scope that it was made with, whatever the challenge says.
        if (name.endsWith('1')) continue
        test(`${name} asks for the scope that a 403 of the server in ${server} names`, () => stepsUp(sdk, url, world))
      }
      test(`Python's ${PYTHON} goes from 401 to a tool call of the server in ${server}`, () => {
        try {
          pythonClient(url, world, tools)
        } catch (thrown) {
          if (!(thrown instanceof Missing)) throw thrown
          missing = thrown.message
        }
      })
    }
    test('the client of `cargo xtask demo --mcp` gets the expected answers', () => {
      const script = join(dirname(dirname(tools.here)), 'src', 'xtask', 'commands', 'demo', 'mcp_client.mjs')
      const { issuer: ISSUER, id: CLIENT_ID, secret: CLIENT_SECRET } = world
      const env = { ...process.env, RESOURCE: world.servers.workerd, ISSUER, CLIENT_ID, CLIENT_SECRET }
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', script], { encoding: 'utf8', env, timeout: 60_000 })
      const rows = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
      same([status, rows.length, rows.filter(({ good }) => !good)], [0, 18, []], stderr)
    })
    test('@modelcontextprotocol/client 2 in a page of Chromium reads the challenge and calls a tool by CORS', async () => {
      const url = world.servers.workerd
      const found = await chromiumClient(url, world, project, tools)
      same([found.error, found.tools, found.answer], [undefined, TOOLS, world.id])
      // The stream and the first call are refused at the same time.
      ok(found.seen.length > 0)
      for (const seen of found.seen) same(seen, { status: 401, resource: url, servers: [world.issuer] })
    })
    const outcome = await run()
    if (missing !== undefined) console.log(`left out: Python's client: ${missing}`)
    return report(outcome)
  } finally {
    world.stop()
  }
}

/** What both SDKs call by the same names, in different files. */
async function sdks(require) {
  const load = (name) => import(pathToFileURL(require.resolve(name)))
  const one = '@modelcontextprotocol/sdk/client'
  return {
    '@modelcontextprotocol/client 2': await load('@modelcontextprotocol/client'),
    '@modelcontextprotocol/sdk 1': {
      ...(await load(`${one}/index.js`)),
      ...(await load(`${one}/streamableHttp.js`)),
      ...(await load(`${one}/auth-extensions.js`)),
    },
  }
}

/** Connects without a token, calls a tool that needs none, then one that needs a token: the client logs in by itself. */
async function logsIn(sdk, url, world) {
  const { client, seen } = await connected(sdk, url, world)
  try {
    same((await client.listTools()).tools.map(({ name }) => name), TOOLS)
    ok(!Number.isNaN(Date.parse(await textOf(client, 'now'))))
    same(await textOf(client, 'who-am-i'), world.id)
    ok(/^note \d+$/.test(await textOf(client, 'add-note', { note: 'x' })))
    ok((await textOf(client, 'read-notes')).includes('x'))
    wentFrom401(seen.map(([method, path, status]) => [method, path, status]))
    const bodies = seen.filter(([, path]) => path === '/token').map(([, , , body]) => new URLSearchParams(body))
    same(new Set(bodies.map((body) => body.get('resource'))).size === 1 && bodies[0].get('resource'), url)
  } finally {
    await client.close()
  }
}

/** A token with one scope meets a tool that needs another: the client asks for the scope that the 403 names. */
async function stepsUp(sdk, url, world) {
  const { client, seen } = await connected(sdk, url, world, await clientCredentials(url, world, 'notes:read'))
  try {
    await textOf(client, 'read-notes')
    await textOf(client, 'add-note', { note: 'y' })
    const steps = seen.filter(([, path, status]) => path === '/token' || status === 403)
    const scopes = steps.map(([, , status, body]) => (status === 403 ? 403 : new URLSearchParams(body).get('scope')))
    const after = scopes.slice(scopes.indexOf(403))
    ok(after[0] === 403 && after.at(-1).split(' ').includes('notes:write'), JSON.stringify(scopes))
  } finally {
    await client.close()
  }
}

async function connected({ Client, ClientCredentialsProvider, StreamableHTTPClientTransport }, url, { issuer, id, secret }, tokens) {
  const seen = []
  const authProvider = new ClientCredentialsProvider({ clientId: id, clientSecret: secret, expectedIssuer: issuer })
  if (tokens !== undefined) authProvider.saveTokens(tokens)
  const recorded = async (input, init) => {
    const response = await fetch(input, init)
    seen.push([init?.method ?? 'GET', new URL(input).pathname, response.status, init?.body])
    return response
  }
  const client = new Client({ name: 'test', version: '1.0.0' }, {})
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider, fetch: recorded }))
  return { client, seen }
}

async function textOf(client, name, args = {}) {
  return (await client.callTool({ name, arguments: args })).content[0].text
}

/** The client was refused, read the metadata of the server and of the issuer, got a token, and was accepted. */
function wentFrom401(seen) {
  const indexOf = (path, status) => {
    const index = seen.findIndex((entry) => entry[1] === path && entry[2] === status)
    ok(index >= 0, `no ${status} of ${path}: ${JSON.stringify(seen)}`)
    return index
  }
  const steps = [
    indexOf('/mcp', 401),
    indexOf('/.well-known/oauth-protected-resource/mcp', 200),
    indexOf('/.well-known/oauth-authorization-server', 200),
    indexOf('/token', 200),
    seen.findLastIndex(([, path, status]) => path === '/mcp' && status === 200),
  ]
  same(steps, [...steps].sort((a, b) => a - b), JSON.stringify(seen))
}

function pythonClient(url, { issuer, id, secret }, tools) {
  const args = [join(tools.here, 'runners', 'mcp', 'client.py'), url, issuer, id, secret, 'notes:read']
  const { status, stdout, stderr } = spawnSync(python(PYTHON), args, { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(stderr)
  const { statuses, tools: names, answers } = JSON.parse(stdout)
  same([names, answers[1]], [TOOLS, id])
  wentFrom401(statuses)
}

/**
 * Both MCP TypeScript SDKs as they are log a person in at the companion with a registered client: 401, metadata, code + PKCE,
 * a tool call, and a refresh once the access token is refused.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import * as sdk2 from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { freePort, stopping } = await load('runners/serving.mjs')
const { logIn } = await load('runners/companion/browser.mjs')
const { LoginState } = await load('runners/companion/mcp_login_state.mjs')
const { startCompanion } = await load('runners/companion/world.mjs')

const folder = process.cwd()
const REDIRECT = 'http://127.0.0.1:33418/callback'
const resource = `http://127.0.0.1:${await freePort()}/mcp`
const world = await startCompanion(folder, {
  agent: ['--public', '--redirect', REDIRECT, '--offline-access', '--scope', 'notes:read notes:write', '--audience', resource],
})
// The certificate of `--dev-tls` is its own authority. This process has already read its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
await cp(join(process.env.TESTS, 'runners', 'mcp', 'node_server.mjs'), join(folder, 'node_server.mjs'))
const { NODE_TLS_REJECT_UNAUTHORIZED: _, ...environment } = process.env
const env = { ...environment, ISSUER: world.issuer, RESOURCE: resource, NODE_EXTRA_CA_CERTS: world.certificate }
const server = spawn(process.execPath, ['--no-warnings', 'node_server.mjs'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
const stopServer = stopping(server)
await once(createInterface({ input: server.stdout }), 'line')

/** What an application gives an SDK: a registered client. */
class Provider extends LoginState {
  redirectUrl = REDIRECT
  clientMetadata = { client_name: 'test', redirect_uris: [REDIRECT], grant_types: ['authorization_code', 'refresh_token'] }
  clientInformation = () => ({ client_id: 'agent', issuer: world.issuer })
}

const { test, run } = harness()
for (const [name, sdk] of Object.entries({
  '@modelcontextprotocol/client 2': sdk2,
  '@modelcontextprotocol/sdk 1': { Client, StreamableHTTPClientTransport },
})) {
  test(`${name} logs a person in with a registered client, and calls tools`, async () => {
    const authProvider = new Provider()
    const transport = () => new sdk.StreamableHTTPClientTransport(new URL(resource), { authProvider })
    const call = async () => {
      const client = new sdk.Client({ name: 'test', version: '1.0.0' }, {})
      const used = transport()
      try {
        await client.connect(used)
        return (await client.callTool({ name: 'add-note', arguments: { note: 'x' } })).content[0].text
      } finally {
        await client.close()
      }
    }
    const refused = await call().catch((error) => error)
    ok(refused instanceof Error && authProvider.url, `${refused?.stack}`)
    const asked = authProvider.url.searchParams
    same([asked.get('client_id'), asked.get('resource'), asked.get('code_challenge_method')], ['agent', resource, 'S256'])
    const back = (await logIn(authProvider.url, world.ca)).searchParams
    same([back.get('iss'), back.get('state')], [world.issuer, asked.get('state')])
    await transport().finishAuth(name.endsWith('2') ? back : back.get('code'))
    ok(/^note \d+$/.test(await call()))
    const before = authProvider.kept
    // Version 1 asks for the scope of the challenge alone, which never has `offline_access`.
    if (name.endsWith('1')) return
    ok(before.refresh_token, 'no refresh token')
    authProvider.kept = { ...before, access_token: `${before.access_token}x` }
    delete authProvider.url
    ok(/^note \d+$/.test(await call()))
    same(authProvider.url, undefined, 'it asked the person again')
    ok(authProvider.kept.refresh_token !== before.refresh_token)
  })
}

const outcome = await run()
stopServer()
world.stop()
process.exit(report(outcome))

/** The suite of `documents.mjs`, inside of its network. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as sdk2 from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import * as jose from 'jose'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const folder = process.cwd()
const file = (name) => join(folder, name)

if (process.env.INSIDE === undefined) {
  const { NAMESPACES } = await load('runners/companion/documents.mjs')
  const subject = ['-subj', '/CN=client.example', '-addext', 'subjectAltName=DNS:client.example,DNS:silent.example']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')]
  const end = ['-addext', 'basicConstraints=critical,CA:FALSE', '-days', '2', '-out', file('cert.pem')]
  const made = spawnSync('openssl', ['req', '-x509', ...key, ...subject, ...end], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  copyFileSync(join(TESTS, 'runners/companion/documents_host.mjs'), file('documents_host.mjs'))
  appendFileSync(file('asked.log'), '')
  writeFileSync(file('documents.json'), '{}')
  const script = join(TESTS, 'runners/companion/documents_network.sh')
  const again = [process.execPath, '--no-warnings', fileURLToPath(import.meta.url)]
  const args = [...NAMESPACES, '--kill-child', 'sh', script, folder, process.execPath, ...again]
  const env = { ...process.env, INSIDE: '1', SSL_CERT_FILE: file('cert.pem') }
  process.exit(spawnSync('unshare', args, { stdio: 'inherit', env }).status ?? 1)
}

const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { freePort, stopping } = await load('runners/serving.mjs')
const { Browser } = await load('runners/companion/browser.mjs')
const { LoginState } = await load('runners/companion/mcp_login_state.mjs')
const { PERSON, startCompanion } = await load('runners/companion/world.mjs')

const LOOPBACK = 'http://127.0.0.1:33418/callback'
const BACK = 'https://client.example/back'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const resource = `http://127.0.0.1:${await freePort()}/mcp`
const allowed = ['--document-audience', resource, '--document-scope', 'notes:read notes:write offline_access']
const world = await startCompanion(folder, {}, { serve: ['--allow-client-documents', ...allowed] })
// The certificate of `--dev-tls` is its own authority. This process has already read its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

/** The identifier of the client with the document at that path. */
const idOf = (path) => `https://client.example${path}`
const documents = {}

/** Has the host serve a document with these further members. */
function publish(path, more = {}, answer = {}) {
  const grants = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }
  const body = { client_id: idOf(path), client_name: 'A stranger', logo_uri: `${idOf('/logo.png')}`, redirect_uris: [BACK], ...grants, ...more }
  documents[path] = { body, ...answer }
  writeFileSync(file('documents.json'), JSON.stringify(documents))
  return idOf(path)
}

/** How often the host was asked for a path. */
const asked = (path) => readFileSync(file('asked.log'), 'utf8').split('\n').filter((line) => line === path).length

function request(client_id, more = {}) {
  const query = { response_type: 'code', client_id, redirect_uri: BACK, scope: 'notes:read offline_access', state: 's' }
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  return `${world.issuer}/authorize?${new URLSearchParams({ ...query, ...pkce, ...more })}`
}

async function post(path, form) {
  const response = await fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, ...JSON.parse((await response.text()) || '{}') }
}

const redeem = (location, more) =>
  post('/token', { grant_type: 'authorization_code', code: location.searchParams.get('code'), redirect_uri: BACK, code_verifier: VERIFIER, ...more })

/** What the page says in place of a login, after a login. */
async function refusal(id, more = {}) {
  const browser = new Browser(world.ca)
  const url = request(id, more)
  const first = await browser.visit(url)
  const form_token = /name="form_token" value="([^"]+)"/.exec(first.page)?.[1]
  if (form_token === undefined) return first.page
  const { status, location, page } = await browser.visit(url, { form_token, step: 'login', ...PERSON })
  same([status, location], [400, undefined], page)
  return page
}

const { test, run } = harness()

test('the metadata states that clients may describe themselves, and what they may ask for', async () => {
  const metadata = await (await fetch(`${world.issuer}/.well-known/oauth-authorization-server`)).json()
  same(metadata.client_id_metadata_document_supported, true)
  ok(metadata.token_endpoint_auth_methods_supported.includes('none'))
  same(metadata.scopes_supported, ['notes:read', 'notes:write', 'offline_access'])
})

test('a document is fetched after the login and not before, and the client gets tokens', async () => {
  const id = publish('/public.json')
  const browser = new Browser(world.ca)
  const { page } = await browser.visit(request(id))
  ok(page.includes('client.example') && page.includes('name="password"'), page)
  same((await redeem(new URL('https://x.example/?code=guessed'), { client_id: id })).error, 'invalid_client')
  same((await post('/token', { grant_type: 'refresh_token', refresh_token: 'a'.repeat(64), client_id: id })).error, 'invalid_client')
  same(asked('/public.json'), 0, 'it was fetched before the login')
  const { location, pages } = await browser.logIn(request(id))
  const consent = pages.at(-1)
  for (const words of ['Allow <strong>client.example</strong>', 'The answer goes to <span class="host">client.example', 'not registered here', id]) {
    ok(consent.includes(words), `${words}: ${consent}`)
  }
  ok(!consent.includes('A stranger') && !consent.includes('logo'), consent)
  same([location.origin + location.pathname, location.searchParams.get('iss')], [BACK, world.issuer])
  const tokens = await redeem(location, { client_id: id })
  const claims = jose.decodeJwt(tokens.access_token)
  same([claims.client_id, claims.aud, claims.scope], [id, resource, 'notes:read'])
  const renewed = await post('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: id })
  same(renewed.status, 200)
  same((await post('/revoke', { token: renewed.refresh_token, client_id: id })).status, 200)
  same((await post('/token', { grant_type: 'refresh_token', refresh_token: renewed.refresh_token, client_id: id })).error, 'invalid_grant')
  same([asked('/public.json'), asked('/logo.png')], [1, 0])
})

test('a public client is asked each time, and a loopback address is warned of', async () => {
  const id = publish('/native.json', { redirect_uris: ['http://127.0.0.1/callback'] })
  const browser = new Browser(world.ca)
  for (const expected of [2, 1]) {
    const { location, pages } = await browser.logIn(request(id, { redirect_uri: LOOPBACK }))
    same([location.origin, pages.length], ['http://127.0.0.1:33418', expected])
    ok(pages.at(-1).includes('It goes to a program on this computer'), pages.at(-1))
  }
})

test('a client with keys signs its requests; it is asked again once its redirect addresses have changed', async () => {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
  const jwks = { keys: [await jose.exportJWK(publicKey)] }
  const signs = { token_endpoint_auth_method: 'private_key_jwt', jwks }
  const id = publish('/web.json', signs)
  const assertion = () =>
    new jose.SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(world.issuer)
      .setExpirationTime('1m')
      .sign(privateKey)
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const browser = new Browser(world.ca)
  const first = await browser.logIn(request(id))
  same(first.pages.length, 2)
  same((await redeem(first.location, { client_id: id })).error, 'invalid_client')
  const again = await browser.logIn(request(id))
  same(again.pages.length, 0, 'it was allowed before')
  const tokens = await redeem(again.location, { client_assertion_type, client_assertion: await assertion() })
  same(jose.decodeJwt(tokens.access_token).client_id, id)
  publish('/web.json', { ...signs, redirect_uris: [BACK, 'https://client.example/other'] })
  // Documents are remembered in memory; sessions are not.
  await world.restart()
  same((await browser.logIn(request(id))).pages.length, 1, 'its redirect addresses are others')
  same((await browser.logIn(request(id))).pages.length, 0)
})

test('after a restart the document is fetched again for a refresh token, and only for one of that client', async () => {
  const id = publish('/agent.json')
  const { location } = await new Browser(world.ca).logIn(request(id))
  const { refresh_token } = await redeem(location, { client_id: id })
  const other = publish('/other.json')
  await world.restart()
  same((await post('/token', { grant_type: 'refresh_token', refresh_token, client_id: other })).error, 'invalid_client')
  same([asked('/agent.json'), asked('/other.json')], [1, 0])
  same((await post('/token', { grant_type: 'refresh_token', refresh_token, client_id: id })).status, 200)
  same(asked('/agent.json'), 2)
})

test('a document that cannot be used is an error page, never a redirect, and can be repaired at once', async () => {
  for (const [path, more, answer, words] of [
    ['/secret.json', { token_endpoint_auth_method: 'client_secret_basic' }, {}, 'none or private_key_jwt'],
    ['/another.json', { client_id: idOf('/public.json') }, {}, 'its client_id is another one'],
    ['/moved.json', {}, { status: 302, location: idOf('/public.json') }, 'status 302'],
    ['/long.json', { client_uri: 'x'.repeat(5_000) }, {}, 'longer than 5 KB'],
    ['/nowhere.json', { redirect_uris: ['javascript:alert(1)'] }, {}, 'redirect_uris contains no address'],
  ]) {
    ok((await refusal(publish(path, more, answer))).includes(words), path)
    same(asked(path), 1, path)
  }
  const { location } = await new Browser(world.ca).logIn(request(publish('/secret.json')))
  same([location.origin + location.pathname, asked('/secret.json')], [BACK, 2])
  const page = await refusal(publish('/elsewhere.json'), { redirect_uri: 'https://evil.example/back' })
  ok(page.includes('not registered for this application'), page)
})

test('hosts inside, hosts of its own and silent ones are not fetched from', async () => {
  for (const [id, code] of [
    ['https://private.example/a.json', 'document_host_private'],
    ['https://own.example/a.json', 'document_host_private'],
    ['https://mixed.example/a.json', 'document_host_private'],
    ['https://unknown.example/a.json', 'document_host_unknown'],
    ['https://silent.example/a.json', 'document_unreachable'],
  ]) {
    ok((await refusal(id)).includes('cannot be used'), id)
    await until(() => world.log().includes(`client="${id}" reason="${code}"`), () => `${id}: ${world.log()}`)
  }
  for (const id of ['https://client.example/', 'https://client.example/a/../b', 'https://client.example:8443/a', 'https://11.0.0.2/a', resource.replace('http:', 'https:')]) {
    ok((await refusal(id)).includes('not allowed'), id)
  }
  same((await refusal('http://client.example/a.json')).includes('not known here'), true)
})

/** Starts the MCP server, which trusts the companion's certificate of this moment. */
async function startServer() {
  cpSync(join(TESTS, 'runners', 'mcp', 'node_server.mjs'), file('node_server.mjs'))
  const { NODE_TLS_REJECT_UNAUTHORIZED: _, SSL_CERT_FILE: __, ...environment } = process.env
  const env = { ...environment, ISSUER: world.issuer, RESOURCE: resource, NODE_EXTRA_CA_CERTS: world.certificate }
  const server = spawn(process.execPath, ['--no-warnings', 'node_server.mjs'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  stopping(server)
  await once(createInterface({ input: server.stdout }), 'line')
}
let server

/** What an application gives an SDK: the address of its document. */
class Provider extends LoginState {
  redirectUrl = LOOPBACK
  clientMetadataUrl = idOf('/sdk.json')
  clientMetadata = { client_name: 'test', redirect_uris: [LOOPBACK] }
  clientInformation = () => this.client
  saveClientInformation = (client) => void (this.client = client)
}

for (const [name, sdk] of Object.entries({
  '@modelcontextprotocol/client 2': sdk2,
  '@modelcontextprotocol/sdk 1': { Client, StreamableHTTPClientTransport },
})) {
  test(`${name} with a clientMetadataUrl logs a person in without a registration, and calls a tool`, async () => {
    await (server ??= startServer())
    publish('/sdk.json', { redirect_uris: [LOOPBACK] })
    const authProvider = new Provider()
    const transport = () => new sdk.StreamableHTTPClientTransport(new URL(resource), { authProvider })
    const call = async () => {
      const client = new sdk.Client({ name: 'test', version: '1.0.0' }, {})
      try {
        await client.connect(transport())
        return (await client.callTool({ name: 'add-note', arguments: { note: 'x' } })).content[0].text
      } finally {
        await client.close()
      }
    }
    const refused = await call().catch((error) => error)
    ok(refused instanceof Error && authProvider.url, `${refused?.stack}`)
    same(authProvider.url.searchParams.get('client_id'), idOf('/sdk.json'))
    const back = (await new Browser(world.ca).logIn(authProvider.url)).location.searchParams
    await transport().finishAuth(name.endsWith('2') ? back : back.get('code'))
    ok(/^note \d+$/.test(await call()))
    same(jose.decodeJwt(authProvider.kept.access_token).client_id, idOf('/sdk.json'))
  })
}

async function until(holds, about) {
  for (const since = Date.now(); !holds(); ) {
    if (Date.now() - since > 30_000) throw new Error(`it did not become true:\n${about()}`)
    await new Promise((settle) => setTimeout(settle, 50))
  }
}

const outcome = await run()
world.stop()
process.exit(report(outcome))

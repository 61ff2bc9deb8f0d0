/**
 * The companion, as other people's programs see it: a real `jotgate-keys` on loopback, openid-client as it is, and its tokens
 * verified by jose and by the package, each with the keys that it fetched itself.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import * as ours from 'jotgate/jose'
import * as openid from 'openid-client'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { report } = await load('runners/report.mjs')
const { freePort } = await load('runners/serving.mjs')

const program = process.env.JOTGATE_KEYS
const store = join(process.cwd(), 'keys', 'store.sqlite')
const audience = 'https://api.example'
/** A successor may sign five seconds after it was published. */
const QUICK = ['--max-age', '1', '--replica-delay', '3', '--clock-difference', '0', '--fetch-time', '1']
const { test, run } = harness()

function keys(...words) {
  const { status, stdout, stderr } = spawnSync(program, ['--store', store, ...words], { encoding: 'utf8' })
  // Not what it printed: that may be a secret.
  if (status !== 0) throw new Error(`jotgate-keys ${words[0]}: ${stderr}`)
  return stdout
}

async function serve(port) {
  const child = spawn(program, ['--store', store, 'serve', '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  process.on('exit', () => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('listening on')) return child
  throw new Error('the companion did not start')
}

const port = await freePort()
// An issuer with a path, as RFC 8414 §3.1 and OpenID place their documents differently then.
const issuer = `http://127.0.0.1:${port}/tenants/one`
keys('init', '--issuer', issuer, ...QUICK)
const added = keys('clients', 'add', 'worker', '--scope', 'items:read items:write', '--audience', audience)
const secret = /^client_secret: (\S+)$/m.exec(added)[1]
const companion = await serve(port)

function discover(options = {}, authentication = undefined) {
  const execute = [openid.allowInsecureRequests]
  return openid.discovery(new URL(issuer), 'worker', secret, authentication, { execute, ...options })
}

async function grant(config, parameters = { scope: 'items:read' }) {
  const { access_token: token, ...rest } = await openid.clientCredentialsGrant(config, parameters)
  return { token, ...rest }
}

const expected = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] }

/** The claims, by jose and by the package's two ways in; all must agree. */
async function verified(config, token) {
  const uri = new URL(config.serverMetadata().jwks_uri)
  const { payload } = await jose.jwtVerify(token, jose.createRemoteJWKSet(uri), expected)
  const again = await ours.jwtVerify(token, ours.createRemoteJWKSet(uri), expected)
  same(again.payload, payload)
  const gate = createGate({ issuer, audience, algorithms: ['ES256'] })
  const request = new Request('https://api.example/items', { headers: { authorization: `Bearer ${token}` } })
  const verdict = await gate.check(request, { scopes: ['items:read'] })
  ok(verdict.ok, `the gate answered ${verdict.response?.status}`)
  same(verdict.claims, payload)
  return payload
}

test('openid-client discovers it by OpenID and by RFC 8414', async () => {
  for (const algorithm of ['oidc', 'oauth2']) {
    const metadata = (await discover({ algorithm })).serverMetadata()
    same(metadata.issuer, issuer)
    ok(metadata.token_endpoint.startsWith(`http://127.0.0.1:${port}/`))
  }
})

test('client credentials, with either way to authenticate, give a token that jose and jotgate verify', async () => {
  for (const authentication of [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)]) {
    const config = await discover({}, authentication)
    const { token, token_type: type, expires_in: life, scope } = await grant(config)
    same([type.toLowerCase(), life, scope ?? 'items:read'], ['bearer', 1800, 'items:read'])
    const { sub, client_id: client, scope: granted, iat, exp, jti } = await verified(config, token)
    same([sub, client, granted, exp - iat], ['worker', 'worker', 'items:read', 1800])
    ok(jti.length >= 22)
  }
})

test('a resource is the audience (RFC 8707), another one is refused', async () => {
  const config = await discover()
  const { token } = await grant(config, { scope: 'items:read', resource: audience })
  same((await verified(config, token)).aud, audience)
  const refused = await grant(config, { resource: 'https://other.example' }).catch((error) => error)
  ok(refused instanceof openid.ResponseBodyError)
  same([refused.error, refused.status], ['invalid_target', 400])
})

test('openid-client understands its refusals (RFC 6749 §5.2)', async () => {
  const config = await discover()
  const scope = await grant(config, { scope: 'everything' }).catch((error) => error)
  ok(scope instanceof openid.ResponseBodyError)
  same([scope.error, scope.status], ['invalid_scope', 400])
  const posted = await grant(await discover({}, openid.ClientSecretPost(`${secret}x`))).catch((error) => error)
  ok(posted instanceof openid.ResponseBodyError)
  same([posted.error, posted.status], ['invalid_client', 400])
  const basic = await grant(await discover({}, openid.ClientSecretBasic(`${secret}x`))).catch((error) => error)
  // RFC 9110 §11.6.1: every 401 has a challenge, which openid-client reports first.
  ok(basic instanceof openid.WWWAuthenticateChallengeError)
  same([basic.status, basic.cause[0].scheme], [401, 'basic'])
})

test('tokens of the old key and of the new one verify after a rotation', async () => {
  const config = await discover()
  const before = (await grant(config)).token
  keys('keys', 'rotate')
  const kid = (token) => jose.decodeProtectedHeader(token).kid
  // The server looks into its store twice a second.
  let after = (await grant(config)).token
  while (kid(after) === kid(before)) after = (await grant(config)).token
  await verified(config, before)
  await verified(config, after)
})

const outcome = await run()
companion.kill('SIGTERM')
process.exit(report(outcome))

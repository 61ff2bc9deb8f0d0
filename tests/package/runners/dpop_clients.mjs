/**
 * DPoP by other people's clients, as they are: `dpop`, oauth4webapi, openid-client and the MCP client get bound tokens from an issuer, and
 * call an API behind the gate.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { ok, same } from '../suite/harness.mjs'

/**
 * Adds the tests of one issuer. The client `worker` must be registered there with this secret.
 *
 * @param issuer - the issuer's identifier
 * @param wanted - what the clients ask for: a JWT for the API in `resource`
 * @param libraries - the clients and the package, as the runner finds them
 * @returns ends the API
 */
export async function dpopClientTests({ test, issuer, tokenEndpoint, secret, wanted, ...libraries }) {
  const { createGate, dpop, dpopClient, DpopSession, guardHandler, jose, oauth, openid, withDpop } = libraries
  const audience = wanted.resource
  /** An API that takes bound tokens only, each proof once and with a nonce. */
  const server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api = `http://127.0.0.1:${server.address().port}`
  const gate = createGate({
    issuer,
    audience,
    algorithms: ['ES256'],
    // A busy machine is slow.
    timeoutDuration: 60_000,
    proof: dpop({ required: true, nonce: 'a secret that is long enough for an HMAC', publicOrigin: api }),
  })
  const answers = []
  const handler = guardHandler(gate, (_, response, { payload }) => response.end(payload.client_id), { scopes: ['items:read'] })
  server.on('request', (request, response) => response.on('finish', () => answers.push(response.statusCode)))
  /** What the API has answered since the last call. */
  const statuses = () => answers.splice(0)

  test('dpop: a bound token and its proofs pass; a replayed proof is refused', async () => {
    for (const alg of ['ES256', 'Ed25519']) {
      const pair = await dpopClient.generateKeyPair(alg)
      const body = new URLSearchParams({ grant_type: 'client_credentials', ...wanted })
      const headers = { authorization: `Basic ${btoa(`worker:${secret}`)}`, DPoP: await dpopClient.generateProof(pair, tokenEndpoint, 'POST') }
      const granted = await (await fetch(tokenEndpoint, { method: 'POST', headers, body })).json()
      same(granted.token_type, 'DPoP', alg)
      const { access_token: token } = granted
      same(jose.decodeJwt(token).cnf.jkt, await dpopClient.calculateThumbprint(pair.publicKey))
      const send = (proof) => fetch(`${api}/notes?x=1`, { headers: { authorization: `DPoP ${token}`, DPoP: proof } })
      const challenged = await send(await dpopClient.generateProof(pair, `${api}/notes`, 'GET', undefined, token))
      same([challenged.status, (await challenged.json()).code], [401, 'dpop_nonce_missing'])
      const nonce = challenged.headers.get('dpop-nonce')
      const proof = await dpopClient.generateProof(pair, `${api}/notes`, 'GET', nonce, token)
      const passed = await send(proof)
      same([passed.status, await passed.text()], [200, 'worker'], alg)
      same((await (await send(proof)).json()).code, 'dpop_proof_replayed')
      same((await (await send(await dpopClient.generateProof(pair, `${api}/notes`, 'POST', nonce, token))).json()).code, 'dpop_proof_method')
      same((await (await send(await dpopClient.generateProof(pair, `${api}/other`, 'GET', nonce, token))).json()).code, 'dpop_proof_url')
      same((await (await send(await dpopClient.generateProof(pair, `${api}/notes`, 'GET', nonce, `${token}x`))).json()).code, 'dpop_proof_token')
      const stranger = await dpopClient.generateKeyPair(alg)
      same((await (await send(await dpopClient.generateProof(stranger, `${api}/notes`, 'GET', nonce, token))).json()).code, 'dpop_key_mismatch')
      const plain = await fetch(`${api}/notes`, { headers: { authorization: `Bearer ${token}` } })
      same([(await plain.json()).code, plain.headers.get('www-authenticate').split(' ', 1)[0]], ['dpop_scheme_required', 'DPoP'])
    }
    statuses()
  })

  test('oauth4webapi gets a bound token, takes the nonce, and passes', async () => {
    const client = { client_id: 'worker' }
    const insecure = { [oauth.allowInsecureRequests]: true }
    const url = new URL(issuer)
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oidc' }))
    const handle = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const options = { ...insecure, DPoP: handle }
    const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(secret), wanted, options)
    const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response)
    const call = () => oauth.protectedResourceRequest(token, 'GET', new URL(`${api}/notes?y=2`), undefined, undefined, options)
    const thrown = await call().catch((error) => error)
    ok(oauth.isDPoPNonceError(thrown), String(thrown))
    same(thrown.cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.algs?.includes('ES256')]), [['dpop', 'use_dpop_nonce', true]])
    same(await (await call()).text(), 'worker')
    same(await (await call()).text(), 'worker')
    same(statuses(), [401, 200, 200])
  })

  test('openid-client does the same with its own handle, and repeats the request by itself', async () => {
    const config = await openid.discovery(new URL(issuer), 'worker', secret, undefined, { execute: [openid.allowInsecureRequests] })
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('Ed25519'))
    const { access_token: token, token_type: type } = await openid.clientCredentialsGrant(config, wanted, { DPoP: handle })
    same(type, 'dpop')
    const call = () => openid.fetchProtectedResource(config, token, new URL(`${api}/notes`), 'GET', undefined, undefined, { DPoP: handle })
    same(await (await call()).text(), 'worker')
    same(await (await call()).text(), 'worker')
    same(statuses(), [401, 200, 200])
  })

  test('the DpopSession of the MCP client does the same', async () => {
    const session = await DpopSession.create({ alg: 'ES256' })
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...wanted })
    const proof = await session.buildProof({ htm: 'POST', htu: new URL(tokenEndpoint) })
    const headers = { authorization: `Basic ${btoa(`worker:${secret}`)}`, DPoP: proof }
    const { access_token: token } = await (await fetch(tokenEndpoint, { method: 'POST', headers, body })).json()
    same(jose.decodeJwt(token).cnf.jkt, session.thumbprint)
    const call = withDpop(session, () => token)(fetch)
    same(await (await call(`${api}/notes`)).text(), 'worker')
    same(await (await call(new URL(`${api}/notes?z=3`))).text(), 'worker')
    same(statuses(), [401, 200, 200])
  })

  return () => {
    server.closeAllConnections()
    server.close()
  }
}

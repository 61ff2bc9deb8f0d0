/** A gate that describes itself: protected resource metadata (RFC 9728), and challenges that clients of MCP can follow. */
import { misused, ok, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW } from '../mint.mjs'

const RESOURCE = 'https://mcp.example.com/mcp'
const DOCUMENT = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

export function gateResourceTests({ jotgate, test, world }) {
  const { createGate, Verifier } = jotgate
  const settings = (extra) => ({ keys: world().jwks, issuer, algorithms: ['ES256'], currentDate, ...extra })
  const gateWith = (extra) => createGate(settings({ resource: RESOURCE, ...extra }))
  const ask = (gate, url, method = 'GET', headers = {}) => gate.metadata(new Request(url, { method, headers }))
  const bearer = async (claims, url = RESOURCE) =>
    new Request(url, { headers: { authorization: `Bearer ${await world().token('ES256', claims)}` } })

  test('the metadata holds what was configured, and nothing that was not', async () => {
    const found = await ask(gateWith(), DOCUMENT).json()
    same(found, { resource: RESOURCE, authorization_servers: [issuer], bearer_methods_supported: ['header'] })
    const all = gateWith({
      authorizationServers: ['https://login.example'],
      scopesSupported: ['notes:read', 'offline_access', 'notes:write'],
      resourceName: 'Notes',
      resourceDocumentation: 'https://mcp.example.com/docs',
      query: true,
    })
    const response = ask(all, DOCUMENT)
    same(response.headers.get('content-type'), 'application/json')
    same(await response.json(), {
      resource: RESOURCE,
      authorization_servers: ['https://login.example'],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header', 'query'],
      resource_name: 'Notes',
      resource_documentation: 'https://mcp.example.com/docs',
    })
    const issuers = [{ issuer, keys: world().jwks }, { issuer: 'https://second.example', keys: world().jwks }]
    const several = createGate({ issuers, algorithms: ['ES256'], resource: RESOURCE })
    same((await ask(several, DOCUMENT).json()).authorization_servers, [issuer, 'https://second.example'])
  })

  test('the metadata is at the address of RFC 9728 §3.1, and at no other', async () => {
    const places = {
      'https://a.example': '/.well-known/oauth-protected-resource',
      'https://a.example/': '/.well-known/oauth-protected-resource',
      'https://a.example/mcp': '/.well-known/oauth-protected-resource/mcp',
      'https://a.example/mcp/': '/.well-known/oauth-protected-resource/mcp/',
      'https://a.example/a/b?tenant=c': '/.well-known/oauth-protected-resource/a/b?tenant=c',
      'https://a.example?tenant=c': '/.well-known/oauth-protected-resource?tenant=c',
      'http://localhost:8787/mcp': '/.well-known/oauth-protected-resource/mcp',
    }
    for (const [resource, path] of Object.entries(places)) {
      const gate = gateWith({ resource })
      const { origin } = new URL(resource)
      same((await ask(gate, origin + path).json()).resource, resource)
      // Node gives the path alone, and Express and Fastify keep what a router took off.
      same((await gate.metadata({ method: 'GET', url: path, headers: {} }).json()).resource, resource)
      same((await gate.metadata({ method: 'GET', url: '/', originalUrl: path, headers: {} }).json()).resource, resource)
      const { challenge } = gate.challenge()
      same(challenge, `Bearer realm="api", resource_metadata="${origin}${path}"`)
    }
    const gate = gateWith()
    for (const path of [
      '/',
      '/mcp',
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/',
      '/.well-known/oauth-protected-resource/mcp/',
      '/.well-known/oauth-protected-resource/MCP',
      '/.well-known/oauth-authorization-server/mcp',
      '//.well-known/oauth-protected-resource/mcp',
      '/a?/.well-known/oauth-protected-resource/mcp',
    ]) {
      same(ask(gate, `https://mcp.example.com${path}`), undefined, path)
    }
    same(ask(gateWith({ resource: `${RESOURCE}?tenant=a` }), `${DOCUMENT}?tenant=b`), undefined)
    same(ask(gate, `${DOCUMENT}?cache=1`).status, 200)
    same(ask(createGate(settings({ audience })), DOCUMENT), undefined, 'a gate without a resource has no metadata')
  })

  test('GET, HEAD and OPTIONS are answered, other methods are 405 with Allow', async () => {
    const gate = gateWith()
    const get = ask(gate, DOCUMENT)
    const etag = get.headers.get('etag')
    ok(/^"[^"]+"$/.test(etag), etag)
    same([get.status, get.headers.get('cache-control')], [200, 'public, max-age=3600'])
    const head = ask(gate, DOCUMENT, 'HEAD')
    same([head.status, head.headers.get('etag'), await head.text()], [200, etag, ''])
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, headers } = ask(gate, DOCUMENT, 'GET', { 'if-none-match': known })
      same([status, headers.get('etag'), headers.get('access-control-allow-origin')], [304, etag, '*'], known)
    }
    same(ask(gate, DOCUMENT, 'GET', { 'if-none-match': '"x"' }).status, 200)
    ok(ask(gateWith({ resourceName: 'Notes' }), DOCUMENT).headers.get('etag') !== etag, 'another document has the same ETag')
    same(ask(gateWith(), DOCUMENT).headers.get('etag'), etag)
    const options = ask(gate, DOCUMENT, 'OPTIONS')
    same([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS'])
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'QUERY']) {
      const { status, headers } = ask(gate, DOCUMENT, method)
      same([status, headers.get('allow'), headers.get('access-control-allow-origin')], [405, 'GET, HEAD, OPTIONS', '*'])
    }
    // Browsers ask before they send `MCP-Protocol-Version`; only a page's own `Request` can't have the field.
    const preflight = { 'access-control-request-headers': 'mcp-protocol-version, x-other' }
    const asked = gate.metadata({ method: 'OPTIONS', url: DOCUMENT, headers: new Map(Object.entries(preflight)) })
    same(asked.headers.get('access-control-allow-headers'), 'mcp-protocol-version')
  })

  test('challenges name the metadata and the scopes, in this order', async () => {
    const gate = gateWith({ realm: 'notes' })
    const needs = { scopes: ['notes:read', 'notes:write'] }
    const start = `Bearer realm="notes", resource_metadata="${DOCUMENT}"`
    const challengeOf = async (request, asked = needs) => {
      const denied = await gate.check(request, asked)
      same(denied.response().headers.get('www-authenticate'), denied.challenge ?? null)
      return denied.challenge
    }
    const scope = 'scope="notes:read notes:write"'
    same(await challengeOf(new Request(RESOURCE)), `${start}, ${scope}`)
    same(await challengeOf(new Request(RESOURCE), {}), start)
    same(gate.challenge(needs).challenge, `${start}, ${scope}`)
    same(gate.challenge({ anyScope: ['a', 'b'] }).challenge, `${start}, scope="a"`)
    same(gate.challenge({ scopes: ['x'], anyScope: ['a', 'b'] }).challenge, `${start}, scope="x a"`)
    same(gate.challenge({ scopes: ['a'], anyScope: ['a', 'b'] }).challenge, `${start}, scope="a"`)
    same(
      await challengeOf(await bearer({ aud: RESOURCE, exp: NOW - 6 })),
      `${start}, error="invalid_token", ${scope}, error_description="the token has expired"`,
    )
    same(
      await challengeOf(await bearer({ aud: RESOURCE, scope: 'notes:read' })),
      `${start}, error="insufficient_scope", ${scope}, error_description="the token lacks scopes"`,
    )
    same(
      await challengeOf(new Request(RESOURCE, { headers: { authorization: 'Bearer' } })),
      `${start}, error="invalid_request", ${scope}, error_description="the Authorization header has a scheme but no token"`,
    )
    await misused(() => gate.challenge({ scopes: [] }), 'scopes')
    await misused(() => gate.challenge({ scope: ['a'] }), 'scope')
    const later = gate.challenge(needs)
    same([later.ok, later.status, later.refusal], [false, 401, 'credentials_absent'])
    same(later.response().status, 401)
  })

  test('with a resource, a 403 that no scope cures has no challenge', async () => {
    for (const [extra, names] of [[{ resource: RESOURCE }, false], [{ audience: RESOURCE }, true]]) {
      const gate = createGate(settings(extra))
      const request = await bearer({ aud: RESOURCE })
      for (const needs of [{ authorize: () => false }, { roles: ['admin'] }, { permissions: ['x'], scopes: ['items:read'] }]) {
        const denied = await gate.check(request, needs)
        same([denied.status, denied.error], [403, 'insufficient_scope'])
        same([denied.challenge !== undefined, denied.response().headers.has('www-authenticate')], [names, names])
        ok(!denied.challenge?.includes('scope='), 'a scope that would not help is named')
      }
    }
  })

  test('nothing in a challenge can be taken for another parameter', async () => {
    const realm = 'a", resource_metadata="https://evil.example", error="x\\'
    const gate = gateWith({ realm, requiredClaims: ['x", resource_metadata="https://evil.example'] })
    const { challenge } = await gate.check(await bearer({ aud: RESOURCE }))
    same(/resource_metadata="([^"]*)"/.exec(challenge)?.[1], DOCUMENT)
    same(challenge.match(/="/g).length, 4, challenge)
    same(challenge.includes('\\'), false)
  })

  test('the resource is the audience; with and without a final slash only for an origin', async () => {
    const word = async (gate, aud) => (await gate.check(await bearer({ aud }))).refusal ?? 'passed'
    for (const resource of ['https://a.example', 'https://a.example/']) {
      const gate = gateWith({ resource })
      for (const aud of ['https://a.example', 'https://a.example/', ['x', 'https://a.example/']]) {
        same(await word(gate, aud), 'passed', `${resource} ${aud}`)
      }
      for (const aud of ['https://a.example//', 'https://A.example', 'https://a.example:443', 'http://a.example', 'a.example', undefined]) {
        ok(['audience_mismatch', 'claim_missing'].includes(await word(gate, aud)), `${resource} ${aud}`)
      }
      same((await ask(gate, 'https://a.example/.well-known/oauth-protected-resource').json()).resource, resource)
    }
    same([await word(gateWith(), RESOURCE), await word(gateWith(), `${RESOURCE}/`)], ['passed', 'audience_mismatch'])
    // What the caller names as `audience` is compared exactly, here and in a Verifier.
    const exact = gateWith({ resource: 'https://a.example', audience: 'https://a.example' })
    same([await word(exact, 'https://a.example'), await word(exact, 'https://a.example/')], ['passed', 'audience_mismatch'])
    const { token } = world()
    const verifier = new Verifier({ ...settings(), audience: 'https://a.example' })
    same(await verifier.verify(await token('ES256', { aud: 'https://a.example/' })).catch(({ refusal }) => refusal), 'audience_mismatch')
    const issuers = [{ issuer, keys: world().jwks }, { issuer: 'https://b.example', audience: 'b', keys: world().jwks }]
    const several = createGate({ issuers, algorithms: ['ES256'], resource: 'https://a.example', currentDate })
    same(await word(several, 'https://a.example/'), 'passed')
    const second = (aud) => bearer({ iss: 'https://b.example', aud })
    same((await several.check(await second('b'))).ok, true)
    same((await several.check(await second('https://a.example'))).refusal, 'audience_mismatch')
  })

  test('misused options of a resource are a TypeError that names them', async () => {
    for (const resource of [undefined, '', 'mcp', 'urn:mcp', 'https://a.example/#a', 'https://a.example#', 'https://a:b@c.example', 5]) {
      await misused(() => gateWith({ resource }), 'resource', String(resource))
    }
    for (const name of ['scopesSupported', 'authorizationServers']) {
      for (const value of [undefined, [], '', [''], [5], {}]) await misused(() => gateWith({ [name]: value }), name)
    }
    for (const value of [['issuer'], ['urn:issuer'], ['https://a:b@c']]) {
      await misused(() => gateWith({ authorizationServers: value }), 'authorizationServers')
    }
    for (const value of [undefined, '', 5, 'docs', 'ftp://a.example']) {
      await misused(() => gateWith({ resourceDocumentation: value }), 'resourceDocumentation')
    }
    for (const value of [undefined, '', 5]) await misused(() => gateWith({ resourceName: value }), 'resourceName')
    for (const name of ['scopesSupported', 'authorizationServers', 'resourceName', 'resourceDocumentation']) {
      await misused(() => createGate(settings({ audience, [name]: name.endsWith('s') ? ['a'] : 'a' })), name)
    }
    // Clients look the issuer up by its URL, so it must be one.
    await misused(() => gateWith({ issuer: 'joe' }), 'authorizationServers')
    await misused(() => createGate(settings()), 'audience')
  })
}

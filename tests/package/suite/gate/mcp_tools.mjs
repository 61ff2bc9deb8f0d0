/** `jotgate/testing` and `jotgate/mcp` in any runtime: tokens of a test issuer, and which tools they may call. */
import { ok, same } from '../harness.mjs'

/** What the gate refuses each of `issuer.bad` with. */
export const BAD_TOKEN_CODES = {
  expired: 'expired',
  notYet: 'not_yet_valid',
  wrongAudience: 'audience_mismatch',
  wrongIssuer: 'issuer_mismatch',
  tampered: 'signature_mismatch',
  wrongKey: 'signature_mismatch',
  unknownKey: 'no_matching_key',
  none: 'algorithm_none',
}
const resource = 'https://mcp.example.com/mcp'

export function mcpToolTests({ test, jotgate, mcp, testing }) {
  const make = async () => {
    const issuer = await testing.testIssuer({ issuer: 'https://issuer.example', audience: resource })
    const gate = jotgate.createGate({ resource, issuer: issuer.issuer, algorithms: ['ES256'], fetch: issuer.fetch, cooldownDuration: 0 })
    return { issuer, gate }
  }

  test('jotgate/testing: its good token passes, each bad one is refused for its own reason', async () => {
    const { issuer, gate } = await make()
    const check = (token) => gate.check({ headers: new Headers({ authorization: `Bearer ${token}` }) })
    const pass = await check(await issuer.token({ sub: 'ada' }, { scope: 'a' }))
    same([pass.ok, pass.claims?.sub, pass.scopes], [true, 'ada', ['a']])
    for (const [name, code] of Object.entries(BAD_TOKEN_CODES)) same((await check(await issuer.bad[name]())).refusal, code, name)
    await issuer.rotate()
    ok((await check(await issuer.token())).ok)
  })

  test('jotgate/mcp: the body decides which scopes a call needs', async () => {
    const { issuer, gate } = await make()
    const guard = mcp.guardTools(gate, {
      toolScopes: { 'now': [], 'add-note': ['notes:write'] },
      publicMethods: ['tools/list', 'tools/call'],
      maxBodyBytes: 1_000,
    })
    const writer = await issuer.token({ sub: 'ada' }, { scope: 'notes:write' })
    const send = async (body, token, more) => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...more }
      const call = await guard.check(new Request(resource, { method: 'POST', headers, body }))
      return call.ok ? [200, call.authInfo?.clientId] : [call.status, call.refusal]
    }
    const call = (name) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } })
    same(await send('{"method":"tools/list"}'), [200, undefined])
    same(await send(call('now')), [200, undefined])
    same(await send(call('add-note')), [401, 'credentials_absent'])
    same(await send(call('add-note'), await issuer.token()), [403, 'insufficient_scope'])
    same(await send(call('add-note'), writer), [200, 'test-client'])
    same(await send(call('add-note'), writer, { 'mcp-name': 'now' }), [400, 'header_mismatch'])
    same(await send('{"method":"tools/list","method":"x"}', writer), [400, 'body_duplicate_member'])
    same(await send('{', writer), [400, 'body_not_json'])
    same(await send(Uint8Array.of(0xff), writer), [400, 'body_not_utf8'])
    same(await send(' '.repeat(1_001), writer), [413, 'body_too_large'])
    same((await guard.check(new Request(resource))).status, 401)
    const document = await guard.check(new Request('https://mcp.example.com/.well-known/oauth-protected-resource/mcp'))
    same((await document.response().json()).authorization_servers, ['https://issuer.example'])
    const info = await mcp.tokenVerifier(gate, { OAuthError: class extends Error {} }).verifyAccessToken(writer)
    same([info.scopes, info.resource.href], [['notes:write'], resource])
  })
}

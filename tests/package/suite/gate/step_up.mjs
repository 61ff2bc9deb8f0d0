/** Step-up (RFC 9470): the needs `acr` and `maxAuthAge`. */
import { misused, ok, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW } from '../mint.mjs'
import { proofClient, proven } from '../proof/proofs.mjs'

export function gateStepUpTests(context) {
  const { jotgate, dpop: { dpop }, test, world } = context
  const { createGate } = jotgate
  const gateWith = (extra) => createGate({ keys: world().jwks, issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  const bearer = async (claims) =>
    new Request('https://api.example', { headers: { authorization: `Bearer ${await world().token('ES256', claims)}` } })
  const word = (pass) => (pass.ok ? 'passed' : `${pass.status} ${pass.error} ${pass.refusal}`)
  const WEAK = '401 insufficient_user_authentication login_too_weak'
  const OLD = '401 insufficient_user_authentication login_too_old'

  test('step-up: `acr` must be one of those that the request needs; absent and other values fail', async () => {
    const gate = gateWith()
    const needs = { acr: ['urn:example:gold', 'urn:example:silver'] }
    for (const acr of needs.acr) same(word(await gate.check(await bearer({ acr }), needs)), 'passed')
    for (const acr of [undefined, null, '', 'urn:example:bronze', 'urn:example:gold urn:example:silver', ['urn:example:gold'], { 0: 'urn:example:gold' }, 1, true]) {
      same(word(await gate.check(await bearer({ acr }), needs)), WEAK, JSON.stringify(acr))
      same(word(gate.checkSync(await bearer({ acr }), needs)), WEAK, JSON.stringify(acr))
    }
  })

  test('step-up: `auth_time` must be within `maxAuthAge`, with the tolerance of the clocks; absent and future values fail', async () => {
    const gate = gateWith()
    for (const [time, maxAuthAge, expected] of [
      [NOW, 0, 'passed'],
      [NOW - 5, 0, 'passed'],
      [NOW - 6, 0, OLD],
      [NOW - 305, 300, 'passed'],
      [NOW - 306, 300, OLD],
      [NOW - 305, 300.9, 'passed'],
      [NOW - 305, '5 minutes', 'passed'],
      [NOW - 306, '5 minutes', OLD],
      [NOW + 5, 300, 'passed'],
      [NOW + 6, 300, OLD],
      [1e300, 300, OLD],
      [-1, 300, OLD],
      [undefined, 300, OLD],
      [null, 300, OLD],
      [String(NOW), 300, OLD],
      [[NOW], 300, OLD],
      [{}, 300, OLD],
    ]) {
      same(word(await gate.check(await bearer({ auth_time: time }), { maxAuthAge })), expected, `${JSON.stringify(time)} ${maxAuthAge}`)
    }
    const strict = gateWith({ clockTolerance: 0 })
    same(word(await strict.check(await bearer({ auth_time: NOW - 301 }), { maxAuthAge: 300 })), OLD)
    same(word(await strict.check(await bearer({ auth_time: NOW + 1 }), { maxAuthAge: 300 })), OLD)
    // `iat` is no login, and nothing is needed without needs.
    same(word(await gate.check(await bearer({ iat: NOW }), { maxAuthAge: 300 })), OLD)
    same(word(await gate.check(await bearer({}))), 'passed')
  })

  test('step-up: the challenge has the parameters in the order that clients expect, and all that the request needs', async () => {
    const gate = gateWith({ resource: 'https://api.example/notes', realm: 'notes' })
    const needs = { acr: ['urn:a', 'urn:b'], maxAuthAge: 300, scopes: ['notes:write'] }
    const pass = await gate.check(await bearer({ acr: 'urn:a', auth_time: NOW - 9_000 }), needs)
    const expected =
      'Bearer realm="notes", resource_metadata="https://api.example/.well-known/oauth-protected-resource/notes", ' +
      'error="insufficient_user_authentication", scope="notes:write", acr_values="urn:a urn:b", max_age="300", ' +
      'error_description="the login is too old"'
    same([pass.challenge, pass.response().status, pass.response().headers.get('www-authenticate')], [expected, 401, expected])
    const problem = await pass.response().json()
    same([problem.code, problem.status, problem.detail], ['login_too_old', 401, 'the login is too old'])
    same((await gate.check(await bearer({}), { maxAuthAge: '1h' })).challenge.match(/error=.*/)[0], 'error="insufficient_user_authentication", max_age="3600", error_description="the login is too old"')
    ok((await gate.check(await bearer({}), { maxAuthAge: 1.5 })).challenge.includes('max_age="1"'))
    same((await gate.check(await bearer({}), { acr: ['x'] })).challenge.match(/error=.*/)[0], 'error="insufficient_user_authentication", acr_values="x", error_description="the login is too weak"')
    // RFC 9470 defines the parameters for its own error only.
    for (const answer of [gate.challenge(needs), await gate.check(await bearer({ exp: 1 }), needs), await gate.check(await bearer({ acr: 'urn:a', auth_time: NOW }), needs)]) {
      ok(!/acr_values|max_age/.test(answer.challenge), answer.challenge)
    }
    // A new login can bring scopes: it comes before a 403. A token of another client is refused first.
    same(word(await gate.check(await bearer({ acr: 'urn:a', auth_time: NOW }), needs)), '403 insufficient_scope insufficient_scope')
    same(word(await gateWith({ client: 'a' }).check(await bearer({}), needs)), '401 invalid_token client_mismatch')
  })

  test('step-up: with DPoP the error is in the challenge of the scheme that was used', async () => {
    const gate = gateWith({ proof: dpop() })
    const client = await proofClient(context)
    const token = await client.token()
    const { challenge } = await gate.check(proven(token, await client.proof(token)), { acr: ['x'], maxAuthAge: 60 })
    ok(/^Bearer realm="api", DPoP realm="api", error="insufficient_user_authentication", acr_values="x", max_age="60", error_description="[^"]+", algs="/.test(challenge), challenge)
  })

  test('step-up: anonymous requests pass where they may, and what happened is reported', async () => {
    const seen = []
    const gate = gateWith({ onDecision: (decision) => void seen.push(decision) })
    const pass = await gate.check(new Request('https://api.example'), { optional: true, acr: ['x'], maxAuthAge: 5 })
    same([pass.ok, pass.anonymous], [true, true])
    const denied = await gate.check(await bearer({}), { optional: true, acr: ['x'] })
    same([word(denied), denied.claims.sub], [WEAK, 'user-1'])
    same(seen.map(({ status, refusal }) => [status, refusal ?? null]), [[200, null], [401, 'login_too_weak']])
  })

  test('step-up: needs that make no sense are refused by name', async () => {
    const gate = gateWith()
    for (const acr of [undefined, null, 'gold', [], [''], [5], ['a b'], ['a"b'], ['a\\b'], ['ä'], ['a\r\nb']]) await misused(() => gate.challenge({ acr }), 'acr', JSON.stringify(acr))
    for (const age of [undefined, null, -1, Number.NaN, Infinity, '5', 'soon', 300_000_000, {}, [300]]) {
      await misused(() => gate.challenge({ maxAuthAge: age }), 'maxAuthAge', String(age))
    }
  })
}

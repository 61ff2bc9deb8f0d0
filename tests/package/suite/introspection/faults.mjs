/** Introspection endpoints that fail, answer nonsense or are slow: a coded 503 within bounds, and never an old answer. */
import { ok, same } from '../harness.mjs'
import { CLAIMS, NOW } from '../mint.mjs'
import { seeded } from '../random.mjs'
import { ACTIVE, ENDPOINT, introspectionWorld, OMIT, OPAQUE } from './world.mjs'

export function introspectionFaultTests(context) {
  const { introspection: { IntrospectionUnavailable }, jotgate, jose, test, world } = context
  const use = () => introspectionWorld(context)
  const response = (status, headers) => () => new Response(status === 204 ? null : 'secret body', { status, headers })

  test('introspection: an endpoint that fails is 503 with its code, and nothing of it is remembered', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const failing = [
      [response(500), 'introspection_status', 500],
      [response(401), 'introspection_status', 401],
      [response(400), 'introspection_status', 400],
      [response(204), 'introspection_status', 204],
      [response(302, { location: 'https://evil.example' }), 'introspection_redirected', 302],
      [() => Promise.reject(new Error(`connect ${ENDPOINT}?token=${OPAQUE} refused`)), 'introspection_unreachable'],
      [() => Promise.reject('no error'), 'introspection_unreachable'],
      [() => undefined, 'introspection_malformed'],
    ]
    for (const [answer, code, status] of failing) {
      const endpoint = endpointOf(answer)
      const gate = gateWith(endpoint)
      const denied = await gate.check(bearer(OPAQUE))
      const about = `${code} ${status}`
      same(word(denied), `503 - ${code}`, about)
      ok(denied.cause instanceof IntrospectionUnavailable && denied.cause instanceof jotgate.JOSEError, about)
      same([denied.cause.refusal, denied.cause.status ?? null, denied.challenge ?? null], [code, status ?? null, null], about)
      if (code !== 'introspection_malformed') same(denied.cause.url, ENDPOINT, about)
      const answered = denied.response()
      same([answered.status, answered.headers.get('retry-after'), (await answered.json()).detail], [503, '5', 'tokens cannot be verified at the moment'])
      const text = [denied.cause.message, denied.cause.stack, String(denied.cause.cause), JSON.stringify(denied)].join('\n')
      ok(!/s3cret|opaque-token|secret body/.test(text), text)
      same([word(await gate.check(bearer(OPAQUE))), endpoint.calls.length], [`503 - ${code}`, 2])
    }
  })

  test('introspection: `Retry-After` of the endpoint is passed on', async () => {
    const { bearer, endpointOf, gateWith } = use()
    const denied = await gateWith(endpointOf(response(429, { 'retry-after': '17' }))).check(bearer(OPAQUE))
    same(denied.response().headers.get('retry-after'), '17')
  })

  test('introspection: answers of any bytes are a coded refusal', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const bytes = (...octets) => () => new Response(new Uint8Array(octets))
    const good = JSON.stringify(ACTIVE)
    const answers = [
      ['', 'introspection_malformed'],
      ['{}', 'introspection_malformed'],
      ['null', 'introspection_malformed'],
      ['[]', 'introspection_malformed'],
      ['true', 'introspection_malformed'],
      ['{"active":1}', 'introspection_malformed'],
      ['{"active":"true"}', 'introspection_malformed'],
      ['{"active":null}', 'introspection_malformed'],
      ['{"Active":true}', 'introspection_malformed'],
      ['{"active":true,"active":false}', 'introspection_malformed'],
      ['{"active":false,"active":true}', 'introspection_malformed'],
      [good.replace('"sub"', '"aud":"api","sub"'), 'introspection_malformed'],
      [`${good}x`, 'introspection_malformed'],
      [good.slice(0, -1), 'introspection_malformed'],
      [`\ufeff\ufeff${good}`, 'introspection_malformed'],
      ['<!doctype html>', 'introspection_malformed'],
      ['{"__proto__":{"active":true}}', 'introspection_malformed'],
      [`{"active":true,"x":${'['.repeat(200)}${']'.repeat(200)}}`, 'introspection_malformed'],
      [`{"active":true,"x":"${'a'.repeat(65_536)}"}`, 'introspection_too_large'],
      [() => new Response(new Uint8Array(3 << 20)), 'introspection_too_large'],
      [bytes(0xff, 0xfe), 'introspection_not_utf8'],
      [bytes(0xed, 0xa0, 0x80), 'introspection_not_utf8'],
      [bytes(0), 'introspection_malformed'],
    ]
    for (const [answer, code] of answers) {
      same(word(await gateWith(endpointOf(answer)).check(bearer(OPAQUE))), `503 - ${code}`, String(answer).slice(0, 60))
    }
    // The longest answer that is read, of characters that take three bytes.
    const long = JSON.stringify({ ...ACTIVE, x: '' })
    const widest = JSON.stringify({ ...ACTIVE, x: '€'.repeat(65_536 - long.length) })
    same([widest.length, word(await gateWith(endpointOf(widest)).check(bearer(OPAQUE)))], [65_536, 'passed'])
    // A member that all objects inherit is not part of an answer.
    Object.prototype.active = true
    try {
      same(word(await gateWith(endpointOf(JSON.stringify({ ...ACTIVE, active: undefined }))).check(bearer(OPAQUE))), '503 - introspection_malformed')
    } finally {
      delete Object.prototype.active
    }
  })

  test('introspection: arbitrary answers, plain and signed, are refused with a code or fulfil every rule', async () => {
    const { bearer, endpointOf, gateWith } = use()
    const random = seeded(7662)
    const pick = (list) => list[random(list.length)]
    const bytes = (length) => Uint8Array.from({ length }, () => random(256))
    const good = JSON.stringify(ACTIVE)
    const value = () => pick([null, true, false, 0, -1, 1e400, NOW, NOW + 60, '', 'api', CLAIMS.iss, [], ['api'], [[]], {}, { jkt: 'x' }, '\u0000', '\ud800', 'a'.repeat(300)])
    const names = ['active', 'iss', 'aud', 'exp', 'nbf', 'iat', 'scope', 'cnf', 'token_type', 'token_use', 'sub', '__proto__', 'constructor', 'x']
    const makers = [
      () => bytes(random(300)),
      () => String.fromCharCode(...Array.from({ length: random(200) }, () => random(0x3000))),
      () => good.slice(0, random(good.length)),
      () => `${good.slice(0, random(good.length))}${pick(['"', '{', '}', ',', ':', '\\', '\u0001', '9', 'true'])}${good.slice(random(good.length))}`,
      () => JSON.stringify({ ...ACTIVE, ...Object.fromEntries(Array.from({ length: 1 + random(4) }, () => [pick(names), value()])) }),
      () => `{${Array.from({ length: random(8) }, () => `${JSON.stringify(pick(names))}:${JSON.stringify(value())}`).join()}}`,
      () => `${pick(['[', '{"a":'])}`.repeat(random(400)),
    ]
    const signed = await new jose.SignJWT({ iss: CLAIMS.iss, aud: 'api', iat: NOW, token_introspection: ACTIVE })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-ES256', typ: 'token-introspection+jwt' })
      .sign(world().keys.ES256.signer)
    const codes = new Set()
    for (let round = 0; round < 400; round++) {
      const answer = pick(makers)()
      const pass = await gateWith(endpointOf(() => new Response(answer))).check(bearer(OPAQUE))
      if (pass.ok) {
        const { active, iss, aud, exp, cnf } = pass.claims
        same([active, iss, [aud].flat().includes('api'), exp > NOW - 5, cnf ?? null], [true, CLAIMS.iss, true, true, null], String(answer))
      } else {
        ok([401, 503].includes(pass.status) && /^[a-z][a-z0-9_]+$/.test(pass.refusal) && pass.refusal !== 'unspecified', String(answer))
      }
      codes.add(pass.ok ? 'passed' : pass.refusal)
      const cut = random(signed.length)
      const broken = pick([() => answer, () => signed.slice(0, cut), () => `${signed.slice(0, cut)}${pick(['A', '.', 'é', ''])}${signed.slice(cut + 1)}`])()
      if (broken === signed) continue
      const denied = await gateWith(endpointOf(() => new Response(broken)), { signed: true }).check(bearer(OPAQUE))
      ok(!denied.ok && ['introspection_signature', 'introspection_not_utf8'].includes(denied.refusal), `${denied.refusal} ${broken}`)
    }
    ok(codes.size > 8 && codes.has('passed') && codes.has('introspection_malformed'), [...codes].join())
  })

  test('introspection: an answer that is too old is never used, even if the endpoint is down', async () => {
    const { at, bearer, endpointOf, gateWith, word } = use()
    let isDown = false
    const endpoint = endpointOf(() => (isDown ? new Response('', { status: 500 }) : ACTIVE))
    const gate = gateWith(endpoint)
    const start = Date.now()
    same(word(await at(start, () => gate.check(bearer(OPAQUE)))), 'passed')
    isDown = true
    same(word(await at(start + 59_000, () => gate.check(bearer(OPAQUE)))), 'passed')
    same(word(await at(start + 60_000, () => gate.check(bearer(OPAQUE)))), '503 - introspection_status')
    isDown = false
    same(word(await at(start + 60_000, () => gate.check(bearer(OPAQUE)))), 'passed')
  })

  test('introspection: an endpoint that hangs is given up, before and during its answer', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const never = new Promise(() => {})
    const stream = () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([123])) }))
    for (const answer of [() => never, stream]) {
      const gate = gateWith(endpointOf(answer), { timeoutDuration: 50, maxCalls: 1 })
      same(word(await gate.check(bearer(OPAQUE))), '503 - introspection_timeout')
      // The call is over.
      same(word(await gate.check(bearer(OPAQUE))), '503 - introspection_timeout')
    }
    // Credentials that do not come count, too.
    const gate = gateWith(endpointOf(ACTIVE), { clientSecret: OMIT, headers: () => never, timeoutDuration: 50 })
    same(word(await gate.check(bearer(OPAQUE))), '503 - introspection_timeout')
  })

  test('introspection: so many calls at once, then 503; the same token is asked about once', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    let release
    const waiting = new Promise((settle) => (release = settle))
    const endpoint = endpointOf(async () => (await waiting, ACTIVE))
    const gate = gateWith(endpoint, { maxCalls: 2 })
    const first = ['a', 'b'].map((token) => gate.check(bearer(token)))
    while (endpoint.calls.length < 2) await new Promise((settle) => setTimeout(settle))
    const busy = await gate.check(bearer('c'))
    same([word(busy), busy.response().headers.get('retry-after')], ['503 - introspection_busy', '1'])
    const isShared = !(typeof WebSocketPair !== 'undefined' || typeof EdgeRuntime !== 'undefined')
    const again = gate.check(bearer('a'))
    if (!isShared) same(word(await again), '503 - introspection_busy')
    release()
    same((await Promise.all(first)).map(word), ['passed', 'passed'])
    if (isShared) same(word(await again), 'passed')
    same(endpoint.calls.length, 2)
    same(word(await gate.check(bearer('c'))), 'passed')
  })

  test('introspection: a call whose request is gone makes room after its time', async () => {
    const { at, bearer, endpointOf, gateWith, word } = use()
    let hangs = true
    // A client that ignores the signal, in a runtime that drops what waits for it.
    const endpoint = endpointOf(() => (hangs ? new Promise(() => {}) : ACTIVE))
    const gate = gateWith(endpoint, { maxCalls: 1, timeoutDuration: 30_000 })
    const start = Date.now()
    void at(start, () => void gate.check(bearer('a')).catch(() => {}))
    while (endpoint.calls.length < 1) await new Promise((settle) => setTimeout(settle))
    hangs = false
    same(word(await at(start + 1_000, () => gate.check(bearer('b')))), '503 - introspection_busy')
    same(word(await at(start + 31_000, () => gate.check(bearer('b')))), 'passed')
  })

  test('introspection: the runtime ends the fetch with the request', async () => {
    const { bearer, endpointOf, gateWith } = use()
    let signal
    const endpoint = endpointOf((_, init) => ((signal = init.signal), new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))))
    await gateWith(endpoint, { timeoutDuration: 20 }).check(bearer(OPAQUE))
    ok(signal.aborted)
  })
}

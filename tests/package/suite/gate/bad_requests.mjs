/** Requests of any bytes: the gate and the guard of MCP answer each with a coded refusal, and never throw. */
import { ok, same } from '../harness.mjs'
import { audience, currentDate, issuer } from '../mint.mjs'

/** How many requests each test makes. */
const TURNS = 1_500
const REALM = /^Bearer realm="api"(, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*$/

export function gateBadRequestTests({ jotgate, mcp, test, world }) {
  const { createGate } = jotgate
  const resource = 'https://api.example/mcp'
  const gateWith = (extra) =>
    createGate({ keys: world().jwks, issuer, audience, algorithms: ['ES256', 'RS256', 'EdDSA'], currentDate, ...extra })

  /** The same numbers each time, so that a failure can be repeated. */
  const random = (seed) => {
    let state = seed
    return (limit) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
  }
  /** Pieces of a good request, in disorder, with characters of any kind between them. */
  const fuzzer = (next, pieces) => () => {
    let text = ''
    for (let left = next(6); left >= 0; left--) {
      const kind = next(4)
      if (kind < 2) text += pieces[next(pieces.length)]
      else if (kind === 2) text += String.fromCharCode(next(256))
      else text += String.fromCharCode(...Array.from({ length: next(9) }, () => next(0x10000)))
    }
    return text
  }
  /** A request as Node and other hosts hand it over: any text may be in a field. */
  const requestWith = (fields, method, url) => ({
    method,
    url: url ?? 'https://api.example/mcp',
    headers: { get: (name) => fields[name] ?? null },
  })

  /** A refusal is complete: a status of its own, a code, a challenge that is one line, and a response. */
  async function complete(denied, about) {
    const { status, refusal, challenge } = denied
    ok([204, 400, 401, 403, 503].includes(status), `${about}: ${status}`)
    ok(/^[a-z][a-z0-9_]+$/.test(refusal) && refusal !== 'internal_error' && refusal !== 'unspecified', `${about}: ${refusal}`)
    ok(challenge === undefined || REALM.test(challenge), `${about}: ${challenge}`)
    const response = denied.response()
    same(response.status, status, about)
    if (status === 204) return
    const body = await response.text()
    ok(body.length < 1_000 && JSON.parse(body).code === refusal, `${about}: ${body}`)
  }

  test('any Authorization, Cookie, Origin, query and URL: a pass only for the whole token, else a coded refusal', async () => {
    const next = random(20_221)
    const good = await world().token('ES256')
    const [header, payload, signature] = good.split('.')
    const pieces = ['Bearer ', 'bearer', 'Basic ', 'DPoP ', ' ', ',', ';', '=', '"', '.', '\0', '\r\n', '\t', 'token=', '; token=', '__Host-', header, payload, signature, `${header}.${payload}.`, good]
    const some = fuzzer(next, pieces)
    const origins = ['https://app.example', 'null', 'https://api.example']
    const gates = [
      gateWith(),
      gateWith({ cookie: 'token', query: 'token', header: 'x-token', origins: ['https://app.example'] }),
      gateWith({ resource, cors: true, implies: { a: ['b'] } }),
      gateWith({ cookie: 'token', cors: { origins: ['https://app.example'], credentials: true } }),
    ]
    const needs = [{}, { scopes: ['items:read'] }, { optional: true }, { anyScope: ['a', 'b'], roles: ['admin'] }]
    let passed = 0
    let refusals = new Set()
    for (let turn = 0; turn < TURNS; turn++) {
      const fields = {}
      for (const name of ['authorization', 'cookie', 'origin', 'x-token', 'sec-fetch-site', 'upgrade', 'access-control-request-method', 'access-control-request-headers']) {
        if (next(3) === 0) fields[name] = name === 'origin' && next(2) === 0 ? origins[next(3)] : some()
      }
      const method = ['GET', 'POST', 'OPTIONS', 'HEAD', 'x', undefined][next(6)]
      const url = next(3) === 0 ? `/${some()}?token=${some()}` : undefined
      const request = requestWith(fields, method, url)
      const gate = gates[next(gates.length)]
      const about = `turn ${turn}: ${JSON.stringify({ fields, method, url })}`
      const asked = needs[next(needs.length)]
      const found = await gate.check(request, asked)
      same(gate.checkSync(request, asked).refusal, found.refusal, about)
      gate.metadata(request)
      gate.cors(request, new Response())
      if (!found.ok) {
        refusals.add(found.refusal)
        await complete(found, about)
      } else {
        passed++
        ok(found.anonymous === true || Object.values(fields).concat(url ?? '').join().includes(signature), about)
      }
    }
    ok(passed > 20 && refusals.size > 10, `${passed} passed, ${[...refusals]}`)
  })

  test('any fields of a Node request: repeated, listed, without values', async () => {
    const next = random(7)
    const good = await world().token('ES256')
    const some = fuzzer(next, ['Bearer ', good, ',', 'token=', ';'])
    const gate = gateWith({ cookie: 'token' })
    for (let turn = 0; turn < 300; turn++) {
      const rawHeaders = Array.from({ length: next(7) }, (_, at) => (at % 2 === 0 ? ['Authorization', 'COOKIE', 'Origin', some()][next(4)] : some()))
      const headers = { authorization: [some(), [some(), some()], undefined, 5, null, {}][next(6)], cookie: some() }
      const found = await gate.check({ headers, rawHeaders: next(2) === 0 ? rawHeaders : undefined, method: 'GET', url: '/' })
      if (!found.ok) await complete(found, `turn ${turn}: ${JSON.stringify([headers, rawHeaders])}`)
    }
  })

  test('any JSON-RPC body: parsed within bounds, or a coded refusal', async () => {
    const next = random(4_242)
    const gate = gateWith({ resource, audience: resource, cors: true })
    const guard = mcp.guardTools(gate, { toolScopes: { now: [], secret: ['s'] }, publicMethods: ['initialize', 'tools/call'], maxBodyBytes: 2_000 })
    const pieces = ['{', '}', '[', ']', ':', ',', '"', '"method"', '"tools/call"', '"params"', '"name"', '"secret"', '"now"', '"\\u006eame"', '"id"', '1', 'null', '1e999', '\ufeff', '\\', '"__proto__"', '"initialize"', '{"method":"tools/call","params":{"name":"now"}}', '{"method":"tools/call","params":{"name":"secret"}}']
    const some = fuzzer(next, pieces)
    const whole = () => {
      const member = () => `${pieces[7 + 2 * next(3)]}:${['"tools/call"', '{"name":"secret"}', '{"name":"now"}', '"initialize"', '1', '[]'][next(6)]}`
      const one = () => `{${Array.from({ length: next(4) }, member).join(',')}}`
      return next(3) === 0 ? `[${Array.from({ length: next(3) }, one).join(',')}]` : one()
    }
    const statuses = new Set()
    for (let turn = 0; turn < TURNS; turn++) {
      let body = next(2) === 0 ? some() : whole()
      if (next(40) === 0) body = body.repeat(2_000)
      if (next(10) === 0) body = Uint8Array.from({ length: next(60) }, () => next(256))
      const headers = { ...(next(4) === 0 && { 'mcp-name': ['now', 'secret', '=?base64?bm93?=', '=?base64?%?='][next(4)] }), ...(next(4) === 0 && { 'mcp-method': 'tools/call' }) }
      const request = new Request(resource, { method: 'POST', headers, body })
      const call = await guard.check(request)
      const about = `turn ${turn}: ${body} ${JSON.stringify(headers)}`
      statuses.add(call.status ?? 200)
      if (call.ok) {
        // Without a token, no message may be anything else than public.
        const messages = [call.parsedBody].flat()
        ok(messages.length > 0 && messages.every(({ method, params }) => method === 'initialize' || (method === 'tools/call' && params.name === 'now')), about)
        continue
      }
      ok([400, 401, 413].includes(call.status) && /^[a-z0-9_]+$/.test(call.refusal), `${about}: ${call.status} ${call.refusal}`)
      const answer = await call.response().json()
      same(answer.code ?? answer.error.data.code, call.refusal, about)
    }
    same([...statuses].sort(), [200, 400, 401, 413])
  })

  test('the limits: a token, a list of fields and a body that are too long are refused, not read', async () => {
    const gate = gateWith({ maxTokenLength: 500 })
    const long = 'a.'.repeat(100_000)
    same((await gate.check(requestWith({ authorization: `Bearer ${long}` }))).refusal, 'token_too_long')
    same((await gateWith({ cookie: 'token' }).check(requestWith({ cookie: `token=${long}` }, 'GET'))).refusal, 'token_too_long')
    const cookies = Array.from({ length: 20_000 }, (_, at) => `c${at}=x`).join('; ')
    same((await gateWith({ cookie: 'token' }).check(requestWith({ cookie: cookies }, 'GET'))).refusal, 'credentials_absent')
    const asked = Array.from({ length: 20_000 }, (_, at) => `mcp-${at}`).join()
    const preflight = requestWith({ origin: 'https://a.example', 'access-control-request-method': 'GET', 'access-control-request-headers': asked }, 'OPTIONS')
    ok((await gateWith({ cors: true }).check(preflight)).response().headers.get('access-control-allow-headers').length < 1_000)
    const guard = mcp.guardTools(gateWith(), { toolScopes: {}, maxBodyBytes: 100 })
    for (const [body, refusal] of [
      [`"${'x'.repeat(98)}"`, 'not_a_message'],
      [`"${'x'.repeat(99)}"`, 'body_too_large'],
    ]) {
      same((await guard.check(new Request(resource, { method: 'POST', body }))).refusal, refusal)
    }
    // A client that goes away in the middle of its body.
    let turn = 0
    const read = () => (turn++ === 0 ? Promise.resolve({ done: false, value: new Uint8Array(5) }) : Promise.reject(new Error('gone')))
    const leaving = { ...requestWith({}, 'POST', resource), bodyUsed: false, body: { getReader: () => ({ read, cancel: async () => {} }) } }
    same((await guard.check(leaving)).refusal, 'body_incomplete')
    const deep = (levels) => guardFor(20_000).check(new Request(resource, { method: 'POST', body: '['.repeat(levels) + ']'.repeat(levels) }))
    const guardFor = (maxBodyBytes) => mcp.guardTools(gateWith(), { toolScopes: {}, maxBodyBytes })
    same([(await deep(128)).refusal, (await deep(129)).refusal], ['not_a_message', 'body_too_deep'])
  })
}

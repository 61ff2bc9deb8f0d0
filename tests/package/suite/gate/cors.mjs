/** What pages of other origins may send to a gate and read of it (Fetch §3.3). */
import { misused, ok, same } from '../harness.mjs'
import { audience, currentDate, issuer } from '../mint.mjs'

const APP = 'https://app.example'
const EXPOSED = 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Retry-After'

export function gateCorsTests({ jotgate, test, world }) {
  const { createGate } = jotgate
  const gateWith = (extra) =>
    createGate({ keys: world().jwks, issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  // A page's own `Request` has no `Origin`, so these are requests as a server sees them.
  const request = (headers, method = 'GET') => ({ method, url: 'https://api.example/items', headers: new Map(Object.entries(headers)) })
  const preflight = (origin, asked) =>
    request({ origin, 'access-control-request-method': 'POST', ...(asked && { 'access-control-request-headers': asked }) }, 'OPTIONS')
  const fields = ({ headers }) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
  const open = {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': EXPOSED,
    'vary': 'Origin',
  }

  test('refusals can be read by the pages that `cors` names, and by no other', async () => {
    const names = async (cors, origin) => fields((await gateWith({ cors }).check(request(origin ? { origin } : {}))).response())
    same(await names(true, APP), open)
    same(await names(true), open)
    for (const cors of [APP, [APP], ['https://b.example', APP], { origins: APP }, { origins: [APP] }]) {
      same(await names(cors, APP), { ...open, 'access-control-allow-origin': APP })
      for (const other of [undefined, 'null', 'https://app.example.evil', 'http://app.example', 'https://APP.example', `${APP}/`, `${APP}, ${APP}`]) {
        same(await names(cors, other), { vary: 'Origin' }, other)
      }
    }
    same(await names({ origins: [APP], credentials: true }, APP), {
      ...open,
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
    })
    same(await names({ origins: [APP], credentials: true }, 'https://b.example'), { vary: 'Origin' })
    same(fields((await gateWith().check(request({ origin: APP }))).response()), {}, 'without the option there is no CORS')
    same(fields(gateWith({ cors: true }).challenge({}).response()), open)
    same(fields(gateWith({ cors: APP }).challenge({}, request({ origin: APP })).response())['access-control-allow-origin'], APP)
  })

  test('a 503 can be read, and so can an answer of your own', async () => {
    const { keys: _, ...rest } = { keys: 1, issuer, audience, algorithms: ['ES256'], currentDate }
    const away = createGate({ ...rest, cors: true, jwksUri: 'https://issuer.example/jwks', fetch: async () => new Response('', { status: 500 }) })
    const denied = await away.check(request({ authorization: `Bearer ${await world().token('ES256')}` }))
    const response = denied.response()
    same([response.status, fields(response)], [503, open])
    ok(Number(response.headers.get('retry-after')) > 0)
    const own = gateWith({ cors: [APP], onRefusal: () => new Response('no', { status: 401, headers: { vary: 'Cookie' } }) })
    const answer = (await own.check(request({ origin: APP }))).response({ headers: { 'access-control-allow-origin': '*' } })
    same(fields(answer), { ...open, 'access-control-allow-origin': APP, 'vary': 'Cookie, Origin' })
  })

  test('a pre-flight is answered, with each field that may be sent by its name', async () => {
    const answer = async (gate, asked) => {
      const denied = await gate.check(asked)
      same([denied.ok, denied.status, denied.refusal, denied.challenge], [false, 204, 'cors_preflight', undefined])
      same(gate.checkSync(asked).status, 204)
      const response = denied.response()
      same([response.status, await response.text()], [204, ''])
      return fields(response)
    }
    const asked = 'Authorization,content-type, mcp-session-id, mcp-protocol-version, x-evil, cookie, dpop, accept, last-event-id, mcp-, mcp-é'
    const headers = 'authorization, content-type, mcp-session-id, mcp-protocol-version, dpop, accept, last-event-id'
    const expected = {
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': headers,
      'access-control-max-age': '600',
      'vary': 'Origin',
    }
    same(await answer(gateWith({ cors: [APP] }), preflight(APP, asked)), expected)
    same(await answer(gateWith({ cors: true }), preflight(APP, asked)), { ...expected, 'access-control-allow-origin': '*' })
    same(await answer(gateWith({ cors: { origins: true, headers: ['X-Evil'] } }), preflight(APP, 'x-evil')), {
      ...expected,
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'x-evil',
    })
    const own = await answer(gateWith({ cors: true, header: 'X-Token' }), preflight(APP, 'x-token, x-other'))
    same(own['access-control-allow-headers'], 'x-token')
    const { 'access-control-allow-headers': _, ...none } = expected
    same(await answer(gateWith({ cors: [APP] }), preflight(APP)), none)
    same(await answer(gateWith({ cors: [APP] }), preflight(APP, 'x-other, *')), none)
    same(await answer(gateWith({ cors: [APP] }), preflight('https://evil.example', asked)), { vary: 'Origin' })
    same(await answer(gateWith({ cors: { origins: APP, credentials: true }, cookie: true }), preflight(APP)), {
      ...none,
      'access-control-allow-credentials': 'true',
    })
    // Any bytes: a bounded answer that nothing can be injected into.
    const many = await answer(gateWith({ cors: true }), preflight(APP, Array.from({ length: 10_000 }, (_, at) => `mcp-a${at}`).join()))
    ok(many['access-control-allow-headers'].split(', ').length === 32, 'the list has no bound')
    // An answer of your own is for refusals, which this is not.
    let asked204 = 0
    const refusing = gateWith({ cors: true, onRefusal: () => void asked204++ })
    same((await refusing.check(preflight(APP))).response().status, 204)
    same([asked204, (await refusing.check({ ...preflight(APP), method: 'GET' })).status], [0, 401])
    same((await gateWith().check(preflight(APP))).status, 401)
  })

  test('gate.cors puts the fields on the answers of handlers, and keeps what is there', async () => {
    const gate = gateWith({ cors: [APP] })
    const from = request({ origin: APP })
    const passed = { ...open, 'access-control-allow-origin': APP }
    const mutable = new Response('a', { headers: { 'vary': 'Accept', 'access-control-expose-headers': 'X-Count', 'access-control-allow-origin': '*' } })
    same(gate.cors(from, mutable) === mutable, true)
    same(fields(mutable), { ...passed, 'vary': 'Accept, Origin', 'access-control-expose-headers': `X-Count, ${EXPOSED}` })
    gate.cors(from, mutable)
    same(mutable.headers.get('vary'), 'Accept, Origin', 'twice is once')
    const immutable = Response.redirect('https://api.example/b', 303)
    const copy = gate.cors(from, immutable)
    same([copy.status, copy.headers.get('location')], [303, 'https://api.example/b'])
    same(fields(copy), passed)
    same(fields(gate.cors(request({}), new Response('a'))), { vary: 'Origin' })
    const plain = new Response('a')
    same([gateWith().cors(from, plain) === plain, fields(plain)], [true, {}])
    const set = {}
    const node = { setHeader: (name, value) => void (set[name] = value), getHeader: (name) => (name === 'vary' ? ['Accept', 'Cookie'] : undefined) }
    same(gate.cors(from, node) === node, true)
    same(set, { ...passed, vary: 'Accept, Cookie, Origin' })
  })

  test('misused options of CORS are a TypeError that names them', async () => {
    for (const cors of [undefined, null, false, '', [], 5, 'app.example', '*', ['null'], [`${APP}/`], [APP, 5], {}, { origins: [] }]) {
      await misused(() => gateWith({ cors }), cors !== null && typeof cors === 'object' && !Array.isArray(cors) ? 'origins' : 'cors', JSON.stringify(cors))
    }
    await misused(() => gateWith({ cors: { origins: true, credentials: true } }), 'credentials')
    for (const credentials of [undefined, 'true', 1]) await misused(() => gateWith({ cors: { origins: APP, credentials } }), 'credentials')
    for (const headers of [undefined, [], 'x', ['a b'], ['cookie']]) await misused(() => gateWith({ cors: { origins: APP, headers } }), 'headers')
    await misused(() => gateWith({ cors: { origins: APP, methods: ['GET'] } }), 'methods')
    for (const cors of [true, { origins: true }]) await misused(() => gateWith({ cors, cookie: true }), 'cors')
    await misused(() => gateWith({ cors: true, preflight: true }), 'preflight')
  })
}

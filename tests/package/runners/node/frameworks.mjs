/** The adapters under the real Hono, Express and Fastify, and under Node's own `http` and `http2`, over real sockets. */
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import http2 from 'node:http2'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { GateError, guard as expressGuard, guardHandler, guardHook, metadata as expressMetadata } from 'jotgate/express'
import { guard as honoGuard, metadata as honoMetadata } from 'jotgate/hono'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const { harness, misused, ok, outcome, same } = await load('suite/harness.mjs')
const { audience, currentDate, issuer, mint } = await load('suite/mint.mjs')
const { report } = await load('runners/report.mjs')

const world = await mint(jose)
const token = await world.token('ES256')
const bearer = { authorization: `Bearer ${token}` }
const settings = { keys: world.jwks, algorithms: ['ES256'], issuer, audience, currentDate, cookie: 'session' }
const principal = ({ sub }) => ({ name: sub })
const seen = []
const gate = createGate({ ...settings, principal, preflight: true })
const needs = {
  scopes: ['items:read'],
  authorize(claims, request, { name }) {
    seen.push([request.method, request.url, name])
    if (request.headers['x-fail'] ?? request.headers.get?.('x-fail')) throw new Error('the database is away')
    return claims.sub === name
  },
}

const { test, run } = harness()

/** Asks over a socket, with exactly these header lines. */
async function ask(port, lines, { method = 'GET', path = '/items/7?a=b' } = {}) {
  const request = send({ host: '127.0.0.1', port, method, path, headers: ['host', 'api.example', ...lines] }).end()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, headers: response.headers, body }
}

async function listening(server, use) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(server.address().port)
  } finally {
    server.closeAllConnections?.()
    server.close()
  }
}

/** What every framework must do: the same questions, the same answers. */
async function behaves(asking, failure) {
  seen.length = 0
  const lines = Object.entries(bearer).flat()
  const good = await asking(lines)
  same([good.status, good.body], [200, JSON.stringify({ hello: 'user-1', alg: 'ES256', name: 'user-1' })])
  same(seen.length, 1)
  same([seen[0][0], new URL(seen[0][1], 'http://a').pathname, seen[0][2]], ['GET', '/items/7', 'user-1'])
  const cookie = await asking(['cookie', `session=${token}`])
  same(cookie.status, 200)

  const cases = [
    [[], 'GET', 401, 'credentials_absent', 'Bearer realm="api", scope="items:read"'],
    [['authorization', 'Bearer'], 'GET', 400, 'credentials_missing'],
    [[...lines, ...lines], 'GET', 400, 'credentials_repeated'],
    [['authorization', 'Bearer a.b.c'], 'GET', 401, 'header_base64url'],
    [['authorization', `Bearer ${await world.token('ES256', { scope: 'x' })}`], 'GET', 403, 'insufficient_scope'],
    [['cookie', `session=${token}`], 'POST', 403, 'cross_site_request', undefined],
    [['cookie', `session=${token}; session=${token}`], 'GET', 400, 'credentials_repeated'],
  ]
  for (const [sent, method, status, code, challenge] of cases) {
    const answer = await asking(sent, { method })
    same([answer.status, answer.headers['content-type']], [status, 'application/problem+json'], code)
    same([JSON.parse(answer.body).code, answer.headers['cache-control']], [code, 'no-store'])
    const found = answer.headers['www-authenticate']
    if (challenge !== undefined || code === 'cross_site_request') same(found, challenge)
    else ok(found.startsWith('Bearer realm="api", error="'), found)
  }
  const head = await asking([], { method: 'HEAD' })
  same([head.status, head.body], [401, ''])
  const preflight = ['origin', 'https://app.example', 'access-control-request-method', 'POST']
  same((await asking(preflight, { method: 'OPTIONS' })).status, 204)
  same((await asking([], { method: 'OPTIONS' })).status, 401)
  const failed = await asking([...lines, 'x-fail', '1'])
  same(failed.status, 500)
  ok(!failed.body.includes('hello'), 'a request passed although its rule failed')
  failure?.()
}

const hello = ({ payload, header, principal }) => ({ hello: payload.sub, alg: header.alg, name: principal.name })

test('Express: requests pass or are answered, errors go its way', async () => {
  const failures = []
  const app = express()
  app.use(expressGuard(gate, needs))
  app.options('/items/:id', (_, response) => response.status(204).end())
  app.all('/items/:id', (request, response) => response.json(hello(request.auth)))
  app.use((error, _request, response, _next) => {
    failures.push(error.message)
    response.status(500).end()
  })
  await listening(createServer(app), (port) => behaves((...asked) => ask(port, ...asked)))
  same(failures, ['the database is away'])
})

test('Fastify: requests pass or are answered, errors go its way', async () => {
  const app = fastify()
  app.decorateRequest('auth', null)
  app.addHook('onRequest', guardHook(gate, needs))
  app.all('/items/:id', async (request, reply) => {
    if (request.method === 'OPTIONS') return reply.code(204).send()
    return hello(request.auth)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  try {
    await behaves((...asked) => ask(app.server.address().port, ...asked))
  } finally {
    await app.close()
  }
})

/** What is written to `console.error` and what no promise catches while `work` runs. */
async function logged(work) {
  const found = { errors: [], unhandled: [] }
  const { error } = console
  const unhandled = (reason) => found.unhandled.push(String(reason))
  console.error = (thrown) => found.errors.push(thrown?.message ?? String(thrown))
  process.on('unhandledRejection', unhandled)
  try {
    await work()
    await new Promise((settle) => setTimeout(settle, 10))
  } finally {
    console.error = error
    process.off('unhandledRejection', unhandled)
  }
  return found
}

test("Node's http: requests pass or are answered, a failing rule is 500 and logged", async () => {
  const handler = guardHandler(
    gate,
    (request, response, auth) => {
      if (request.method === 'OPTIONS') return response.writeHead(204).end(auth)
      return response.end(JSON.stringify(hello(auth)))
    },
    needs,
  )
  const found = await logged(() => listening(createServer(handler), (port) => behaves((...asked) => ask(port, ...asked))))
  same(found, { errors: ['the database is away'], unhandled: [] })
})

const away = async () => {
  throw new Error('database is down')
}
const FAILING = {
  principal: [{ ...settings, principal: away }],
  authorize: [{ ...settings, authorize: away }],
  'a rule of the request': [settings, { authorize: away }],
  onRefusal: [{ ...settings, authorize: () => false, onRefusal: () => { throw new Error('database is down') } }],
}
for (const [name, [options, own]] of Object.entries(FAILING)) {
  test(`V21: where ${name} fails, every adapter answers 500 and leaves no promise unhandled`, async () => {
    const failing = createGate(options)
    const problem = { type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'the server failed; its log says why', code: 'internal_error' }
    const lines = Object.entries(bearer).flat()
    const node = await logged(() =>
      listening(createServer(guardHandler(failing, () => ok(false, 'it passed'), own)), async (port) => {
        const { status, headers, body } = await ask(port, lines)
        same([status, headers['content-type'], JSON.parse(body)], [500, 'application/problem+json', problem])
      }),
    )
    same(node, { errors: ['database is down'], unhandled: [] })

    const app = express()
    app.use(expressGuard(failing, own))
    app.get('/', () => ok(false, 'it passed'))
    const caught = []
    app.use((error, _request, response, _next) => (caught.push(error.message), response.status(500).end()))
    same(await logged(() => listening(createServer(app), async (port) => same((await ask(port, lines, { path: '/' })).status, 500))), {
      errors: [],
      unhandled: [],
    })
    same(caught, ['database is down'])

    const hook = fastify()
    hook.addHook('onRequest', guardHook(failing, own))
    hook.get('/', () => 'it passed')
    await hook.listen({ port: 0, host: '127.0.0.1' })
    const hooked = await logged(async () => same((await ask(hook.server.address().port, lines, { path: '/' })).status, 500))
    await hook.close()
    same(hooked.unhandled, [])

    const hono = new Hono()
    hono.use(honoGuard(failing, own))
    hono.get('/', (c) => c.text('it passed'))
    const handled = await logged(async () => {
      same((await hono.request('https://api.example/', { headers: bearer })).status, 500)
    })
    same(handled.unhandled, [])
  })
}

test('V21: a handler that fails is 500, half an answer ends its connection, and `next` may throw', async () => {
  const failing = guardHandler(gate, away, needs)
  const half = guardHandler(gate, async (_, response) => {
    response.write('half')
    await away()
  })
  const throwing = expressGuard(gate)
  const next = () => {
    throw new Error('next failed')
  }
  const lines = Object.entries(bearer).flat()
  const found = await logged(async () => {
    await listening(createServer(failing), async (port) => same((await ask(port, lines)).status, 500))
    await listening(createServer(half), async (port) => {
      const { thrown } = await outcome(() => ask(port, lines))
      ok(thrown !== undefined, 'half an answer looked whole')
    })
    const passing = createServer((request, response) => throwing(request, response, next))
    await listening(passing, async (port) => same((await ask(port, lines)).status, 500))
  })
  same(found, { errors: ['database is down', 'database is down', 'next failed'], unhandled: [] })
})

for (const thrown of [undefined, null, '', 'route', 'router', { status: 200 }]) {
  test(`V21: a rule that throws ${JSON.stringify(thrown)} lets nothing pass: Express and Hono are given an error`, async () => {
    const broken = createGate({ ...settings, authorize: () => Promise.reject(thrown) })
    const caught = []
    const app = express()
    app.get('/', expressGuard(broken), (_, response) => response.json('it passed'))
    app.get('/', (_, response) => response.json('another route'))
    app.use((error, _request, response, _next) => (caught.push(error), response.status(500).end()))
    const lines = Object.entries(bearer).flat()
    await listening(createServer(app), async (port) => same((await ask(port, lines, { path: '/' })).status, 500))
    const hono = new Hono()
    hono.use(honoGuard(broken))
    hono.get('/', (c) => c.text('it passed'))
    hono.onError((error, c) => (caught.push(error), c.body(null, 500)))
    same((await hono.request('https://api.example/', { headers: bearer })).status, 500)
    same(caught.map((error) => [error instanceof Error, error.cause]), [[true, thrown], [true, thrown]])
  })
}

test('V21: an `onRefusal` whose promise rejects is 500 and leaves no promise unhandled', async () => {
  const broken = createGate({ ...settings, onRefusal: away })
  const handler = guardHandler(broken, () => ok(false, 'it passed'))
  const found = await logged(() => listening(createServer(handler), async (port) => same((await ask(port, [])).status, 500)))
  same(found.unhandled, [])
  ok(found.errors.length === 1 && found.errors[0].includes('onRefusal'), found.errors)
})

test("Node's http2: requests pass or are answered, cookies on many lines", async () => {
  const server = http2.createServer(
    guardHandler(gate, (_, response, auth) => response.end(JSON.stringify(hello(auth))), needs),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    const get = async (headers) => {
      const stream = client.request({ ':path': '/items/7', ...headers })
      const [answered] = await once(stream, 'response')
      let body = ''
      for await (const chunk of stream) body += chunk
      return [answered[':status'], body]
    }
    same(await get(bearer), [200, JSON.stringify({ hello: 'user-1', alg: 'ES256', name: 'user-1' })])
    same((await get({ cookie: ['a=b', `session=${token}`] }))[0], 200)
    same((await get({ ':method': 'POST', 'cookie': `session=${token}` }))[0], 403)
    same((await get({}))[0], 401)
  } finally {
    client.close()
    server.close()
  }
})

test('Hono: requests pass or are answered, errors go its way, other middleware still counts', async () => {
  const failures = []
  const app = new Hono()
  app.use(cors({ origin: 'https://app.example' }))
  app.use('/items/*', honoGuard(gate, needs))
  app.all('/items/:id', (c) => {
    const { claims, header, principal } = c.get('pass')
    same(c.get('jwtPayload'), claims)
    return c.json(hello({ payload: claims, header, principal }))
  })
  app.onError((error, c) => {
    failures.push(error.message)
    return c.body(null, 500)
  })
  const asking = async (lines, { method = 'GET' } = {}) => {
    const headers = [...pairs(lines), ['origin', 'https://app.example']]
    const response = await app.request('https://api.example/items/7?a=b', { method, headers })
    same(response.headers.get('access-control-allow-origin'), 'https://app.example')
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: method === 'HEAD' ? '' : await response.text(),
    }
  }
  // Hono's own `cors` answers every OPTIONS; without it the gate does.
  const bare = new Hono()
  bare.use('/items/*', honoGuard(gate, needs))
  bare.options('/items/:id', (c) => {
    same([c.get('jwtPayload'), c.get('pass')], [undefined, undefined], 'a pre-flight has no user')
    return c.body(null, 204)
  })
  const either = async (lines, options) => {
    if (options?.method !== 'OPTIONS') return asking(lines, options)
    const response = await bare.request('https://api.example/items/7', { method: 'OPTIONS', headers: pairs(lines) })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  }
  await behaves(either)
  same(failures, ['the database is away'])
})

test("Hono: the host's waitUntil is used where there is one", async () => {
  const work = []
  const fetched = { fetch: async () => Response.json(world.jwks), jwksUri: 'https://issuer.example/jwks' }
  const { keys: _, ...rest } = settings
  const app = new Hono()
  app.use(honoGuard(createGate({ ...rest, ...fetched })))
  app.get('/', (c) => c.text(c.get('jwtPayload').sub))
  const context = { waitUntil: (promise) => work.push(promise), passThroughOnException() {} }
  const response = await app.fetch(new Request('https://api.example/', { headers: bearer }), {}, context)
  same([response.status, await response.text()], [200, 'user-1'])
  ok(work.length > 0, 'waitUntil was not called')
  await Promise.all(work)
})

test('needs that make no sense are a TypeError at once, not at the first request', async () => {
  for (const adapter of [honoGuard, expressGuard, guardHook, (...args) => guardHandler(args[0], () => {}, args[1])]) {
    await misused(() => adapter(gate, { scopes: [] }), 'scopes')
    await misused(() => adapter(gate, { scope: ['a'] }), 'scope')
    await misused(() => adapter(gate, { authorize: undefined }), 'authorize')
    ok(adapter(gate))
  }
})

const RESOURCE = 'https://api.example/items'
const DOCUMENT = '/.well-known/oauth-protected-resource/items'
const APP = 'https://app.example'

/** What every adapter must do for a gate with a resource and CORS. */
async function serves(asking) {
  const document = await asking([], { path: DOCUMENT })
  same([document.status, JSON.parse(document.body).resource], [200, RESOURCE])
  same([document.headers['access-control-allow-origin'], document.headers.etag?.length > 2], ['*', true])
  same((await asking([], { path: DOCUMENT, method: 'POST' })).status, 405)
  same((await asking([], { path: '/.well-known/oauth-protected-resource' })).status, 401)
  const origin = ['origin', APP]
  const asked = ['access-control-request-method', 'POST', 'access-control-request-headers', 'authorization, mcp-session-id, x-other']
  const preflight = await asking([...origin, ...asked], { method: 'OPTIONS' })
  same([preflight.status, preflight.headers['access-control-allow-headers']], [204, 'authorization, mcp-session-id'])
  const good = ['authorization', `Bearer ${await world.token('ES256', { aud: RESOURCE })}`]
  for (const [lines, status] of [[[...good, ...origin], 200], [origin, 401], [['authorization', 'Bearer', ...origin], 400]]) {
    const { headers, ...answer } = await asking(lines)
    same([answer.status, headers['access-control-allow-origin']], [status, APP])
    same(headers['access-control-expose-headers'], 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Retry-After')
    ok(/\borigin\b/i.test(headers.vary), headers.vary)
  }
  const strange = await asking([...good, 'origin', 'https://evil.example'])
  same([strange.status, strange.headers['access-control-allow-origin']], [200, undefined])
  const bare = await asking([])
  same(bare.headers['www-authenticate'], `Bearer realm="api", resource_metadata="https://api.example${DOCUMENT}"`)
  same((await asking(['x-optional', '1'])).body, bare.body)
}

const described = () => createGate({ keys: world.jwks, issuer, algorithms: ['ES256'], currentDate, resource: RESOURCE, cors: [APP] })

test('Express, Fastify, Hono and http serve metadata, pre-flights and CORS by themselves', async () => {
  const self = described()
  const app = express()
  app.use(expressGuard(self))
  app.all('/items', (request, response) => response.vary('Accept').json(request.auth.payload.sub))
  await listening(createServer(app), (port) => serves((lines, { path = '/items', ...more } = {}) => ask(port, lines, { path, ...more })))

  const handler = guardHandler(self, (_, response, auth) => response.end(auth.payload.sub))
  await listening(createServer(handler), (port) => serves((lines, { path = '/items', ...more } = {}) => ask(port, lines, { path, ...more })))

  const hook = fastify()
  hook.addHook('onRequest', guardHook(self))
  hook.all('/items', () => 'here')
  await hook.listen({ port: 0, host: '127.0.0.1' })
  await serves((lines, { path = '/items', ...more } = {}) => ask(hook.server.address().port, lines, { path, ...more }))
  await hook.close()

  for (const answer of [(c) => c.text('here'), () => Response.redirect('https://api.example/', 302), () => new Response('a', { headers: { vary: 'Accept' } })]) {
    const hono = new Hono()
    hono.use(honoGuard(self))
    hono.all('/items', answer)
    await serves(async (lines, { path = '/items', method = 'GET' } = {}) => {
      const response = await hono.request(`https://api.example${path}`, { method, headers: pairs(lines) })
      const { status } = response
      return { status: status === 302 ? 200 : status, headers: Object.fromEntries(response.headers), body: await response.text() }
    })
  }
})

test('where the guard is mounted on a path, `metadata` serves the document', async () => {
  const self = described()
  const app = express()
  app.use(expressMetadata(self))
  app.use('/items', expressGuard(self))
  app.get('/', (_, response) => response.json('open'))
  await listening(createServer(app), async (port) => {
    same(JSON.parse((await ask(port, [], { path: DOCUMENT })).body).resource, RESOURCE)
    same([(await ask(port, [], { path: '/' })).status, (await ask(port, [], { path: '/items' })).status], [200, 401])
  })
  const hono = new Hono()
  hono.use(honoMetadata(self))
  hono.use('/items', honoGuard(self))
  hono.get('/', (c) => c.text('open'))
  same((await (await hono.request(DOCUMENT)).json()).resource, RESOURCE)
  same([(await hono.request('/')).status, (await hono.request('/items')).status], [200, 401])
})

test('optional: a request without credentials reaches the handler, without `auth`', async () => {
  const open = { optional: true }
  const app = express()
  app.use(expressGuard(gate, open))
  app.get('/', (request, response) => response.json(request.auth?.payload.sub ?? 'anonymous'))
  const handler = guardHandler(gate, (_, response, auth) => response.end(JSON.stringify(auth?.payload.sub ?? 'anonymous')), open)
  const lines = Object.entries(bearer).flat()
  for (const server of [createServer(app), createServer(handler)]) {
    await listening(server, async (port) => {
      const answers = await Promise.all([[], lines, ['authorization', 'Bearer x.y.z']].map((sent) => ask(port, sent, { path: '/' })))
      same(answers.map(({ status }) => status), [200, 200, 401])
      same(answers.slice(0, 2).map(({ body }) => JSON.parse(body)), ['anonymous', 'user-1'])
    })
  }
  const hono = new Hono()
  hono.use(honoGuard(gate, open))
  hono.get('/', (c) => c.text(c.get('jwtPayload')?.sub ?? 'anonymous'))
  same([await (await hono.request('/')).text(), await (await hono.request('/', { headers: bearer })).text()], ['anonymous', 'user-1'])
})

test('step-up: every adapter answers with the challenge, and lets a login pass that is enough', async () => {
  const needs = { acr: ['urn:gold'], maxAuthAge: 300 }
  const time = currentDate.getTime() / 1000
  const [weak, enough] = await Promise.all(['urn:silver', 'urn:gold'].map((acr) => world.token('ES256', { acr, auth_time: time - 60 })))
  const expressApp = express().use(expressGuard(gate, needs))
  expressApp.get('/', (_, response) => response.end('in'))
  const fastifyApp = fastify()
  fastifyApp.addHook('onRequest', guardHook(gate, needs))
  fastifyApp.get('/', () => 'in')
  await fastifyApp.ready()
  const handler = guardHandler(gate, (_, response) => response.end('in'), needs)
  const challenge = 'Bearer realm="api", error="insufficient_user_authentication", acr_values="urn:gold", max_age="300", error_description="the login is too weak"'
  for (const server of [createServer(expressApp), createServer(handler), fastifyApp.server]) {
    await listening(server, async (port) => {
      const [denied, passed] = await Promise.all([weak, enough].map((token) => ask(port, ['authorization', `Bearer ${token}`], { path: '/' })))
      same([denied.status, denied.headers['www-authenticate'], passed.status, passed.body], [401, challenge, 200, 'in'])
    })
  }
  const hono = new Hono().use(honoGuard(gate, needs)).get('/', (c) => c.text('in'))
  const [denied, passed] = await Promise.all([weak, enough].map((token) => hono.request('/', { headers: { authorization: `Bearer ${token}` } })))
  same([denied.status, denied.headers.get('www-authenticate'), await passed.text()], [401, challenge, 'in'])
})

test("Express: refusals may go to the app's own error handler", async () => {
  const self = described()
  const app = express()
  app.use(expressGuard(self, {}, { refusals: 'next' }))
  app.get('/items', (_, response) => response.json('here'))
  const caught = []
  const own = express().use(expressGuard(self, {}, { refusals: 'next' }))
  own.use((error, _request, response, _next) => {
    caught.push([error.name, error.status, error.denied.refusal, error instanceof GateError, JSON.stringify(error).includes('denied')])
    response.status(error.status).set(error.headers).json({ mine: error.message })
  })
  const { error } = console
  console.error = () => {}
  try {
    await listening(createServer(app), async (port) => {
      // Express's own handler knows `status` and `headers`.
      const { status, headers } = await ask(port, ['origin', APP], { path: '/items' })
      same([status, headers['access-control-allow-origin']], [401, APP])
      ok(headers['www-authenticate'].startsWith('Bearer realm="api", resource_metadata='), headers['www-authenticate'])
      const preflight = ['origin', APP, 'access-control-request-method', 'POST']
      same((await ask(port, preflight, { path: '/items', method: 'OPTIONS' })).status, 204)
    })
  } finally {
    console.error = error
  }
  await listening(createServer(own), async (port) => {
    const { status, body, headers } = await ask(port, [], { path: '/items' })
    same([status, JSON.parse(body), headers['content-type']], [401, { mine: 'a bearer token is needed' }, 'application/json; charset=utf-8'])
  })
  same(caught, [['GateError', 401, 'credentials_absent', true, false]])
  for (const refusals of [undefined, 'throw', true]) await misused(() => expressGuard(gate, {}, { refusals }), 'refusals')
})

test('a failed handler leaves none of its header fields on the 500, and pages can read it', async () => {
  const self = described()
  const handler = guardHandler(self, (_, response) => {
    response.setHeader('set-cookie', 'session=secret')
    response.setHeader('cache-control', 'public, max-age=3600')
    response.setHeader('content-length', '5')
    throw new Error('the template is broken')
  })
  const good = ['authorization', `Bearer ${await world.token('ES256', { aud: RESOURCE })}`, 'origin', APP]
  await logged(() =>
    listening(createServer(handler), async (port) => {
      const { status, headers, body } = await ask(port, good, { path: '/items' })
      same([status, headers['set-cookie'], headers['cache-control'], headers['access-control-allow-origin']], [500, undefined, 'no-store', APP])
      same(JSON.parse(body).detail, 'the server failed; its log says why')
    }),
  )
})

test('a refused upgrade to a WebSocket is answered on its socket', async () => {
  const self = described()
  const server = createServer((_, response) => response.end('no'))
  server.on('upgrade', async (request, socket) => {
    const pass = await self.check(request)
    if (!pass.ok) return pass.writeTo(socket)
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  await listening(server, async (port) => {
    const lines = ['connection', 'upgrade', 'upgrade', 'websocket', 'sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version', '13']
    const { status, headers, body } = await ask(port, lines, { path: '/items' })
    same([status, headers['connection'], JSON.parse(body).code], [401, 'close', 'credentials_absent'])
    ok(headers['www-authenticate'].includes('resource_metadata='))
  })
})

test('an answer of your own keeps its cookies', async () => {
  const onRefusal = () => {
    const headers = [
      ['set-cookie', 'a=b; Path=/'],
      ['set-cookie', 'c=d; Path=/'],
      ['location', '/login'],
    ]
    return new Response(null, { status: 303, headers })
  }
  const own = createGate({ ...settings, onRefusal })
  const app = fastify()
  app.addHook('onRequest', guardHook(own))
  app.get('/', () => 'here')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const expected = [303, ['a=b; Path=/', 'c=d; Path=/'], '/login']
  const read = ({ status, headers }) => [status, headers['set-cookie'], headers.location]
  try {
    same(read(await ask(app.server.address().port, [], { path: '/' })), expected)
  } finally {
    await app.close()
  }
  const server = createServer(express().use(expressGuard(own)))
  await listening(server, async (port) => same(read(await ask(port, [])), expected))
})

function pairs(lines) {
  const headers = []
  for (let at = 0; at < lines.length; at += 2) headers.push([lines[at], lines[at + 1]])
  return headers
}

process.exitCode = report(await run())

/** `docs/from-express-oauth2-jwt-bearer.md`: express-oauth2-jwt-bearer beside the gate, both in Express on loopback. */
import { once } from 'node:events'
import express from 'express'
import { auth, claimEquals, requiredScopes } from 'express-oauth2-jwt-bearer'
import { ok, same } from '../harness.mjs'
import { AUDIENCE, duplicateSub, inSeconds, outcomeOf, startIssuer, token } from './world.mjs'

/** Asks an app, which listens only as long as the question takes. */
async function ask(app, { path = '/notes', ...init } = {}) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
const bearing = (text, more = {}) => ({ headers: { authorization: `Bearer ${text}`, ...more } })

/** Keeps the stack of an error out of the output. */
function quiet(app) {
  app.set('env', 'test')
  return app
}

export function snippetTests({ test, execute }) {
  test('the snippets answer good and bad requests with the same status', async () => {
    const issuer = await startIssuer()
    const own = (claims, options) => token('ES256', { iss: issuer.url, scope: 'notes:read', ...claims }, options)
    try {
      const [before, after] = [await execute('before.js', issuer.url), await execute('after.js', issuer.url)]
      const requests = {
        200: [bearing(own())],
        400: [bearing(`${own()} x`)],
        401: [
          {},
          bearing(own({ exp: inSeconds(-60) })),
          bearing(own({ aud: 'other' })),
          bearing(own({ aud: undefined })),
          bearing(own({ iss: 'https://other.example' })),
          bearing(own({}, { stranger: true })),
          bearing(own({}, { header: { crit: ['x'], x: 1 } })),
        ],
        403: [bearing(own({ scope: 'other' })), bearing(own({ scope: undefined }))],
      }
      for (const { app } of [before, after]) {
        for (const [status, list] of Object.entries(requests)) {
          for (const [index, request] of list.entries()) {
            const answer = await ask(quiet(app), request)
            same(answer.status, Number(status), `${status} ${index}`)
            if (status === '200') same(JSON.parse(answer.text), { hello: 'ada' })
            else ok(answer.headers.get('www-authenticate').startsWith('Bearer realm="api"'), answer.headers.get('www-authenticate'))
          }
        }
      }
    } finally {
      issuer.close()
    }
  })
}

export async function rows({ jotgate: { createGate }, expressGuard: guard }) {
  const issuer = await startIssuer()
  const own = (claims, options) => token('ES256', { iss: issuer.url, ...claims }, options)
  const rules = { issuer: issuer.url, audience: AUDIENCE, algorithms: ['ES256'] }
  const answers = (handlers) => {
    const app = quiet(express())
    app.use(express.urlencoded({ extended: false }), ...handlers)
    app.use((request, response) => response.json(request.auth === undefined ? 'anonymous' : request.auth.payload.sub))
    // What the default handler of errors does, without its output.
    app.use((error, request, response, _next) => response.set(error.headers ?? {}).status(error.status ?? 500).type('html').send('error'))
    return app
  }
  const theirsOf = (options = {}, ...more) => answers([auth({ issuerBaseURL: issuer.url, audience: AUDIENCE, ...options }), ...more])
  const oursOf = (options = {}, needs = {}) => answers([guard(createGate({ ...rules, ...options }), needs)])
  const said = async (app, request) => {
    const { status, text } = await ask(app, request)
    return status === 200 ? `200 ${JSON.parse(text)}` : String(status)
  }
  /** One request to both apps. */
  const both = (request, theirs = theirsOf(), ours = oursOf()) => async () => [await said(theirs, request()), await said(ours, request())]
  const form = () => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `access_token=${own()}`,
  })
  return [
    {
      id: 'optional-forged',
      theirs: '200 anonymous',
      ours: '401',
      run: both(() => bearing(own({}, { stranger: true })), theirsOf({ authRequired: false }), oursOf({}, { optional: true })),
    },
    {
      id: 'issuer-down',
      theirs: '401',
      ours: '503',
      run: async () => {
        const apps = [theirsOf(), oursOf()]
        issuer.down = true
        try {
          return [await said(apps[0], bearing(own())), await said(apps[1], bearing(own()))]
        } finally {
          issuer.down = false
        }
      },
    },
    {
      id: 'issuer-slash',
      theirs: '200 ada',
      ours: '503',
      run: both(() => bearing(own()), theirsOf({ issuerBaseURL: `${issuer.url}/` }), oursOf({ issuer: `${issuer.url}/` })),
    },
    { id: 'query', theirs: '200 ada', ours: '401', run: both(() => ({ path: `/notes?access_token=${own()}` })) },
    { id: 'form', theirs: '200 ada', ours: '401', run: both(form) },
    { id: 'typ', theirs: '200 ada', ours: '401', run: both(() => bearing(own({}, { header: { typ: 'logout+jwt' } }))) },
    {
      id: 'scp',
      theirs: '403',
      ours: '200 ada',
      run: both(
        () => bearing(own({ scp: ['notes:read'] })),
        theirsOf({}, requiredScopes('notes:read')),
        oursOf({}, { scopes: ['notes:read'] }),
      ),
    },
    {
      id: 'rule',
      theirs: '401',
      ours: '403',
      run: both(
        () => bearing(own({ tier: 'free' })),
        theirsOf({}, claimEquals('tier', 'paid')),
        oursOf({ authorize: ({ tier }) => tier === 'paid' }),
      ),
    },
    {
      id: 'algorithms',
      theirs: 'accepted',
      ours: 'option',
      run: async () => [
        await outcomeOf(() => auth({ issuerBaseURL: issuer.url, audience: AUDIENCE })),
        await outcomeOf(() => createGate({ issuer: issuer.url, audience: AUDIENCE })),
      ],
    },
    {
      id: 'environment',
      theirs: 'accepted',
      ours: 'option',
      run: async () => {
        Object.assign(process.env, { ISSUER_BASE_URL: issuer.url, AUDIENCE })
        try {
          return [await outcomeOf(() => auth()), await outcomeOf(() => createGate({ algorithms: ['ES256'] }))]
        } finally {
          delete process.env.ISSUER_BASE_URL
          delete process.env.AUDIENCE
        }
      },
    },
    {
      id: 'secret-length',
      theirs: '200 ada',
      ours: 'key_secret_too_short',
      run: async () => {
        const text = token('HS256', { iss: issuer.url }, { secret: 'short' })
        const theirs = answers([auth({ issuer: issuer.url, audience: AUDIENCE, secret: 'short', tokenSigningAlg: 'HS256' })])
        const keys = new TextEncoder().encode('short')
        return [await said(theirs, bearing(text)), await outcomeOf(() => createGate({ ...rules, algorithms: ['HS256'], keys }))]
      },
    },
    {
      id: 'duplicate-claim',
      theirs: '200 admin',
      ours: '401',
      run: both(() => bearing(own({}, { payload: duplicateSub(issuer.url) }))),
    },
    {
      id: 'answer',
      theirs: 'text/html; charset=utf-8',
      ours: 'application/problem+json',
      run: async () => {
        const types = []
        for (const app of [theirsOf(), oursOf()]) types.push((await ask(app)).headers.get('content-type'))
        return types
      },
    },
  ]
}

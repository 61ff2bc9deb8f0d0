/** `docs/from-hono-jwk.md`: Hono's own `jwk` and `jwt` beside the guard of `jotgate/hono`. */
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import { jwt } from 'hono/jwt'
import { ok, same } from '../harness.mjs'
import { AUDIENCE, duplicateSub, inSeconds, jwks, outcomeOf, SECRET, startIssuer, token } from './world.mjs'

const URL_ = 'https://api.example/notes'
const bearing = (text, more = {}) => new Request(URL_, { headers: { authorization: `Bearer ${text}`, ...more } })

/** Tokens that both must refuse. */
const bad = (own) => [
  own({ exp: inSeconds(-60) }),
  own({ nbf: inSeconds(60) }),
  own({ aud: 'other' }),
  own({ aud: undefined }),
  own({ iss: 'https://other.example' }),
  own({}, { stranger: true }),
  own({}, { header: { crit: ['x'], x: 1 } }),
  own({}, { header: { kid: 'unknown' } }),
]

export function snippetTests({ test, execute }) {
  for (const [name, alg] of [['jwk', 'ES256'], ['jwt', 'HS256']]) {
    test(`the snippets of ${name} answer good and bad requests with the same status`, async () => {
      const issuer = await startIssuer()
      process.env.JWT_SECRET = SECRET
      const own = (claims, options) => token(alg, { iss: issuer.url, ...claims }, options)
      // A secret has no `kid`, and no second key.
      const refused = bad(own).slice(0, alg === 'HS256' ? 5 : undefined)
      if (alg === 'HS256') refused.push(own({}, { secret: 'another secret of 32 bytes or more' }))
      try {
        for (const kind of ['before', 'after']) {
          const { default: app } = await execute(`${name}-${kind}.js`, issuer.url)
          const answer = await app.request(bearing(own()))
          same([answer.status, await answer.json()], [200, { hello: 'ada' }], kind)
          for (const [index, text] of refused.entries()) same((await app.request(bearing(text))).status, 401, `${kind} ${index}`)
          same((await app.request(new Request(URL_))).status, 401)
        }
      } finally {
        issuer.close()
      }
    })
  }
}

export async function rows({ jotgate: { createGate }, honoGuard: guard }) {
  const issuer = await startIssuer()
  const own = (claims, options) => token('ES256', { iss: issuer.url, ...claims }, options)
  const rules = { issuer: issuer.url, audience: AUDIENCE, algorithms: ['ES256'] }
  const set = { jwks_uri: `${issuer.url}/jwks`, alg: ['ES256'], verification: { iss: issuer.url, aud: AUDIENCE } }
  const errors = []
  const appOf = (middleware) => {
    const app = new Hono()
    app.onError((error, c) => {
      errors.push(error)
      return error.getResponse?.() ?? c.text('error', 500)
    })
    app.use(middleware)
    app.all('/notes', (c) => c.text(c.get('jwtPayload')?.sub ?? 'anonymous'))
    return app
  }
  const theirsOf = (options = {}) => appOf(jwk({ ...set, ...options }))
  const oursOf = (options = {}, needs = {}) => appOf(guard(createGate({ ...rules, jwksUri: `${issuer.url}/jwks`, ...options }), needs))
  const said = async (app, request) => {
    const answer = await app.request(request)
    return answer.status === 200 ? `200 ${await answer.text()}` : String(answer.status)
  }
  /** One request to both apps. */
  const both = (request, theirs = theirsOf(), ours = oursOf()) => async () => [await said(theirs, request()), await said(ours, request())]
  const session = (text) => {
    const headers = { 'cookie': `session=${text}`, 'sec-fetch-site': 'cross-site', 'origin': 'https://evil.example' }
    return new Request(URL_, { method: 'POST', headers })
  }
  const challenge = async (app) => (await app.request(new Request(URL_))).headers.get('www-authenticate')
  return [
    {
      id: 'no-checks',
      theirs: '200 ada',
      ours: 'option',
      run: async () => [
        await said(theirsOf({ verification: {} }), bearing(own({ aud: 'another API', iss: 'another issuer' }))),
        await outcomeOf(() => createGate({ algorithms: ['ES256'], jwksUri: `${issuer.url}/jwks` })),
      ],
    },
    {
      id: 'empty-audience',
      theirs: '200 ada',
      ours: 'option',
      run: async () => [
        await said(theirsOf({ verification: { iss: issuer.url, aud: '' } }), bearing(own({ aud: 'another API' }))),
        await outcomeOf(() => createGate({ ...rules, audience: '' })),
      ],
    },
    { id: 'expiry', theirs: '200 ada', ours: '401', run: both(() => bearing(own({ exp: undefined }))) },
    { id: 'at-jwt', theirs: '401', ours: '200 ada', run: both(() => bearing(own({}, { header: { typ: 'at+jwt' } }))) },
    { id: 'kid', theirs: '401', ours: '200 ada', run: both(() => bearing(own({}, { header: { kid: undefined } }))) },
    { id: 'skew', theirs: '401', ours: '200 ada', run: both(() => bearing(own({ exp: inSeconds(-2) }))) },
    { id: 'issued-in-future', theirs: '401', ours: '200 ada', run: both(() => bearing(own({ iat: inSeconds(30) }))) },
    { id: 'duplicate-claim', theirs: '200 admin', ours: '401', run: both(() => bearing(own({}, { payload: duplicateSub(issuer.url) }))) },
    { id: 'malformed', theirs: '401', ours: '400', run: both(() => bearing(`${own()} x`)) },
    {
      id: 'issuer-down',
      theirs: '500',
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
      id: 'fetches',
      theirs: '3 fetches',
      ours: '1 fetches',
      run: async () => {
        const counts = []
        for (const app of [theirsOf(), oursOf()]) {
          const before = issuer.fetches
          for (let turn = 0; turn < 3; turn++) same((await app.request(bearing(own()))).status, 200)
          counts.push(`${issuer.fetches - before} fetches`)
        }
        return counts
      },
    },
    {
      id: 'token-in-error',
      theirs: 'true',
      ours: 'false',
      run: async () => {
        const expired = own({ exp: inSeconds(-60) })
        errors.length = 0
        await theirsOf().request(bearing(expired))
        const denied = await createGate({ ...rules, keys: jwks }).check(bearing(expired))
        ok(denied.cause.message.length > 0)
        return [errors.at(-1).cause, denied.cause].map((error) => String(`${error.message}${error.stack}`.includes(expired)))
      },
    },
    {
      id: 'cross-site',
      theirs: '200 ada',
      ours: '403',
      run: both(() => session(own()), theirsOf({ cookie: 'session' }), oursOf({ cookie: 'session' })),
    },
    {
      id: 'nothing-sent',
      theirs: `Bearer realm="${URL_}",error="invalid_request",error_description="no authorization included in request"`,
      ours: 'Bearer realm="api"',
      run: async () => [await challenge(theirsOf()), await challenge(oursOf())],
    },
    {
      id: 'secret-length',
      theirs: '200 ada',
      ours: 'key_secret_too_short',
      run: async () => [
        await said(appOf(jwt({ secret: 'short', alg: 'HS256' })), bearing(token('HS256', {}, { secret: 'short' }))),
        await outcomeOf(() => createGate({ ...rules, algorithms: ['HS256'], keys: new TextEncoder().encode('short') })),
      ],
    },
  ]
}

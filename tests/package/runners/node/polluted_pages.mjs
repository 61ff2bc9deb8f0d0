/**
 * V2 for `jotgate/login` and `jotgate/inspect`: what a document, an ID token or an option could inherit is set on `Object.prototype`. No
 * login and no token that is refused without that may be accepted with it.
 */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect, ready } from 'jotgate/inspect'
import { createLogin } from 'jotgate/login'
import { checks, report } from '../report.mjs'

const { accepted } = await import(pathToFileURL(join(process.env.TESTS, 'runners', 'node', 'pollution.mjs')))
const { check, outcome } = checks()
await ready()

// What is judged of the login: a fetched document that lacks something, or a redirect that is wrong.

const ISSUER = 'https://issuer.example'
const CLIENT = 'app'
const CALLBACK = 'https://app.example/callback'
const now = Math.floor(Date.now() / 1000)
const idToken = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AAAA`

/** What each issuer answers: its metadata and its token response. The case is the issuer's path. */
const METADATA = (issuer) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  code_challenge_methods_supported: ['S256'],
})
const CLAIMS = (issuer) => ({ iss: issuer, aud: CLIENT, sub: 'user', nonce: 'nonce', exp: now + 600 })
const TOKENS = (issuer, claims) => ({ access_token: 'secret', token_type: 'Bearer', expires_in: 300, id_token: idToken(claims) })
const CASES = {
  'good': {},
  'metadata without issuer': { metadata: { issuer: undefined } },
  'metadata of another issuer': { metadata: { issuer: 'https://evil.example' } },
  'metadata without endpoints': { metadata: { authorization_endpoint: undefined, token_endpoint: undefined } },
  'metadata without PKCE': { metadata: { code_challenge_methods_supported: undefined } },
  'no token': { tokens: { access_token: undefined } },
  'no token type': { tokens: { token_type: undefined } },
  'no ID token': { tokens: { id_token: undefined } },
  'an ID token of nobody': { claims: { iss: undefined } },
  'an ID token for nobody': { claims: { aud: undefined } },
  'an ID token for another client': { claims: { aud: 'other' } },
  'an ID token for several clients': { claims: { aud: [CLIENT, 'other'] } },
  'an ID token without nonce': { claims: { nonce: undefined } },
  'an ID token without exp': { claims: { exp: undefined } },
  'an expired ID token': { claims: { exp: now - 600 } },
  'an ID token without sub': { claims: { sub: undefined } },
}
const issuerOf = (name) => `${ISSUER}/${encodeURIComponent(name)}`

/** The documents by their addresses. */
const DOCUMENTS = Object.entries(CASES).flatMap(([name, { metadata, tokens, claims }]) => {
  const issuer = issuerOf(name)
  return [
    [`${issuer}/.well-known/openid-configuration`, JSON.stringify({ ...METADATA(issuer), ...metadata })],
    [`${issuer}/token`, JSON.stringify({ ...TOKENS(issuer, { ...CLAIMS(issuer), ...claims }), ...tokens })],
  ]
})
/** Bad redirects to the good issuer. A login with the state `pending…` was started. */
const REDIRECTS = {
  'an unknown state': 'code=c&state=unknown',
  'no state': 'code=c',
  'an error': 'error=access_denied&state=pending',
  'no code': 'state=pending',
  'another issuer': 'code=c&iss=https://evil.example&state=pending',
}

/** Answers to fetches, which are made while nothing is polluted. */
let prepared
function prepare() {
  prepared = DOCUMENTS.map(([url, text]) => [url, Array.from({ length: 14 }, () => new Response(text))])
}
globalThis.fetch = async (url) => {
  for (const [known, responses] of prepared) if (known === url && responses.length > 0) return responses.pop()
  throw new Error('unreachable')
}
const PENDING = JSON.stringify({ verifier: 'verifier', nonce: 'nonce', returnTo: 'https://app.example/', startedAt: Date.now() })
globalThis.sessionStorage = {
  getItem: (key) => (key.includes(' pending pending') ? PENDING : null),
  setItem() {},
  removeItem() {},
}
globalThis.location = Object.assign(new URL(CALLBACK), { assign() {} })
globalThis.history = { state: null, replaceState() {} }
// Without channels no login waits for another tab.
delete globalThis.BroadcastChannel

// What is judged of the report: a token is accepted if the report has `accepted`.

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const secret = 'a secret that only the issuer and the API have, honestly'
const token = (claims, header, key = secret) => {
  const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part({ iss: ISSUER, aud: 'api', sub: 'user', iat: now - 10, exp: now + 600, ...claims })}`
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}
const policy = { issuer: ISSUER, audience: 'api', algorithms: ['HS256'], typ: 'JWT' }
const TOKENS_REFUSED = {
  'expired': token({ exp: now - 60 }),
  'without exp': token({ exp: undefined }),
  'of another issuer': token({ iss: 'https://evil.example' }),
  'without an audience': token({ aud: undefined }),
  'of another type': token({}, { typ: 'logout+jwt' }),
  'under another secret': token({}, {}, 'another secret that is at least as long as the hash'),
}
const good = token()

let states = 0
/** Makes logins and reports: what must be refused, and what must pass while nothing is polluted. */
function build({ refusals = [], passes = [] } = {}) {
  const finishes = async (login, query) => Object.hasOwn(await login.finish(`${CALLBACK}?${query}`), 'accessToken')
  const login = (name, query) => {
    try {
      const made = createLogin({ issuer: issuerOf(name), clientId: CLIENT, redirectUri: CALLBACK })
      return () => finishes(made, query.endsWith('pending') ? query + states++ : query)
    } catch {
      // What cannot be created accepts nothing.
      return () => false
    }
  }
  const accepts = (text, options) => () => {
    const made = inspect(text, options)
    return Object.hasOwn(made, 'accepted') && made.accepted === true
  }
  for (const name of Object.keys(CASES)) {
    const call = login(name, 'code=c&state=pending')
    if (name === 'good') passes.push({ name: 'a login', call })
    else refusals.push({ name: `a login: ${name}`, call })
  }
  for (const [name, query] of Object.entries(REDIRECTS)) refusals.push({ name: `a login: ${name}`, call: login('good', query) })
  passes.push({ name: 'a report', call: accepts(good, { keys: secret, policy }) })
  for (const [name, text] of Object.entries(TOKENS_REFUSED)) {
    refusals.push({ name: `a report: a token ${name}`, call: accepts(text, { keys: secret, policy }) })
  }
  refusals.push({ name: 'a report without a key', call: accepts(good, { policy }) })
  return { refusals, passes }
}

prepare()
const { refusals, passes } = build()
const wrong = await accepted(refusals)
check('V2: without pollution what is bad is refused', wrong.length === 0, wrong.join(', '))
const right = await accepted(passes)
check('V2: without pollution what is good passes', right.length === passes.length, right.join(', '))

/** What a fetched document, an ID token, an option or a report could inherit: names and values. */
const POLLUTIONS = {
  issuer: [issuerOf('metadata without issuer')],
  authorization_endpoint: [`${ISSUER}/authorize`],
  token_endpoint: [`${ISSUER}/token`],
  code_challenge_methods_supported: [['S256']],
  access_token: ['secret'],
  token_type: ['Bearer'],
  id_token: [idToken(CLAIMS(issuerOf('no ID token')))],
  iss: [ISSUER, issuerOf('an ID token of nobody')],
  aud: [CLIENT, 'api'],
  azp: [CLIENT],
  nonce: ['nonce'],
  exp: [now + 600],
  sub: ['user'],
  scope: ['openid'],
  expires_in: [300],
  refresh_token: ['secret'],
  accepted: [true],
  keys: [secret],
  text: [secret],
  from: ['entered'],
  policy: [{}],
  typ: ['JWT'],
  alg: ['HS256'],
  verifier: ['verifier'],
  returnTo: ['https://app.example/'],
  startedAt: [Date.now()],
}
for (const [name, values] of Object.entries(POLLUTIONS)) {
  for (const value of values) {
    prepare()
    const { refusals } = build()
    Object.defineProperty(Object.prototype, name, { __proto__: null, value, configurable: true, writable: true, enumerable: true })
    const found = await accepted(refusals).finally(() => delete Object.prototype[name])
    check(`V2: with \`${name}\` as ${JSON.stringify(value)} on all objects nothing else is accepted`, found.length === 0, found.join(', '))
  }
}
process.exitCode = report(outcome)

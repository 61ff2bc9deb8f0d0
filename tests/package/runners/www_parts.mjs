/** The modules of the page that need no browser. */
import { createHmac, randomBytes } from 'node:crypto'
import { createGate } from 'jotgate'
import { inspect, ready } from 'jotgate/inspect'
import { denialOf, httpText } from '@www/answer_view.ts'
import { configuration } from '@www/configuration.ts'
import { metadataUrls, publicUrl, resourceMetadataUrl } from '@www/fetching.ts'
import { readOptions } from '@www/options_text.ts'
import { fragmentOf, shareableKeys, shareableText, sharedFrom } from '@www/share.ts'
import { range } from '@www/timeline.ts'
import { timeLeft } from '@www/times_text.ts'
import { harness, ok, same } from '@tests/suite/harness.mjs'
import { report } from '@tests/runners/report.mjs'

const { test, run } = harness()
const plain = (value) => JSON.parse(JSON.stringify(value))

test('options: literals of every kind are read', () => {
  const { values, left, of } = readOptions("new Verifier({ issuer: 'https://a', \"audience\": [`b`, \"c\\n\"], clockTolerance: 1_000, requireExp: false, // no\n keys: { keys: [] }, })")
  same(plain(values), { issuer: 'https://a', audience: ['b', 'c\n'], clockTolerance: 1000, requireExp: false, keys: { keys: [] } })
  same([left, of], [[], 'Verifier'])
})
test('options: values that are not literals are named and left out', () => {
  const { values, left } = readOptions("createGate({ issuer: process.env.ISSUER, audience: `a${b}`, onRefusal() { return { x: '}' } }, ...rest, typ: 'JWT', algorithms: ['ES' + 256] })")
  same(plain(values), { typ: 'JWT' })
  same(left, ['issuer', 'audience', 'onRefusal', '...rest', 'algorithms'])
})
test('options: text without an end or without an object is an error, and `__proto__` is only a name', () => {
  for (const text of ['nothing', "createGate({ a: 1", "createGate({ a: 'x"]) {
    let message = ''
    try {
      readOptions(text)
    } catch (error) {
      message = error.message
    }
    ok(message !== '', text)
  }
  readOptions('createGate({ __proto__: { polluted: true } })')
  same({}.polluted, undefined)
})

const reportOf = (change = {}) => ({ token: { text: 'aaa.bbb.ccc', header: [{ name: 'alg', rawJson: '"ES256"' }], claims: [{ name: 'iss', rawJson: '"https://i\\"; evil()"' }, { name: 'aud', rawJson: '["x","y"]' }] }, keys: [], verdicts: { signature: { status: 'holds' } }, ...change })
test('share: no signature unless asked', () => {
  same(shareableText(reportOf(), false), 'aaa.bbb.')
  same(shareableText(reportOf(), true), 'aaa.bbb.ccc')
})
test('share: only public keys', () => {
  const key = { from: 'entered', form: 'jwk', kty: 'EC' }
  same(shareableKeys(reportOf({ keys: [key] }), 'K'), 'K')
  for (const bad of [{ ...key, kty: 'oct' }, { ...key, form: 'secret' }, { ...key, privateMembers: ['d'] }, { ...key, form: 'unknown' }]) same(shareableKeys(reportOf({ keys: [key, bad] }), 'K'), undefined)
})
test('share: a fragment is read back, and foreign ones are ignored', () => {
  same(plain(sharedFrom(fragmentOf({ text: 'ä.b.', issuer: 'i', at: 5 }))), { text: 'ä.b.', issuer: 'i', at: 5 })
  for (const bad of ['', '#x', '#v1.%%%', `#v1.${'A'.repeat(200_000)}`]) same(sharedFrom(bad), undefined)
})

const none = { issuer: [], audience: [], algorithms: [], tolerance: 0, needs: [] }
test('configuration: the token counts only with a key of the user, and every value is quoted', () => {
  const unproven = configuration(reportOf({ keys: [{ from: 'token', matches: true }] }), none)
  ok(!unproven.proven && unproven.text.includes('"https://your-issuer.example"'), unproven.text)
  const { text, proven } = configuration(reportOf({ keys: [{ from: 'entered', matches: true }] }), none)
  ok(proven && text.includes('issuer: "https://i\\"; evil()",') && text.includes('audience: ["x", "y"],') && text.includes('algorithms: ["ES256"],'), text)
})

test('time line: a margin at both ends, and the time left in words', () => {
  const [from, to] = range({ iat: 100, exp: 1100 }, 600)
  ok(from < 100 && to > 1100)
  same([timeLeft(3725, 0), timeLeft(59, 0), timeLeft(0, 90), timeLeft(90_000, 0), timeLeft(0, 3 * 86_400 + 14), timeLeft(5, 5)], ['1 h 2 min left', '59 s left', 'Expired 1 min 30 s ago', '1 d 1 h left', 'Expired 3 d ago', 'Expired 0 s ago'])
})

test('answer: what the page shows is what a gate with the same options answers', async () => {
  await ready()
  const secret = randomBytes(32)
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = (claims, header = {}, key = secret) => {
    const members = { iss: 'https://issuer.example', aud: 'https://api.example', sub: 'user-1', scope: 'items:read', iat: now - 60, exp: now + 240 }
    const text = `${part({ alg: 'HS256', typ: 'at+jwt', ...header })}.${part({ ...members, ...claims })}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }
  const options = { issuer: 'https://issuer.example', audience: 'https://api.example', algorithms: ['HS256'] }
  const jwk = { kty: 'oct', k: secret.toString('base64url'), alg: 'HS256' }
  const gate = createGate({ ...options, keys: jwk })
  const policy = { ...options, typ: ['JWT', 'at+jwt'], typOptional: true, refuseBound: true, clockTolerance: 5 }
  const cases = [
    [token({ exp: now - 42 }), 401],
    [token({ nbf: now + 100 }), 401],
    [token({ aud: 'https://api.example/' }), 401],
    [token({ iss: undefined }), 401],
    [token({}, { typ: 'dpop+jwt' }), 401],
    [token({ cnf: { jkt: 'a' } }), 401],
    [token({}, {}, randomBytes(32)), 401],
    [token({}, { alg: 'none' }), 401],
    [token({}).replace('.', '=.'), 401],
    ['e30.e30', 401],
    [token({}), 403],
    [token({ scope: 'items:read items:write' }), undefined],
  ]
  for (const [text, status] of cases) {
    for (const needs of status === 403 ? [['items:write']] : [[], ['items:read', 'items:write']]) {
      if (status === undefined && needs.length === 0) continue
      const report = inspect(text, { policy, keys: JSON.stringify(jwk), needs: needs.length > 0 ? { scopes: needs } : {} })
      const denial = denialOf(report, needs)
      const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${text}` } })
      const pass = await gate.check(request, needs.length > 0 ? { scopes: needs } : {})
      same([pass.ok ? undefined : pass.status, denial?.status], [status, status], text)
      if (pass.ok) continue
      const response = pass.response()
      const body = await response.text()
      const capital = (name) => name.replace(/^www|^[a-z]|-[a-z]/g, (letters) => letters.toUpperCase())
      const lines = [...response.headers].map(([name, value]) => `${capital(name)}: ${value}`)
      same(await httpText(denial), `HTTP/1.1 ${status} ${JSON.parse(body).title}\n${lines.join('\n')}\n\n${body}`, text)
      same(response.headers.get('www-authenticate').includes('scope="'), needs.length > 0)
    }
  }
})

test('addresses: https, loopback, no user info', () => {
  for (const good of ['https://a.example/x', 'http://127.0.0.1:1', 'http://localhost']) ok(publicUrl(good) instanceof URL, good)
  for (const bad of ['http://a.example', 'javascript:1', 'https://u:p@a.example', 'x']) ok(typeof publicUrl(bad) === 'string', bad)
  same(metadataUrls(new URL('https://a.example/t/')), ['https://a.example/t/.well-known/openid-configuration', 'https://a.example/.well-known/oauth-authorization-server/t'])
  same(resourceMetadataUrl(new URL('https://a.example/mcp')), 'https://a.example/.well-known/oauth-protected-resource/mcp')
})

process.exitCode = report(await run())

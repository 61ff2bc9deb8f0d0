/** Where a gate looks for a token, and when a cookie counts (RFC 6750 §2, §3.1). */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer, NOW } from '../mint.mjs'

export function gateCredentialTests({ jotgate, test, world }) {
  const { createGate } = jotgate
  const gateWith = (extra) =>
    createGate({ keys: world().jwks, algorithms: ['ES256'], issuer, audience, currentDate, ...extra })
  const good = (claims) => world().token('ES256', claims)

  /** A request as a server gets it; a browser's `Request` would not let a page set most of these headers. */
  const request = (headers, { method = 'GET', url = 'https://api.example/items' } = {}) => ({
    headers: new Headers(headers),
    method,
    url,
  })

  /** What a gate says, in one word: the subject, or status and refusal. */
  async function said(gate, incoming) {
    const pass = await gate.check(incoming)
    const now = gate.checkSync(incoming)
    const word = (outcome) => (outcome.ok ? outcome.claims.sub : `${outcome.status} ${outcome.refusal}`)
    same(word(now), word(pass), 'checkSync differs')
    if (!pass.ok) same(pass.response().status, pass.status)
    return word(pass)
  }

  test('a named header bears the bare token', async () => {
    const gate = gateWith({ header: 'Cf-Access-Jwt-Assertion' })
    const token = await good()
    same(await said(gate, request({ 'cf-access-jwt-assertion': token })), 'user-1')
    same(await said(gate, request({ 'Cf-Access-Jwt-Assertion': ` ${token} ` })), 'user-1')
    same(await said(gate, request({})), '401 credentials_absent')
    same(await said(gate, request({ 'cf-access-jwt-assertion': '' })), '401 credentials_absent')
    same(await said(gate, request({ 'x-other': token })), '401 credentials_absent')
    same(await said(gate, request({ 'cf-access-jwt-assertion': `Bearer ${token}` })), '400 credentials_malformed')
    const twice = new Headers({ 'cf-access-jwt-assertion': token })
    twice.append('cf-access-jwt-assertion', token)
    same(await said(gate, { headers: twice }), '400 credentials_repeated')
    // Without the option it is a header like any other.
    same(await said(gateWith(), request({ 'cf-access-jwt-assertion': token })), '401 credentials_absent')
    // It needs no proof of origin: no browser adds it by itself.
    same(await said(gate, request({ 'cf-access-jwt-assertion': token }, { method: 'POST' })), 'user-1')
  })

  test('a cookie bears the token, under its own name or the default', async () => {
    const token = await good()
    const byDefault = gateWith({ cookie: true })
    const named = gateWith({ cookie: 'session' })
    same(await said(byDefault, request({ cookie: `__Host-access_token=${token}` })), 'user-1')
    same(await said(byDefault, request({ cookie: `a=1; __Host-access_token="${token}" ; b=2` })), 'user-1')
    same(await said(named, request({ cookie: `a=b=c;session=${token};d` })), 'user-1')
    for (const cookie of [
      `access_token=${token}`,
      `__host-access_token=${token}`,
      `x__Host-access_token=${token}`,
      '__Host-access_token=',
      '__Host-access_token=""',
      '__Host-access_token',
      '',
      ';;;=;',
      // What another host planted does not get past the prefix by a comma.
      `a=1, __Host-access_token=${token}`,
    ]) {
      same(await said(byDefault, request({ cookie })), '401 credentials_absent', cookie)
    }
    const cases = {
      [`session=${token}; session=${token}`]: '400 credentials_repeated',
      [`session=; session=${token}`]: '400 credentials_repeated',
      [`session=${token}, session=${token}`]: '400 credentials_repeated',
      'session=a b': '400 credentials_malformed',
      'session=garbage': '401 token_parts',
    }
    for (const [cookie, expected] of Object.entries(cases))
      same(await said(named, request({ cookie })), expected, cookie)
    same(await said(gateWith(), request({ cookie: `__Host-access_token=${token}` })), '401 credentials_absent')
  })

  test('a Bearer header wins, and the cookie is then not read', async () => {
    const gate = gateWith({ cookie: 'session', header: 'x-token' })
    const [first, second, third] = await Promise.all(['a', 'b', 'c'].map((sub) => good({ sub })))
    const cookie = `session=${third}`
    same(await said(gate, request({ 'authorization': `Bearer ${first}`, 'x-token': second, cookie })), 'a')
    same(await said(gate, request({ 'x-token': second, cookie })), 'b')
    same(await said(gate, request({ cookie })), 'c')
    // Neither a broken cookie nor a missing origin counts where it is not read.
    const post = { method: 'POST' }
    same(await said(gate, request({ authorization: `bearer ${first}`, cookie: `${cookie};${cookie}` }, post)), 'a')
    // A bad Bearer header is not made good by a cookie.
    same(await said(gate, request({ authorization: 'Bearer', cookie })), '400 credentials_missing')
    same(await said(gate, request({ authorization: 'Bearer a.b.c', cookie })), '401 header_base64url')
    // Another scheme counts as nothing sent.
    same(await said(gate, request({ authorization: 'Basic dXNlcjpwYXNz', cookie })), 'c')
  })

  test('a cookie counts only in requests of the site itself', async () => {
    const gate = gateWith({ cookie: 'session', origins: ['https://app.example', 'http://localhost:3000'] })
    const cookie = `session=${await good()}`
    const forged = '403 cross_site_request'
    const upgrade = { upgrade: 'websocket', connection: 'Upgrade' }
    const cases = [
      // A request that changes nothing passes from any page.
      [{}, 'GET', 'user-1'],
      [{ 'sec-fetch-site': 'cross-site' }, 'GET', 'user-1'],
      [{ origin: 'null' }, 'HEAD', 'user-1'],
      [{ origin: 'https://evil.example' }, 'OPTIONS', 'user-1'],
      // Everything else needs to come from the site itself.
      [{}, 'POST', forged],
      [{}, 'DELETE', forged],
      [{}, 'get', forged],
      [{}, 'QUERY', forged],
      [{}, 'CONNECT', forged],
      [{}, undefined, '403 method_missing'],
      [{ 'sec-fetch-site': 'same-origin' }, 'POST', 'user-1'],
      [{ 'sec-fetch-site': 'same-site' }, 'POST', forged],
      [{ 'sec-fetch-site': 'cross-site' }, 'PUT', forged],
      [{ 'sec-fetch-site': 'none' }, 'POST', forged],
      [{ 'sec-fetch-site': '' }, 'POST', forged],
      [{ 'sec-fetch-site': 'same-origin, cross-site' }, 'POST', forged],
      // `Origin` counts only where `Sec-Fetch-Site` is not there.
      [{ 'sec-fetch-site': 'cross-site', 'origin': 'https://app.example' }, 'POST', forged],
      [{ 'sec-fetch-site': 'same-origin', 'origin': 'https://evil.example' }, 'POST', 'user-1'],
      [{ origin: 'https://app.example' }, 'POST', 'user-1'],
      [{ origin: 'http://localhost:3000' }, 'PATCH', 'user-1'],
      [{ origin: 'https://app.example:443' }, 'POST', forged],
      [{ origin: 'https://app.example.evil.example' }, 'POST', forged],
      [{ origin: 'http://app.example' }, 'POST', forged],
      [{ origin: 'https://APP.example' }, 'POST', forged],
      [{ origin: 'https://app.example, https://app.example' }, 'POST', forged],
      [{ origin: 'null' }, 'POST', forged],
      [{ origin: '' }, 'POST', forged],
      [{ referer: 'https://app.example/' }, 'POST', forged],
      // Any page may open a WebSocket, and the cookies go along.
      [upgrade, 'GET', forged],
      [{ upgrade: 'h2c, WebSocket/13' }, 'GET', forged],
      [{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }, 'GET', forged],
      [{ ...upgrade, origin: 'https://evil.example' }, 'GET', forged],
      [{ ...upgrade, 'sec-fetch-site': 'cross-site' }, 'GET', forged],
      [{ ...upgrade, origin: 'null' }, 'GET', forged],
      [{ ...upgrade, origin: 'https://app.example' }, 'GET', 'user-1'],
      [{ ...upgrade, 'sec-fetch-site': 'same-origin' }, 'GET', 'user-1'],
    ]
    for (const [headers, method, expected] of cases) {
      const incoming = { ...request({ ...headers, cookie }), method }
      same(await said(gate, incoming), expected, `${method} ${JSON.stringify(headers)}`)
    }
    const denied = await gate.check(request({ cookie }, { method: 'POST' }))
    const response = denied.response()
    same([denied.error, denied.challenge, response.headers.get('www-authenticate')], [undefined, undefined, null])
    same((await response.json()).code, 'cross_site_request')
    // Without a configured origin only the browser's own word counts.
    const strict = gateWith({ cookie: 'session' })
    same(await said(strict, request({ cookie, origin: 'https://api.example' }, { method: 'POST' })), forged)
    same(await said(strict, request({ cookie, 'sec-fetch-site': 'same-origin' }, { method: 'POST' })), 'user-1')
    // Nothing to forge without the cookie.
    same(await said(gate, request({}, { method: 'POST' })), '401 credentials_absent')
  })

  test('a query parameter is read only if that is switched on', async () => {
    const token = await good()
    const at = (search) => request({}, { url: `https://api.example/items${search}` })
    same(await said(gateWith(), at(`?access_token=${token}`)), '401 credentials_absent')
    const gate = gateWith({ query: true })
    same(await said(gate, at(`?a=b&access_token=${token}#x`)), 'user-1')
    same(await said(gate, { ...at(''), url: `/items?access_token=${token}` }), 'user-1')
    same(await said(gate, at(`#?access_token=${token}`)), '401 credentials_absent')
    same(await said(gate, at('')), '401 credentials_absent')
    same(await said(gate, at('?access_token=')), '400 credentials_missing')
    same(await said(gate, at(`?access_token=${token}&access_token=${token}`)), '400 credentials_repeated')
    same(await said(gate, at('?access_token=a+b')), '400 credentials_malformed')
    same(await said(gateWith({ query: 'jwt' }), at(`?jwt=${token}`)), 'user-1')
    same(await said(gateWith({ query: 'jwt' }), at(`?access_token=${token}`)), '401 credentials_absent')
    // RFC 6750 §3.1: more than one method is a malformed request.
    const both = { ...at(`?access_token=${token}`), headers: new Headers({ authorization: `Bearer ${token}` }) }
    same(await said(gate, both), '400 credentials_repeated')
    // What a link brings never comes before what its user has.
    const kept = await good({ sub: 'user-2' })
    const linked = { ...at(`?access_token=${token}`), headers: new Headers({ cookie: `session=${kept}` }) }
    same(await said(gateWith({ query: true, cookie: 'session' }), linked), 'user-2')
    await refused(() => gate.check({ headers: new Headers() }), { name: 'TypeError' })
  })

  test("requests of Node's http are taken as they are, with every line that was sent", async () => {
    const token = await good()
    const gate = gateWith({ cookie: 'session', header: 'x-token', query: true })
    const sent = (rawHeaders, more) => ({ headers: {}, rawHeaders, method: 'GET', url: '/', ...more })
    same(await said(gate, sent(['Host', 'a', 'Authorization', `Bearer ${token}`])), 'user-1')
    // Node itself keeps the first of two and hides the other.
    const twice = ['Authorization', `Bearer ${token}`, 'authorization', `Bearer ${token}`]
    same(await said(gate, sent(twice, { headers: { authorization: `Bearer ${token}` } })), '400 credentials_repeated')
    same(await said(gate, { ...sent(undefined), headers: {}, raw: { rawHeaders: twice } }), '400 credentials_repeated')
    same(await said(gate, sent(['Cookie', 'a=b', 'Cookie', `session=${token}`])), 'user-1')
    same(await said(gate, sent(['Cookie', `session=${token}`], { method: 'POST' })), '403 cross_site_request')
    same(await said(gate, sent([], { url: `/x?access_token=${token}` })), 'user-1')
    // Adapters of serverless platforms fill in `headers` alone.
    same(await said(gate, sent([], { headers: { authorization: `Bearer ${token}` } })), 'user-1')
    same(await said(gate, sent([], { headers: { 'x-token': [token, token] } })), '400 credentials_repeated')
    same(await said(gate, sent([], { headers: { cookie: ['a=b', `session=${token}`] } })), 'user-1')
    same(await said(gate, sent([], { headers: { Authorization: `Bearer ${token}`, Host: 'a' } })), 'user-1')
    same(await said(gate, sent([], { headers: { 'X-Token': undefined, 'COOKIE': ['a=b', `session=${token}`] } })), 'user-1')
    const inTwoCases = { Authorization: `Bearer ${token}`, authorization: `Bearer ${token}` }
    same(await said(gate, sent([], { headers: inTwoCases })), '400 credentials_repeated')
    same(await said(gate, sent([])), '401 credentials_absent')
  })

  test('pre-flights pass by option, and nothing else does in their name', async () => {
    const preflight = { 'origin': 'https://app.example', 'access-control-request-method': 'POST' }
    const options = { method: 'OPTIONS' }
    same(await said(gateWith(), request(preflight, options)), '401 credentials_absent')
    same(await said(gateWith({ preflight: false }), request(preflight, options)), '401 credentials_absent')
    const gate = gateWith({ preflight: true })
    same(await gate.check(request(preflight, options), { scopes: ['a'] }), { ok: true, preflight: true })
    same(gate.checkSync(request(preflight, options)), { ok: true, preflight: true })
    for (const [headers, method] of [
      [preflight, 'GET'],
      [preflight, 'POST'],
      [preflight, 'options'],
      [{ origin: 'https://app.example' }, 'OPTIONS'],
      [{ 'access-control-request-method': 'POST' }, 'OPTIONS'],
    ]) {
      same(await said(gate, request(headers, { method })), '401 credentials_absent', method)
    }
    const pass = await gate.check(request({ authorization: `Bearer ${await good()}` }))
    same([pass.preflight, pass.claims.sub], [undefined, 'user-1'])
  })

  test('options that say where tokens stand are checked at construction', async () => {
    const bad = {
      header: [undefined, null, '', 5, true, 'a b', 'a:b', 'é', 'Authorization', 'cookie', 'Set-Cookie', 'a\r\nb'],
      cookie: [undefined, null, '', 5, false, 'a=b', 'a;b', 'a b', 'é'],
      query: [undefined, null, '', 5, false, [], '\ud800'],
      preflight: [undefined, null, '', 0, 'true'],
      origins: [
        undefined,
        null,
        '',
        [],
        [''],
        'null',
        '*',
        'app.example',
        'https://app.example/',
        'https://app.example:443',
        'https://APP.example',
        'https://a@app.example',
        'file:///a',
        ['https://app.example', 'ftp://app.example'],
      ],
    }
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) await misused(() => gateWith({ cookie: 'a', [name]: value }), name, String(value))
    }
    await misused(() => gateWith({ origins: 'https://app.example' }), 'origins')
    ok(gateWith({ cookie: true, origins: 'https://app.example', header: 'X-Token', query: true }))
  })

  test('a token from a cookie is held to the same claims, and refused in the same words', async () => {
    const gate = gateWith({ cookie: 'session' })
    const denied = await gate.check(request({ cookie: `session=${await good({ exp: NOW - 6 })}` }))
    same([denied.status, denied.error, denied.refusal], [401, 'invalid_token', 'expired'])
    same(denied.challenge, 'Bearer realm="api", error="invalid_token", error_description="the token has expired"')
    same((await gate.check(request({ cookie: `session=${await good()}` }))).claims, CLAIMS)
  })
}

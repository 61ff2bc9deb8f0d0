/** What one tab goes through: logins, redirects that are wrong, reloads, renewals, the end. */
import { ok, same } from '../../suite/harness.mjs'
import { atIssuer, call, follow, leave, loggedIn, ready, reasons, signIn, start } from './steps.mjs'

/** The life of the issuer's session in the test that waits for its end: long enough for the issuer's two forms. */
const SESSION_SECONDS = 15

export function loginScenarios(scenario) {
  scenario('a login ends with tokens, the page to return to and a clean address bar', async ({ world, open }) => {
    const tab = await open('/items/7')
    same(await call(tab, 'tokens'), {})
    await start(tab)
    const [first, second] = await signIn(tab, world)
    const { accessToken, claims, scopes, returnTo, expiresAt } = first.value
    same(accessToken.split('.').length, 3)
    same([claims.sub, claims.name, claims.iss, claims.aud], ['ada', 'ada', world.issuer, 'jotgate-page'])
    // The issuer's `scope` is the access token's: what is for the API.
    same(scopes, ['items:read'])
    same(returnTo, `${world.origin}/items/7`)
    ok(Math.abs(expiresAt - Date.now() / 1000 - 300) < 60, `${expiresAt}`)
    same(second, first, 'StrictMode: the second finish() has the outcome of the first')
    same(await tab.evaluate(() => [window.app.addressBar, location.href]), Array(2).fill(`${world.origin}/callback`))
    same(await tab.evaluate(() => JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])), '[[],[]]')
    same((await call(tab, 'tokens')).value.accessToken, accessToken)
    same(await reasons(tab), ['login'])
    same((await call(tab, 'again')).value, first.value, 'a late third call')
  })

  scenario('a reload logs in again through the session of the issuer, without a form', async ({ world, open }) => {
    const tab = await open()
    const before = await loggedIn(tab, world)
    await tab.goto(`${world.origin}/`)
    await ready(tab)
    same(await call(tab, 'tokens'), {})
    await start(tab)
    // No form is filled in: the issuer knows the browser, and redirects at once.
    await tab.until((app) => location.href === `${app}/callback` && document.title === 'ready', world.origin)
    const { value } = await call(tab, 'tokens')
    same([value.claims.sub, value.accessToken === before.accessToken], ['ada', false])
  })

  scenario('storage `session` keeps the access token over a reload, and nothing else', async ({ world, open }) => {
    world.use({ storage: 'session' })
    const tab = await open()
    const { accessToken, idToken } = await loggedIn(tab, world)
    const stored = await tab.evaluate(() => JSON.stringify({ ...sessionStorage }))
    ok(stored.includes(accessToken) && !stored.includes(idToken) && !/refresh|claims|verifier/i.test(stored), 'what is stored')
    await tab.reload()
    await ready(tab)
    const { value } = await call(tab, 'tokens')
    same([value.accessToken, value.idToken, value.claims], [accessToken, undefined, undefined])
    // Nothing can renew it, so a rejection ends it.
    same(await call(tab, 'tokens', { rejected: accessToken }), {})
    same(await tab.evaluate(() => JSON.stringify({ ...sessionStorage })).then((text) => text.includes(accessToken)), false)
    same(await reasons(tab), ['expired'])
  })

  scenario('a forged `state` is state_unknown, offers start() and leaves a pending login alone', async ({ world, open }) => {
    const tab = await open()
    await start(tab)
    await atIssuer(tab, world)
    for (const query of ['code=a&state=forged', 'code=a&state=', 'error=access_denied&state=forged']) {
      await tab.goto(`${world.origin}/callback?${query}&iss=${encodeURIComponent(world.issuer)}`)
      await ready(tab)
      const [first, second] = await outcomes(tab)
      same([first.thrown.code, first.thrown.offers, second.thrown.code], ['state_unknown', 'function', 'state_unknown'], query)
      same(await pending(tab).then(({ length }) => length), 1)
    }
    await start(tab, { returnTo: '/' })
    await signIn(tab, world)
    same((await call(tab, 'tokens')).value.claims.sub, 'ada')
  })

  scenario('a wrong or missing `iss` ends the login before any code is sent', async ({ world, open }) => {
    let requests = 0
    world.hooks.before = ({ url }) => void (requests += url === '/token' ? 1 : 0)
    const tab = await open('/items/7')
    const right = encodeURIComponent(world.issuer)
    const cases = [
      ['code=a&iss=https%3A%2F%2Fother.example', 'iss_mismatch'],
      [`code=a&iss=${right}%2F`, 'iss_mismatch'],
      ['code=a', 'iss_missing'],
      ['error=access_denied', 'iss_missing'],
      ['error=access_denied&iss=https%3A%2F%2Fother.example', 'iss_mismatch'],
      [`error=access_denied&iss=${right}`, 'login_refused'],
      [`iss=${right}`, 'code_missing'],
    ]
    for (const [query, code] of cases) {
      await start(tab)
      await atIssuer(tab, world)
      await tab.goto(`${world.origin}/`)
      const [state] = await pending(tab)
      await tab.goto(`${world.origin}/callback?${query}&state=${state}`)
      await ready(tab)
      const [{ thrown }, second] = await outcomes(tab)
      same([thrown.code, thrown.offers, second.thrown.code], [code, 'function', code], query)
      same(thrown.issuerError, code === 'login_refused' ? 'access_denied' : undefined)
      same(await tab.evaluate(() => window.app.addressBar), `${world.origin}/callback`)
      same((await pending(tab)).length, 0)
    }
    same(requests, 0)
  })

  scenario('a refused login is login_refused, and its start() keeps the page to return to', async ({ world, open }) => {
    const tab = await open('/items/7')
    await start(tab)
    await atIssuer(tab, world)
    await follow(tab, 'a[href$="/abort"]')
    await tab.until((app) => location.origin === app && document.title === 'ready', world.origin)
    const [{ thrown }] = await outcomes(tab)
    same([thrown.code, thrown.issuerError], ['login_refused', 'access_denied'])
    await leave(tab, 'retry')
    const [{ value }] = await signIn(tab, world)
    same(value.returnTo, `${world.origin}/items/7`)
  })

  scenario('the back button leads to no code, before the login and after it', async ({ world, open }) => {
    const tab = await open('/items/7')
    await start(tab)
    await atIssuer(tab, world)
    await tab.back()
    await tab.until((app) => location.href === `${app}/items/7` && document.readyState === 'complete', world.origin)
    same(await call(tab, 'tokens'), {})
    await start(tab)
    const [{ value }] = await signIn(tab, world)
    same(value.claims.sub, 'ada')
    // Away and back: the callback's entry in the history has no code any more.
    await tab.goto(`${world.origin}/items/7`)
    await tab.back()
    await tab.until((app) => location.href === `${app}/callback` && document.title === 'ready', world.origin)
    const { thrown } = await call(tab, 'tokens')
    same(thrown, undefined)
  })

  scenario(
    'tokens are renewed before they end',
    async ({ world, open }) => {
      let renewals = 0
      world.hooks.before = ({ url }) => void (renewals += url === '/token' ? 1 : 0)
      const tab = await open()
      const first = await loggedIn(tab, world)
      const seen = await tab.evaluate(async (first) => {
        for (;;) {
          const { value } = await window.app.tokens()
          if (value === undefined || value.expiresAt * 1000 <= Date.now()) return 'an ended token'
          if (value.accessToken !== first) return value
          await new Promise((settle) => setTimeout(settle, 100))
        }
      }, first.accessToken)
      same([seen.claims.sub, seen.expiresAt > first.expiresAt, renewals], ['ada', true, 2])
      same(await reasons(tab), ['login', 'renewal'])
    },
    { accessSeconds: 20 },
  )

  scenario('an issuer that is not available keeps a valid token in use', async ({ world, open }) => {
    const tab = await open()
    const { accessToken } = await loggedIn(tab, world)
    let refused = 0
    world.hooks.before = ({ url }, response) => {
      if (url !== '/token') return false
      refused++
      response.writeHead(503, { 'access-control-allow-origin': '*' }).end('busy')
      return true
    }
    const { thrown } = await call(tab, 'tokens', { rejected: accessToken })
    same([thrown.code, thrown.isLoginError, refused], ['token_unavailable', true, 1])
    ok(!thrown.message.includes(accessToken))
    same((await call(tab, 'tokens')).value.accessToken, accessToken)
    world.hooks.before = undefined
    const { value } = await call(tab, 'tokens', { rejected: accessToken })
    ok(value.accessToken !== accessToken)
  })

  scenario(
    'an expired session ends with `expired`, and the next login shows the form',
    async ({ world, open }) => {
      const tab = await open()
      const { accessToken } = await loggedIn(tab, world)
      const isLoggedInAt = Date.now()
      await tab.evaluate(async () => {
        while ((await window.app.tokens({ rejected: window.app.changes.at(-1)[1] })).value !== undefined) {
          await new Promise((settle) => setTimeout(settle, 500))
        }
      })
      same((await reasons(tab)).at(-1), 'expired')
      same(await call(tab, 'tokens'), {})
      // The session of the issuer was stored before the login was finished, and lives longer than the refresh token.
      await new Promise((settle) => setTimeout(settle, isLoggedInAt + (SESSION_SECONDS + 1) * 1000 - Date.now()))
      await start(tab)
      await tab.until(() => document.querySelector('[name=login]') !== null)
      const [{ value }] = await signIn(tab, world, { who: 'grace' })
      same([value.claims.sub, value.accessToken === accessToken], ['grace', false])
    },
    // Rotation would give each refresh token a life of its own.
    { settings: { rotateRefreshToken: false, ttl: { Session: SESSION_SECONDS, RefreshToken: 3 } } },
  )

  scenario('logout() revokes the tokens and ends the session of the issuer', async ({ world, open }) => {
    const revoked = []
    world.hooks.before = (request, response) => {
      if (request.url === '/token/revocation') response.on('finish', () => revoked.push(response.statusCode))
    }
    const tab = await open()
    await loggedIn(tab, world)
    await leave(tab, 'logout', { returnTo: '/' })
    await tab.until(() => document.querySelector('[name=logout]') !== null)
    same(revoked, [200])
    const hint = new URL(await tab.evaluate(() => location.href)).searchParams
    same([hint.get('client_id'), hint.get('id_token_hint').split('.').length], ['jotgate-page', 3])
    await follow(tab, '[name=logout]')
    await tab.until((app) => location.href.startsWith(`${app}/`) && document.title === 'ready', world.origin)
    same(await call(tab, 'tokens'), {})
    await start(tab)
    await tab.until(() => document.querySelector('[name=login]') !== null)
  })

  scenario(
    'a renewal that ends after logout() is discarded, and its tokens are revoked',
    async ({ world, open }) => {
      const tab = await open()
      const { accessToken } = await loggedIn(tab, world)
      let release
      const released = new Promise((settle) => (release = settle))
      let revocations = 0
      let asked
      const isAsked = new Promise((settle) => (asked = settle))
      world.hooks.before = (request, response) => {
        if (request.url === '/token/revocation') response.on('finish', () => revocations++)
        if (request.url !== '/token') return false
        // The issuer answers at once; the answer arrives late.
        const { end } = response
        response.end = (...args) => void released.then(() => end.apply(response, args))
        asked()
        return false
      }
      await tab.evaluate((rejected) => void (window.renewal = window.app.tokens({ rejected })), accessToken)
      await isAsked
      same(await call(tab, 'logout'), {})
      release()
      same(await tab.evaluate(async () => JSON.stringify(await window.renewal)), '{}')
      same(await call(tab, 'tokens'), {})
      same([await reasons(tab), revocations], [['login', 'logout'], 2])
    },
    // No `end_session_endpoint`, so that the page stays.
    { settings: { features: { rpInitiatedLogout: { enabled: false } } } },
  )
}

/** The outcomes of the two calls of `finish()` that the page made. */
async function outcomes(tab) {
  return JSON.parse(await tab.evaluate(async () => JSON.stringify(await window.app.finished)))
}

/** The `state` of each login that was started and not finished. */
async function pending(tab) {
  const keys = await tab.evaluate(() => Object.keys(sessionStorage))
  return keys.filter((key) => key.includes(' pending ')).map((key) => key.split(' ').at(-1))
}


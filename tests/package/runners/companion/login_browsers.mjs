/** `jotgate/login` in real browsers logs in, renews and logs out at a real `jotgate-keys` with `--dev-tls`. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { harness, ok, same } from '../../suite/harness.mjs'
import { DRIVERS as DRIVEN } from '../login_drivers.mjs'
import { call, leave, ready, start } from '../login/steps.mjs'
import { bundleApp, startApp } from '../login/world.mjs'
import { report } from '../report.mjs'
import { webkit } from '../www_webkit.mjs'
import { API, PERSON, startCompanion } from './world.mjs'

/** The certificate of `--dev-tls` is its own authority. */
const TRUSTING = { ignoreHTTPSErrors: true }

const DRIVERS = { ...DRIVEN, webkit }

/** The suite in one of {@link DRIVERS}. */
export const companionLoginIn = (name) => async (project, tools) => {
  const script = await bundleApp(project, tools)
  const browser = await DRIVERS[name](TRUSTING)
  tools.about({ version: browser.version })
  const app = await startApp(script)
  const redirectUri = `${app.origin}/callback`
  const words = ['--public', '--redirect', redirectUri, '--offline-access', '--scope', 'items:read', '--audience', API]
  const world = await startCompanion(project.folder, { page: words })
  const { issuer } = world
  app.use({ issuer, clientId: 'page', redirectUri, scopes: ['items:read', 'offline_access'], resource: API })
  const { test, run } = harness()
  try {
    test(`${name}: the page logs in with a password and consent, renews its token and logs out`, async () => {
      const profile = await browser.newProfile(TRUSTING)
      try {
        const tab = await profile.newTab()
        await tab.goto(`${app.origin}/items/7`)
        await ready(tab)
        same(await call(tab, 'tokens'), {})
        await start(tab)
        const first = await signIn(tab, app.origin)
        same([first.returnTo, [...first.scopes].sort()], [`${app.origin}/items/7`, ['items:read', 'offline_access']])
        same(await tab.evaluate(() => location.href), redirectUri)
        const claims = claimsOf(first.accessToken)
        same([claims.iss, claims.aud, claims.client_id, claims.scope, claims.amr], [issuer, API, 'page', 'items:read', ['pwd']])
        const renewed = (await call(tab, 'tokens', { rejected: first.accessToken })).value
        ok(renewed.accessToken !== first.accessToken, 'the token is the same')
        same(claimsOf(renewed.accessToken).auth_time, claims.auth_time)
        same(await call(tab, 'logout'), {})
        same(await call(tab, 'tokens'), {})
        same(await tab.evaluate(() => window.app.changes.map(([reason]) => reason)), ['login', 'renewal', 'logout'])
        await until(() => world.log().includes('token revoked'), () => world.log())
      } finally {
        await profile.close()
      }
    })
    test(`${name}: with OpenID, the page knows the person, and logs out at the companion without a question`, async () => {
      await mkdir(join(project.folder, 'openid'))
      const returnTo = `${app.origin}/items/7`
      const more = ['--redirect', redirectUri, '--logout-redirect', returnTo, '--scope', 'openid items:read', '--audience', API]
      const openid = await startCompanion(join(project.folder, 'openid'), { page: ['--public', ...more] }, { init: ['--openid'] })
      app.use({ issuer: openid.issuer, scopes: ['openid', 'items:read'] })
      const profile = await browser.newProfile(TRUSTING)
      try {
        const tab = await profile.newTab()
        await tab.goto(returnTo)
        await ready(tab)
        await start(tab)
        const { claims, accessToken } = await signIn(tab, app.origin)
        same([claims.iss, claims.aud, claims.sub, claims.amr], [openid.issuer, 'page', claimsOf(accessToken).sub, ['pwd']])
        await leave(tab, 'logout', { returnTo })
        await tab.until((href) => location.href === href && document.title === 'ready', returnTo)
        same(await call(tab, 'tokens'), {})
        await start(tab)
        await tab.until(() => document.querySelector('[name=password]') !== null)
      } finally {
        await profile.close()
        openid.stop()
      }
    })
    return report(await run())
  } finally {
    world.stop()
    app.stop()
    await browser.close()
  }
}

/** Fills in the companion's pages until the app is back; the tokens that it got. */
async function signIn(tab, origin) {
  for (const page of ['login', 'consent']) {
    await tab.until((page) => document.querySelector(page === 'login' ? '[name=password]' : '[value=allow]') !== null, page)
    await tab.evaluate(
      ({ page, person }) => {
        for (const [name, value] of Object.entries(page === 'login' ? person : {})) document.querySelector(`[name=${name}]`).value = value
        // The driver's call ends before the page does.
        setTimeout(() => document.querySelector('button').click())
      },
      { page, person: PERSON },
    )
  }
  await tab.until((origin) => location.origin === origin && document.title === 'ready', origin)
  const [{ value, thrown }] = JSON.parse(await tab.evaluate(async () => JSON.stringify(await window.app.finished)))
  if (thrown) throw new Error(`the login failed: ${JSON.stringify(thrown)}`)
  return value
}

/** The claims of a token; the package's own suites verify them. */
function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
}

async function until(holds, about) {
  for (const since = Date.now(); !holds(); ) {
    if (Date.now() - since > 30_000) throw new Error(`it did not become true:\n${about()}`)
    await new Promise((settle) => setTimeout(settle, 50))
  }
}

/** Unmodified OpenID clients in Chromium at a real `jotgate-keys`: oidc-client-ts, react-oidc-context and `@auth/core`. */
import { spawn } from 'node:child_process'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { harness, ok, same } from '../../suite/harness.mjs'
import { DRIVERS } from '../login_drivers.mjs'
import { startApp } from '../login/world.mjs'
import { report } from '../report.mjs'
import { stopping } from '../serving.mjs'
import { npmClients } from '../setup.mjs'
import { API, PERSON, startCompanion } from './world.mjs'

/** The certificate of `--dev-tls` is its own authority. */
const TRUSTING = { ignoreHTTPSErrors: true }
const SCOPE = 'openid profile email offline_access'
const PROFILE = ['--full-name', 'Ada Lovelace', '--email', 'ada@example.com', '--email-verified', 'true']
/** Pages by the package that they use. */
const PAGES = { 'oidc-client-ts': 'oidc_client_page.mjs', 'react-oidc-context': 'react_page.mjs' }

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function openidBrowsers({ folder }, { here, bundle, about }) {
  const packages = npmClients()
  const browser = await DRIVERS.chromium()
  about({ version: browser.version })
  const common = ['--offline-access', '--scope', 'openid profile email', '--audience', API]
  // On a loopback address, any port will do.
  const page = ['--public', '--redirect', 'http://127.0.0.1/callback', '--logout-redirect', 'http://127.0.0.1/callback']
  const server = ['--redirect', 'http://127.0.0.1/auth/callback/jotgate', '--logout-redirect', 'http://127.0.0.1/']
  const clients = { page: [...page, ...common], server: [...server, ...common] }
  const world = await startCompanion(folder, clients, { init: ['--openid'] })
  world.keys(['users', 'set', PERSON.username, ...PROFILE])
  const stops = [() => world.stop(), () => browser.close()]
  const { test, run } = harness()
  try {
    for (const [name, file] of Object.entries(PAGES)) {
      const app = await startApp(await bundled(name, file))
      stops.push(() => app.stop())
      app.use({
        authority: world.issuer,
        client_id: 'page',
        redirect_uri: `${app.origin}/callback`,
        post_logout_redirect_uri: `${app.origin}/callback`,
        scope: SCOPE,
      })
      test(`${name}: a page logs in, reads /userinfo, renews and logs out`, () => inTab((tab) => visitPage(tab, app)))
    }
    const origin = await startServer()
    test('@auth/core: a server logs in, renews and logs out', () => inTab((tab) => visitServer(tab, origin)))
    return report(await run())
  } finally {
    for (const stop of stops.reverse()) await stop()
  }

  async function bundled(name, file) {
    await cp(join(here, 'runners', 'companion', file), join(folder, file))
    const outfile = join(folder, 'www', `${name}.js`)
    const nodePaths = [join(here, 'clients', 'node_modules')]
    const define = { 'process.env.NODE_ENV': '"production"' }
    await bundle(folder, { entryPoints: [join(folder, file)], outfile, nodePaths, define, minify: true })
    return readFile(outfile)
  }

  async function inTab(work) {
    const profile = await browser.newProfile(TRUSTING)
    try {
      await work(await profile.newTab())
    } finally {
      await profile.close()
    }
  }

  /** Fills in the companion's pages until the browser is back at `origin`. */
  async function logIn(tab, origin) {
    for (const page of ['login', 'consent']) {
      await tab.until((page) => document.querySelector(page === 'login' ? '[name=password]' : '[value=allow]') !== null, page)
      await tab.leave(
        ({ page, person }) => {
          for (const [name, value] of Object.entries(page === 'login' ? person : {})) document.querySelector(`[name=${name}]`).value = value
          document.querySelector('button').click()
        },
        { page, person: PERSON },
      )
    }
    await tab.until((origin) => location.origin === origin, origin)
  }

  async function visitPage(tab, app) {
    const ready = async () => same(await tab.until(() => /^(ready|failed)/.test(document.title) && document.title), 'ready')
    const call = async (name) => JSON.parse(await tab.evaluate(async (name) => JSON.stringify((await window.app[name]()) ?? null), name))
    const leave = async (name) => {
      await tab.evaluate(() => void (document.title = 'leaving'))
      await tab.leave((name) => window.app[name](), name)
    }
    await tab.goto(`${app.origin}/`)
    await ready()
    await leave('start')
    await logIn(tab, app.origin)
    await ready()
    const user = await call('user')
    const { name, preferred_username: username, email, email_verified: verified } = user.profile
    same([name, username, email, verified], ['Ada Lovelace', 'ada', 'ada@example.com', true])
    same(user.scope.split(' ').sort(), SCOPE.split(' ').sort())
    const renewed = await call('renew')
    ok(renewed.accessToken !== user.accessToken && renewed.refreshToken !== user.refreshToken, 'nothing is new')
    same([renewed.profile.sub, renewed.profile.sid], [user.profile.sub, user.profile.sid])
    await leave('logout')
    await tab.until((origin) => location.origin === origin && document.title !== 'leaving', app.origin)
    await ready()
    // No page of the companion asked: the ID token is one of the session. Now it asks for the password again.
    same(await call('user'), null)
    await leave('start')
    await tab.until(() => document.querySelector('[name=password]') !== null)
  }

  async function startServer() {
    const env = {
      ...process.env,
      ISSUER: world.issuer,
      CLIENT: 'server',
      SECRET: world.secrets.server,
      PACKAGES: packages.resolve('@auth/core'),
      NODE_EXTRA_CA_CERTS: world.certificate,
    }
    const child = spawn(process.execPath, [join(here, 'runners', 'companion', 'auth_core_server.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    stops.push(stopping(child))
    for await (const line of createInterface({ input: child.stdout })) return line
    throw new Error('the server with @auth/core ended')
  }

  async function visitServer(tab, origin) {
    const session = () => tab.evaluate(async () => JSON.parse(JSON.stringify(await (await fetch('/auth/session')).json())))
    await tab.goto(`${origin}/auth/signin`)
    await tab.leave(() => document.querySelector('form button').click())
    await logIn(tab, origin)
    await tab.until(() => document.readyState === 'complete')
    const first = await session()
    same([first.user.name, first.user.email, first.renewals], ['Ada Lovelace', 'ada@example.com', 0])
    const again = await tab.evaluate(async () => {
      const { csrfToken } = await (await fetch('/auth/csrf')).json()
      const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ csrfToken, data: {} }) }
      return (await fetch('/auth/session', options)).json()
    })
    same([again.renewals, again.access === first.access], [1, false])
    // Auth.js ends its own session; the application sends the browser on to the issuer's.
    await tab.goto(`${origin}/auth/signout`)
    await tab.leave(() => document.querySelector('form button').click())
    await tab.until(() => location.pathname === '/')
    same(await session(), null)
    const query = new URLSearchParams({ id_token_hint: again.id, post_logout_redirect_uri: `${origin}/`, state: 'left' })
    await tab.goto(`${world.issuer}/logout?${query}`)
    await tab.until((origin) => location.href === `${origin}/?state=left`, origin)
    await tab.goto(`${origin}/auth/signin`)
    await tab.leave(() => document.querySelector('form button').click())
    await tab.until(() => document.querySelector('[name=password]') !== null)
  }
}

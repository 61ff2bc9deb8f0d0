/** `jotgate/login` in real browsers against a real, unmodified `oidc-provider`. */
import { harness, ok, same } from '../suite/harness.mjs'
import { DRIVERS } from './login_drivers.mjs'
import { startWorld } from './login_world.mjs'
import { report } from './report.mjs'

/** The suite in one of {@link DRIVERS}. */
export const loginIn = (name) => async (project, tools) => {
  const browser = await DRIVERS[name]()
  tools.about({ version: browser.version })
  try {
    const { test, run } = harness()
    scenarios({ test, browser, project, tools, name })
    return report(await run())
  } finally {
    await browser.close()
  }
}

function scenarios({ test, browser, project, tools, name }) {
  /** A test with a world and a browser profile of its own. */
  const scenario = (title, work, options) =>
    test(`${name}: ${title}`, async () => {
      const world = await startWorld(project, tools, options)
      const profile = await browser.newProfile()
      const open = async (path = '/') => {
        const tab = await profile.newTab()
        await tab.goto(world.origin + path)
        await tab.until(() => document.title === 'ready')
        return tab
      }
      try {
        await work({ world, profile, open })
      } finally {
        await profile.close()
        world.stop()
      }
    })

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
    same((await tab.evaluate(() => window.app.changes)).map(([reason]) => reason), ['login'])
  })
}

/** One of the app's calls: `{ value }` or `{ thrown }`, as JSON has it. */
async function call(tab, name, options) {
  const work = async ({ name, options }) => JSON.stringify(await window.app[name](options))
  return JSON.parse(await tab.evaluate(work, { name, options }))
}

/** Begins a login, and waits until the issuer's page is there. */
async function start(tab, options) {
  await tab.evaluate((options) => void window.app.start(options), options)
  await tab.until(() => document.querySelector('form') !== null)
}

/** Logs in on the issuer's pages and grants what they ask for; the outcomes of the app's two calls of `finish()`. */
async function signIn(tab, world, { who = 'ada' } = {}) {
  for (;;) {
    await tab.until(
      (app) => (location.origin === app ? document.title === 'ready' : document.querySelector('button[type=submit]') !== null),
      world.origin,
    )
    const isBack = await tab.evaluate(
      ({ app, who }) => {
        if (location.origin === app) return true
        const login = document.querySelector('[name=login]')
        if (login !== null) {
          login.value = who
          document.querySelector('[name=password]').value = 'any'
        }
        const button = document.querySelector('button[type=submit]')
        // Only once: the next look at this page must wait for the next one.
        setTimeout(() => button.click())
        button.removeAttribute('type')
        return false
      },
      { app: world.origin, who },
    )
    if (isBack) return JSON.parse(await tab.evaluate(async () => JSON.stringify(await window.app.finished)))
  }
}

/** What a person does in the login suites, in any driver's tab. */

/** Waits until the app is there. */
export function ready(tab) {
  return tab.until(() => document.title === 'ready')
}

/** One of the app's calls: `{ value }` or `{ thrown }`, as JSON has it. */
export async function call(tab, name, options) {
  const work = async ({ name, options }) => JSON.stringify(await window.app[name](options))
  return JSON.parse(await tab.evaluate(work, { name, options }))
}

/** Makes one of the app's calls that leaves the page: `start` or `logout`. Until then the page is not `ready`. */
export async function leave(tab, name, options) {
  await tab.evaluate(() => void (document.title = 'leaving'))
  await tab.leave(({ name, options }) => window.app[name](options), { name, options })
}

/** Begins a login; the tab is on its way to the issuer when this returns. */
export function start(tab, options) {
  return leave(tab, 'start', options)
}

/** Clicks what navigates. */
export function follow(tab, selector) {
  return tab.leave((selector) => document.querySelector(selector).click(), selector)
}

/** Waits until a tab has an access token: another tab may take its time to send it. */
export function shares(tab, accessToken) {
  return tab.until(async (expected) => (await window.app.tokens()).value?.accessToken === expected, accessToken)
}

/** Waits for the issuer's form. */
export function atIssuer(tab, world) {
  return tab.until((issuer) => location.origin === issuer && document.querySelector('form') !== null, world.issuer)
}

/** Logs in on the issuer's pages and grants what they ask for; the outcomes of the app's two calls of `finish()`. */
export async function signIn(tab, world, { who = 'ada' } = {}) {
  const outcomes = await tab.until(
    async ({ app, who }) => {
      if (location.origin === app) return document.title === 'ready' && JSON.stringify(await window.app.finished)
      const button = document.querySelector('button[type=submit]')
      if (button === null) return false
      const login = document.querySelector('[name=login]')
      if (login !== null) {
        login.value = who
        document.querySelector('[name=password]').value = 'any'
      }
      // Only once: the next look at this page must wait for the next one.
      button.removeAttribute('type')
      setTimeout(() => button.click())
      return false
    },
    { app: world.origin, who },
  )
  return JSON.parse(outcomes)
}

/** A tab that is logged in, with the outcome of `finish()`. */
export async function loggedIn(tab, world, options) {
  await start(tab)
  const [first] = await signIn(tab, world, options)
  if (first.thrown) throw new Error(`the login failed: ${JSON.stringify(first)}`)
  return first.value
}

/** What `onChange` was called with in a tab: the reasons. */
export async function reasons(tab) {
  return (await tab.evaluate(() => window.app.changes)).map(([reason]) => reason)
}

/** Waits for a reason that `onChange` was called with. */
export function changed(tab, reason) {
  return tab.until((reason) => window.app.changes.some(([found]) => found === reason), reason)
}

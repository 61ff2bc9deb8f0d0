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

/** Begins a login; the tab is on its way to the issuer when this returns. */
export async function start(tab, options) {
  await tab.evaluate((options) => {
    document.title = 'leaving'
    void window.app.start(options)
  }, options)
}

/** Waits for the issuer's form. */
export function atIssuer(tab, world) {
  return tab.until((issuer) => location.origin === issuer && document.querySelector('form') !== null, world.issuer)
}

/** Logs in on the issuer's pages and grants what they ask for; the outcomes of the app's two calls of `finish()`. */
export async function signIn(tab, world, { who = 'ada' } = {}) {
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

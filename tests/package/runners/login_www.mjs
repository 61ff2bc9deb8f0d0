/**
 * `www/login.html` in Chromium, as `cargo xtask demo --www` serves it: logs in at a real `jotgate-keys` over TLS. Each state is looked at
 * with axe, and nothing is off its policy.
 */
import { AXE_RULES, axeScript, inEachLook } from './axe.mjs'
import { API, PERSON, startCompanion } from './companion/world.mjs'
import { checks, report } from './report.mjs'
import { DRIVERS } from './login_drivers.mjs'
import { buildPage } from './www_world.mjs'

/** The login page at the companion: any port of a loopback address counts. */
const PAGE = 'http://127.0.0.1/login.html'
const CLIENT = ['--public', '--redirect', PAGE, '--logout-redirect', PAGE, '--offline-access', '--scope', 'openid items:read items:write', '--audience', API]

export async function loginPage(project, tools) {
  const folder = buildPage(project, tools)
  const browser = await DRIVERS.chromium()
  tools.about({ version: browser.version })
  const { serveWww } = await import('../../../src/xtask/commands/demo/serve_www.mjs')
  const companion = await startCompanion(project.folder, { 'jotgate-page': CLIENT }, { init: ['--openid'] })
  const { issuer } = companion
  const settings = { issuer, clientId: 'jotgate-page', scopes: ['openid', 'items:read', 'items:write', 'offline_access'], resource: API }
  const world = await serveWww(folder, settings)
  const axe = await axeScript()
  const { check, outcome } = checks()
  try {
    await inEachLook(visit)
  } finally {
    await browser.close()
    world.stop()
    companion.stop()
  }
  return report(outcome)

  async function visit(colorScheme, width) {
    const { context, newTab, close } = await browser.newProfile({ colorScheme, viewport: { width, height: 900 }, ignoreHTTPSErrors: true })
    const { page } = await newTab()
    const name = (state) => `${colorScheme}, ${width} px: ${state}`
    const strange = []
    const isOurs = () => page.url().startsWith(world.page)
    page.on('console', (message) => isOurs() && strange.push(message.text()))
    page.on('pageerror', (error) => strange.push(error.message))
    context.on('request', (request) => {
      const { origin } = new URL(request.url())
      if (![world.page, issuer].includes(origin) && !request.url().startsWith('data:')) strange.push(request.url())
    })
    const looked = async (state) => {
      await page.evaluate(axe)
      const { violations } = await page.evaluate((values) => globalThis.axe.run({ runOnly: values }), AXE_RULES)
      check(name(`${state}: axe finds nothing`), violations.length === 0, violations.map(({ id }) => id).join())
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
      check(name(`${state}: nothing is cut off`), !wide, 'the page scrolls sideways')
    }
    const says = (words) =>
      page.waitForFunction((words) => {
        const buttons = [...document.querySelectorAll('button')]
        return document.getElementById('status').textContent.includes(words) && buttons.every(({ disabled }) => !disabled)
      }, words)

    await page.goto(`${world.page}/login.html`)
    await says('You are not logged in.')
    await looked('logged out')
    const firstStep = await page.getAttribute('#first-step a', 'href')
    check(name('the page says which certificate has to be accepted'), firstStep.startsWith(`${issuer}/`), firstStep)
    // By the keyboard alone: after the links to the other page and to the issuer.
    for (let turn = 0; turn < 4; turn++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.fill('[name=username]', PERSON.username)
    await page.fill('[name=password]', PERSON.password)
    await page.click('button[type=submit]')
    await page.click('[value=allow]')
    await page.waitForURL(`${world.page}/login.html`)
    await says('Logged in as u_')
    await looked('logged in')
    const claims = await page.textContent('#access-claims')
    check(name('the claims of the access token'), claims.includes('items:write') && claims.includes(issuer), claims)
    const about = await page.textContent('#id-claims')
    check(name('the claims of the ID token'), about.includes('jotgate-page') && about.includes('sid'), about)
    await page.click('#renew')
    await says('with a new token')
    check(name('a login without a console message and without another origin'), strange.length === 0, strange.join('\n'))
    const blocked = await page.evaluate(() => fetch('/login.js').then(() => 'loaded', (error) => error.name))
    check(name('it connects to the issuer alone'), blocked === 'TypeError', blocked)
    // That attempt was ours.
    strange.length = 0
    await page.click('#logout')
    await page.waitForURL(`${world.page}/login.html*`)
    await says('You are not logged in.')
    await looked('logged out again')
    const log = companion.log()
    check(name('the refresh token was revoked'), log.includes('token revoked'), log)
    await page.goto(`${world.page}/login.html?state=forged&code=a`)
    await says('state_unknown')
    await looked('refused')
    check(name('a logout without a console message and without another origin'), strange.length === 0, strange.join('\n'))
    await close()
  }
}

/** `www/login.html` in Chromium, as `cargo xtask demo --www` serves it: each state, with axe, and nothing off its policy. */
import { AXE_RULES, axeScript, inEachLook } from './axe.mjs'
import { checks, report } from './report.mjs'
import { DRIVERS } from './login_drivers.mjs'
import { buildPage } from './www_world.mjs'


export async function loginPage(project, tools) {
  const folder = buildPage(project, tools)
  const browser = await DRIVERS.chromium()
  tools.about({ version: browser.version })
  const { serveWww } = await import('../../../src/xtask/commands/demo/serve_www.mjs')
  const world = await serveWww(folder)
  const axe = await axeScript()
  const { check, outcome } = checks()
  try {
    await inEachLook(visit)
  } finally {
    await browser.close()
    world.stop()
  }
  return report(outcome)

  async function visit(colorScheme, width) {
    const { context, newTab, close } = await browser.newProfile({ colorScheme, viewport: { width, height: 900 } })
    const { page } = await newTab()
    const name = (state) => `${colorScheme}, ${width} px: ${state}`
    const strange = []
    const isOurs = () => page.url().startsWith(world.page)
    page.on('console', (message) => isOurs() && strange.push(message.text()))
    page.on('pageerror', (error) => strange.push(error.message))
    context.on('request', (request) => {
      const { origin } = new URL(request.url())
      // The pages of the issuer ask for a font; ours ask for nothing but their files and the issuer.
      if (request.frame().url().startsWith(world.page) && ![world.page, world.issuer].includes(origin)) {
        if (!request.url().startsWith('data:')) strange.push(request.url())
      }
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
    // By the keyboard alone: after the links to the other page.
    for (let turn = 0; turn < 3; turn++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.fill('[name=login]', 'ada')
    await page.fill('[name=password]', 'any')
    await page.click('button[type=submit]')
    await page.waitForSelector('input[value=consent]', { state: 'attached' })
    await page.click('button[type=submit]')
    await page.waitForURL(`${world.page}/login.html`)
    await says('Logged in as ada.')
    await looked('logged in')
    const claims = await page.textContent('#access-claims')
    check(name('the claims of both tokens'), claims.includes('items:write') && (await page.textContent('#id-claims')).includes('ada'), claims)
    await page.click('#renew')
    await says('with a new token')
    check(name('a login without a console message and without another origin'), strange.length === 0, strange.join('\n'))
    const blocked = await page.evaluate(() => fetch('/login.js').then(() => 'loaded', (error) => error.name))
    check(name('it connects to the issuer alone'), blocked === 'TypeError', blocked)
    // That attempt was ours.
    strange.length = 0
    await page.click('#logout')
    await page.click('[name=logout][value=yes]')
    await page.waitForURL(`${world.page}/login.html*`)
    await says('You are not logged in.')
    await page.goto(`${world.page}/login.html?state=forged&code=a`)
    await says('state_unknown')
    await looked('refused')
    check(name('a logout without a console message and without another origin'), strange.length === 0, strange.join('\n'))
    await close()
  }
}

/** Every page of the companion in Chromium: axe, 320 and 1280 px, light and dark, by the keyboard, without a script. */
import { AXE_RULES, axeScript, inEachLook } from '../axe.mjs'
import { DRIVERS } from '../login_drivers.mjs'
import { checks, report } from '../report.mjs'
import { API, PERSON, startCompanion } from './world.mjs'

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function companionPages({ folder }, { about }) {
  const redirect = 'http://127.0.0.1:9/callback'
  const words = ['--public', '--redirect', redirect, '--offline-access', '--scope', 'openid profile email items:read items:write', '--audience', API]
  const device = ['--public', '--device', '--offline-access', '--scope', 'items:read', '--audience', API]
  const world = await startCompanion(folder, { 'a-page-with-a-long-name': words, 'television': device }, { init: ['--openid'] })
  const browser = await DRIVERS.chromium()
  about({ version: browser.version })
  const axe = await axeScript()
  const { check, outcome } = checks()
  const asked = { client_id: 'a-page-with-a-long-name', redirect_uri: redirect, scope: 'openid profile email items:read items:write offline_access' }
  const query = new URLSearchParams({ response_type: 'code', ...asked, code_challenge: CHALLENGE, code_challenge_method: 'S256' })
  const authorize = `${world.issuer}/authorize`
  try {
    await inEachLook(visit)
  } finally {
    await browser.close()
    world.stop()
  }
  return report(outcome)

  async function visit(colorScheme, width) {
    const options = { colorScheme, viewport: { width, height: 800 }, ignoreHTTPSErrors: true }
    const { newTab, close } = await browser.newProfile(options)
    const { page } = await newTab()
    const strange = []
    page.on('console', (message) => strange.push(message.text()))
    page.on('request', (request) => request.url().startsWith(world.issuer) || strange.push(request.url()))
    async function looked(state) {
      const name = (words) => `${colorScheme}, ${width} px: ${state}: ${words}`
      await page.evaluate(axe)
      const { violations } = await page.evaluate((values) => globalThis.axe.run({ runOnly: values }), AXE_RULES)
      check(name('axe finds nothing'), violations.length === 0, violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`).join('\n'))
      const { wide, scripts, heading } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth > innerWidth,
        scripts: document.scripts.length,
        heading: document.querySelectorAll('h1').length,
      }))
      check(name('it fits, has one heading and no script'), !wide && scripts === 0 && heading === 1, JSON.stringify({ wide, scripts, heading }))
      const folder = process.env.SCREENSHOTS
      if (folder) await page.screenshot({ path: `${folder}/${state.replaceAll(' ', '-')}-${colorScheme}-${width}.png`, fullPage: true })
    }
    await page.goto(`${authorize}?client_id=unknown`)
    await looked('error')
    await page.goto(`${authorize}?${query}`)
    await looked('login')
    // By the keyboard alone: the first field to fill in has the focus.
    const focused = (name) => page.waitForFunction((name) => document.activeElement?.getAttribute('name') === name, name)
    await focused('username')
    await page.keyboard.type(PERSON.username)
    await page.keyboard.press('Tab')
    await page.keyboard.type('a wrong password')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=alert]')
    await looked('wrong password')
    await focused('password')
    await page.keyboard.type(PERSON.password)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[value=allow]')
    await looked('consent')
    const begun = await page.request.post(`${world.issuer}/device_authorization`, { form: { client_id: 'television', scope: 'items:read' } })
    const codes = await begun.json()
    await page.goto(codes.verification_uri)
    await looked('device')
    await focused('user_code')
    await page.keyboard.type('BBBB-BBBB')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=alert]')
    await looked('unknown code')
    await page.goto(codes.verification_uri_complete)
    await focused('user_code')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[value=allow]')
    await looked('device consent')
    const consent = await page.textContent('main')
    check(`${colorScheme}, ${width} px: the page shows the code and the client`, consent.includes(codes.user_code) && consent.includes('television'), consent)
    await page.click('[value=allow]')
    await page.waitForFunction(() => document.title === 'Connected')
    await looked('device connected')
    await page.goto(`${world.issuer}/logout`)
    await looked('sign out')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.title === 'Signed out')
    await looked('signed out')
    check(`${colorScheme}, ${width} px: no console message and no request to elsewhere`, strange.every((text) => /40[04]/.test(text)), strange.join('\n'))
    await close()
  }
}

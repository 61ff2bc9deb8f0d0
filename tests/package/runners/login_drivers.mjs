/** One way to drive two browsers: Chromium by playwright-core, Firefox by puppeteer-core over WebDriver BiDi. */
import { pathToFileURL } from 'node:url'
import { CHROMIUM_FLAGS } from './browsers/browsers.mjs'
import { debian, npmDrivers } from './setup.mjs'

/** Each starts a browser: `newProfile()` is an empty one, whose `newTab()` opens tabs that share cookies and channels. */
export const DRIVERS = {
  async chromium() {
    const executablePath = debian('chromium', '/usr/bin/chromium')
    const { chromium } = npmDrivers()('playwright-core')
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS })
    return {
      version: browser.version(),
      close: () => browser.close(),
      async newProfile(options) {
        const context = await browser.newContext(options)
        return {
          context,
          newTab: async () => tab(await context.newPage()),
          /** What a click in `tab` opened. */
          async opened(one, work) {
            const [page] = await Promise.all([context.waitForEvent('page'), work()])
            return tab(page)
          },
          close: () => context.close(),
        }
      },
    }
  },
  async firefox({ ignoreHTTPSErrors = false } = {}) {
    const executablePath = debian('firefox-esr', '/usr/bin/firefox-esr')
    const { default: puppeteer } = await import(pathToFileURL(npmDrivers().resolve('puppeteer-core')))
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, acceptInsecureCerts: ignoreHTTPSErrors })
    return {
      version: (await browser.version()).replace(/^firefox\//i, ''),
      close: () => browser.close(),
      async newProfile() {
        const context = await browser.createBrowserContext()
        return {
          context,
          newTab: async () => tab(await context.newPage()),
          async opened(one, work) {
            const popup = new Promise((settle) => one.page.once('popup', settle))
            await work()
            return tab(await popup)
          },
          close: () => context.close(),
        }
      },
    }
  },
}

/** How long a page may take, in milliseconds: generous, as the machine may be busy. */
const LIMIT = 60_000

/** What the two drivers' pages have in common. */
function tab(page) {
  page.setDefaultTimeout(LIMIT)
  return {
    page,
    url: () => page.url(),
    goto: (url) => page.goto(url, { waitUntil: 'load' }),
    reload: () => page.reload({ waitUntil: 'load' }),
    evaluate: (work, argument) => page.evaluate(work, argument),
    close: () => page.close(),
    /** Waits until `holds` returns something in the page, across navigations; returns that. */
    async until(holds, argument) {
      const since = Date.now()
      for (;;) {
        let problem
        // A page that navigates away destroys what was being evaluated.
        const found = await page.evaluate(holds, argument).catch((thrown) => void (problem = thrown))
        if (found) return found
        if (Date.now() - since > LIMIT) throw new Error(`${page.url()}: \`${holds}\` did not become true`, { cause: problem })
        await new Promise((settle) => setTimeout(settle, 50))
      }
    },
    /** Does in the page what makes it navigate: after the evaluation, which a navigation would destroy. */
    async leave(work, argument) {
      await page.evaluate(`void setTimeout(() => (${work})(${JSON.stringify(argument)}))`)
    },
    async back() {
      // Not by the driver: it waits for a load event, which a page from the back/forward cache does not have.
      await this.leave(() => history.back())
    },
  }
}

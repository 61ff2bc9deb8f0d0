/** The page, built from the packed package, in real browsers. */
import { harness, ok } from '../suite/harness.mjs'
import { DRIVERS } from './login_drivers.mjs'
import { report } from './report.mjs'
import { chromiumTests } from './www_chromium.mjs'
import { FLOWS, MISDEEDS, ready } from './www_flows.mjs'
import { webkit } from './www_webkit.mjs'
import { buildPage, startWorld } from './www_world.mjs'

/** How long one test may take, in milliseconds: the machine may be busy. */
const LIMIT = 300_000

const ALL = { ...DRIVERS, webkit }

/**
 * The suite in one browser: the main flows in each, every item in Chromium. `ONLY=words` in the environment runs the tests whose titles
 * contain the words.
 */
export const pageIn = (name) => async (project, tools) => {
  const browser = await ALL[name]()
  tools.about({ version: browser.version })
  const out = buildPage(project, tools)
  // Chromium's driver reports violations and errors itself.
  const world = await startWorld(out, tools, name !== 'chromium')
  /**
   * A profile of its own with one tab on the page. Fails on a request off the page's origin that is not in `allowed`, on a violation of
   * the policy, and on an error in the console that is not `expected`.
   */
  const fresh = async ({ allowed = [], expected, quiet = false, open = `${world.page}/`, ...options }, work) => {
    const profile = await browser.newProfile(options)
    const tab = await profile.newTab()
    const trouble = []
    const requests = []
    tab.page?.on('console', (message) => {
      const said = `${message.text()}`
      if (message.type() === 'error' && !expected?.test(said)) trouble.push(said)
    })
    tab.page?.on('pageerror', (error) => trouble.push(`${error}`))
    tab.page?.on('request', (request) => requests.push(request.url()))
    try {
      if (open !== false) {
        await tab.goto(open)
        await ready(tab)
      }
      await work(tab, { requests, context: profile.context })
      requests.push(...(profile.requests ?? []))
      trouble.push(...(await tab.evaluate(() => window.trouble ?? [])).filter((said) => !expected?.test(said)))
    } finally {
      await profile.close()
    }
    const strange = requests.filter((url) => !/^(data|blob|about|file):/.test(url) && !url.startsWith(`${world.page}/`) && !allowed.includes(url))
    const problems = [
      ...(strange.length > 0 ? [`requests without a click: ${strange.join(', ')}`] : []),
      ...(!quiet && trouble.length > 0 ? [`the console: ${trouble.join(' · ')}`] : []),
    ]
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
  try {
    const { test: add, run } = harness(LIMIT)
    const test = (title, body) => title.includes(process.env.ONLY ?? '') && add(title, body)
    for (const [words, misdeed] of Object.entries(MISDEEDS)) {
      test(`${name}: a test fails on “${words}”`, async () => {
        const { message } = await fresh({}, (tab) => misdeed(tab, world)).then(() => ({ message: 'nothing' }), (thrown) => thrown)
        ok(message.includes(words), message)
      })
    }
    for (const [title, flow] of Object.entries(FLOWS)) test(`${name}: ${title}`, () => fresh({}, flow))
    if (name === 'chromium') chromiumTests((title, body) => test(`${name}: ${title}`, body), { out, world, project, fresh, tools })
    return report(await run())
  } finally {
    world.stop()
    await browser.close()
  }
}

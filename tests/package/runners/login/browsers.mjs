/** `jotgate/login` in real browsers against a real, unmodified `oidc-provider`. */
import { harness } from '../../suite/harness.mjs'
import { DRIVERS } from '../login_drivers.mjs'
import { loginScenarios } from './scenarios.mjs'
import { tabScenarios } from './tabs.mjs'
import { ready } from './steps.mjs'
import { bundleApp, startWorld } from './world.mjs'
import { report } from '../report.mjs'

/** How long one test may take, in milliseconds: some open the issuer's pages twenty times, and the machine may be busy. */
const LIMIT = 300_000

/** The suite in one of {@link DRIVERS}. `ONLY=words` in the environment runs the tests whose titles contain the words. */
export const loginIn = (name) => async (project, tools) => {
  const script = await bundleApp(project, tools)
  const browser = await DRIVERS[name]()
  tools.about({ version: browser.version })
  try {
    const { test: add, run } = harness(LIMIT)
    const test = (title, body) => title.includes(process.env.ONLY ?? '') && add(title, body)
    /** A test with servers and a browser profile of its own. */
    const scenario = (title, work, options) =>
      test(`${name}: ${title}`, async () => {
        const world = await startWorld(script, options)
        const profile = await browser.newProfile()
        const open = async (path = '/') => {
          const tab = await profile.newTab()
          await tab.goto(world.origin + path)
          await ready(tab)
          return tab
        }
        try {
          await work({ world, profile, open, name })
        } finally {
          await profile.close()
          world.stop()
        }
      })
    loginScenarios(scenario)
    tabScenarios(scenario)
    return report(await run())
  } finally {
    await browser.close()
  }
}

/** The contest in a page. It gets its work from the server of the page, and reports to it. */
import { allCases } from './all_cases.mjs'
import { enterHere } from './batch.mjs'

const post = (message) => fetch('/report', { method: 'POST', body: JSON.stringify(message) })

try {
  const { fixtures, plan } = await (await fetch('/request')).json()
  await post({ about: { agent: navigator.userAgent, isolated: globalThis.crossOriginIsolated } })
  let last = 0
  await allCases(plan, enterHere(fixtures), async (message) => {
    if (message.tick === undefined) await post(message)
    else if (performance.now() - last > 1_000) {
      last = performance.now()
      void post(message)
    }
  })
  await post({ end: true })
} catch (thrown) {
  await post({ end: true, problem: `${thrown?.stack ?? thrown}` })
}

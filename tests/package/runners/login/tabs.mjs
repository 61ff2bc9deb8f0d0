/** What several tabs of one browser go through. */
import { ok, same } from '../../suite/harness.mjs'
import { call, changed, leave, loggedIn, ready, reasons, shares, signIn, start } from './steps.mjs'

export function tabScenarios(scenario) {
  scenario('two tabs share tokens, and renew once when both want to at once', async ({ world, open }) => {
    const renewals = countRenewals(world)
    const first = await open()
    const { accessToken } = await loggedIn(first, world)
    const second = await open()
    await shares(second, accessToken)
    const both = await Promise.all([first, second, first].map((tab) => call(tab, 'tokens', { rejected: accessToken })))
    const [renewed] = new Set(both.map(({ value }) => value.accessToken))
    same(
      both.map(({ value }) => value.accessToken),
      Array(3).fill(renewed),
    )
    ok(renewed !== accessToken)
    same(renewals(), 1)
    await Promise.all([changed(first, 'renewal'), changed(second, 'renewal')])
    same([await reasons(first), await reasons(second)], [['login', 'renewal'], ['login', 'renewal']])
  })

  scenario('a duplicated tab has the tokens, and no refresh token of its own', async ({ world, profile, open }) => {
    world.use({ storage: 'session' })
    const renewals = countRenewals(world)
    const first = await open()
    const { accessToken } = await loggedIn(first, world)
    // A tab that a page opens starts with a copy of its `sessionStorage`, as a duplicated tab does.
    const second = await profile.opened(first, () => first.evaluate(() => void window.open('/')))
    await ready(second)
    ok((await second.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(accessToken), 'it is a copy')
    const [one, two] = await Promise.all([first, second].map((tab) => call(tab, 'tokens', { rejected: accessToken })))
    same(one.value.accessToken, two.value.accessToken)
    ok(one.value.accessToken !== accessToken)
    same([renewals(), two.value.claims.sub], [1, 'ada'])
    // Alone, it goes on: what it got by the channel is in its memory.
    await first.close()
    const { value } = await call(second, 'tokens', { rejected: two.value.accessToken })
    ok(value.accessToken !== two.value.accessToken)
    same(renewals(), 2)
  })

  scenario('a logout in one tab ends the login in the others', async ({ world, open }) => {
    world.use({ storage: 'session' })
    const first = await open()
    const { accessToken } = await loggedIn(first, world)
    const second = await open()
    await shares(second, accessToken)
    await leave(second, 'logout')
    await changed(first, 'logout')
    same(await call(first, 'tokens'), {})
    same(await call(first, 'tokens', { rejected: accessToken }), {})
    ok(!(await first.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(accessToken))
    const third = await open()
    same(await call(third, 'tokens'), {})
  })

  scenario('a login as another user in one tab changes the others', async ({ world, open }) => {
    const first = await open()
    const { accessToken } = await loggedIn(first, world)
    const second = await open()
    await shares(second, accessToken)
    await start(second, { parameters: { prompt: 'login' } })
    await signIn(second, world, { who: 'grace' })
    await first.until(() => window.app.changes.length === 2)
    same((await call(first, 'tokens')).value.claims.sub, 'grace')
  })

  scenario('a frozen tab that has the lock delays the others by ten seconds, not for ever', async ({ world, open, name }) => {
    const first = await open()
    const { accessToken } = await loggedIn(first, world)
    const second = await open()
    await shares(second, accessToken)
    await first.evaluate(async () => {
      const { lock } = window.app
      await new Promise((granted) => void navigator.locks.request(lock, () => new Promise(() => granted())))
    })
    // Only Chromium can be asked to freeze a tab; elsewhere the test holds only the lock.
    const wake = name === 'chromium' ? await freeze(first) : undefined
    const since = Date.now()
    const { value } = await call(second, 'tokens', { rejected: accessToken })
    ok(value.accessToken !== accessToken)
    ok(Date.now() - since > 9_000, `${Date.now() - since} ms`)
    await wake?.()
    // Awake, it has the newer tokens without a request of its own.
    await changed(first, 'renewal')
    same((await call(first, 'tokens')).value.accessToken, value.accessToken)
  })

  scenario('without Web Locks and channels a tab renews by itself', async ({ world, open }) => {
    const tab = await open('/?bare')
    const before = await loggedIn(tab, world)
    ok(await tab.evaluate(() => navigator.locks === undefined && window.BroadcastChannel === undefined))
    const { value } = await call(tab, 'tokens', { rejected: before.accessToken })
    ok(value.accessToken !== before.accessToken)
    same(await reasons(tab), ['login', 'renewal'])
  })
}

/** Counts the renewals that reach the issuer. */
function countRenewals(world) {
  let requests = 0
  world.hooks.before = ({ method, url }) => void (requests += method === 'POST' && url === '/token' ? 1 : 0)
  // The login itself is one.
  return () => requests - 1
}

async function freeze({ page }) {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return () => session.send('Page.setWebLifecycleState', { state: 'active' })
}

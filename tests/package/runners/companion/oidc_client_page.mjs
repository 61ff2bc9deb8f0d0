/** A page with the unmodified `oidc-client-ts`. */
import { UserManager } from 'oidc-client-ts'

const settings = JSON.parse(document.getElementById('options').textContent)
const manager = new UserManager({ ...settings, loadUserInfo: true, automaticSilentRenew: false })

/** What the suite reads of a user. */
const shown = (user) =>
  user && { profile: user.profile, idToken: user.id_token, accessToken: user.access_token, refreshToken: user.refresh_token, scope: user.scope }

window.app = {
  user: async () => shown(await manager.getUser()),
  start: () => manager.signinRedirect(),
  renew: async () => shown(await manager.signinSilent()),
  logout: () => manager.signoutRedirect({ state: 'left' }),
}
const { pathname, search } = location
const back = async () => {
  if (pathname !== '/callback') return
  // Both answers come here; the code shows which one it is.
  await (search.includes('code=') ? manager.signinCallback() : manager.signoutCallback())
}
document.title = await back().then(
  () => 'ready',
  (thrown) => `failed: ${thrown}`,
)

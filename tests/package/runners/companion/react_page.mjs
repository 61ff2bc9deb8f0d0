/** A page with the unmodified `react-oidc-context`. */
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { AuthProvider, useAuth } from 'react-oidc-context'

const settings = JSON.parse(document.getElementById('options').textContent)

/** What the suite reads of a user. */
const shown = (user) =>
  user && { profile: user.profile, idToken: user.id_token, accessToken: user.access_token, refreshToken: user.refresh_token, scope: user.scope }

function Page() {
  const auth = useAuth()
  window.app = {
    user: async () => shown(auth.user),
    start: () => auth.signinRedirect(),
    renew: async () => shown(await auth.signinSilent()),
    logout: () => auth.signoutRedirect(),
  }
  if (auth.error) document.title = `failed: ${auth.error}`
  else document.title = auth.isLoading || auth.activeNavigator ? 'loading' : 'ready'
  return createElement('p', null, auth.isAuthenticated ? `Hello ${auth.user.profile.preferred_username}` : 'Logged out')
}

const options = { ...settings, loadUserInfo: true, automaticSilentRenew: false, onSigninCallback: () => history.replaceState({}, '', '/') }
createRoot(document.body.appendChild(document.createElement('main'))).render(createElement(AuthProvider, options, createElement(Page)))

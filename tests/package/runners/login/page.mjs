/** The app of the login suites: a page that logs in, and offers what it did to the driver as `window.app`. */
import { createLogin, LoginError } from 'jotgate/login'

if (new URLSearchParams(location.search).has('bare') || sessionStorage.getItem('bare')) {
  // An old browser; the mark survives the way to the issuer.
  sessionStorage.setItem('bare', 'yes')
  Object.defineProperty(navigator, 'locks', { value: undefined })
  window.BroadcastChannel = undefined
}
const changes = []
const options = JSON.parse(document.getElementById('options').textContent)
const login = createLogin({ ...options, onChange: ({ reason, tokens }) => changes.push([reason, tokens?.accessToken]) })

/** An outcome in a form that a driver can carry. */
async function outcomeOf(work) {
  try {
    return { value: await work }
  } catch (thrown) {
    const { name, code, issuerError, claim, message } = thrown
    return { thrown: { name, code, issuerError, claim, message, isLoginError: thrown instanceof LoginError, offers: typeof thrown.start } }
  }
}

window.app = {
  login,
  changes,
  start: (options) => outcomeOf(login.start(options)),
  tokens: (options) => outcomeOf(login.tokens(options)),
  logout: (options) => outcomeOf(login.logout(options)),
  // The lock's name, as the other tabs of this login know it.
  lock: `jotgate-login ${JSON.stringify([options.issuer, options.clientId, options.redirectUri, options.scopes, [options.resource]])}`,
  again: () => outcomeOf(login.finish(window.app.arrivedAt)),
  /** What a button on a failed login does. */
  retry: () => login.finish(window.app.arrivedAt).catch((error) => error.start()),
  arrivedAt: location.href,
}
if (new URLSearchParams(location.search).has('state')) {
  // As React's StrictMode does: the effect runs, and runs again at once.
  const [first, second] = [outcomeOf(login.finish()), outcomeOf(login.finish())]
  // What the address bar shows before anything was awaited.
  window.app.addressBar = location.href
  window.app.finished = Promise.all([first, second])
}
document.title = 'ready'

/** The login page: logs in at one issuer, shows the claims of its tokens, renews them and logs out. */
import { decodeJwt } from 'jotgate/decode'
import { createLogin } from 'jotgate/login'
import options from './login.config.mjs'

const element = (id) => document.getElementById(id)
const page = new URL('login.html', location.href).href
/** What the page says without tokens, by the reason why there are none. */
const WITHOUT = { logout: 'You are logged out.', expired: 'Your login has ended. Log in again.' }
/** Claims that hold a time, in seconds since 1970. */
const TIMES = ['iat', 'nbf', 'exp', 'auth_time']

const login = createLogin({ ...options, redirectUri: page, onChange: ({ reason, tokens }) => show(tokens, reason) })
let shown
/** What the main button does: a failed login starts again with the page to return to. */
let begin = () => login.start()

element('issuer').textContent = options.issuer
element('start').addEventListener('click', () => working('Going to the issuer…', () => begin()))
element('logout').addEventListener('click', () => working('Logging out…', () => login.logout({ returnTo: page })))
element('renew').addEventListener('click', () =>
  working('Renewing…', async () => show(await login.tokens({ rejected: shown?.accessToken }), 'renewal')),
)
// A page that comes back from the back/forward cache still has the buttons of its departure.
addEventListener('pageshow', ({ persisted }) => persisted && working('', load))
setInterval(countDown, 1000)
await working('Looking for a login…', load)

async function load() {
  const isRedirect = new URLSearchParams(location.search).has('state')
  show(isRedirect ? await login.finish() : await login.tokens(), isRedirect ? 'login' : undefined)
}

/** Runs a step with the buttons disabled, and shows its error. */
async function working(text, step) {
  const buttons = [...document.querySelectorAll('button')]
  for (const button of buttons) button.disabled = true
  if (text !== '') status(text)
  try {
    await step()
  } catch (error) {
    if (error.start !== undefined) begin = () => error.start()
    show(shown)
    const reason = error.issuerError ?? error.claim
    status(`${error.message} (${error.code}${reason === undefined ? '' : `: ${reason}`})`, 'fails')
  } finally {
    for (const button of buttons) button.disabled = false
  }
}

function status(text, tone = '') {
  element('status').textContent = text
  element('login').className = `banner ${tone}`.trimEnd()
}

function show(tokens, reason) {
  shown = tokens
  for (const id of ['renew', 'logout', 'tokens', 'left']) element(id).hidden = tokens === undefined
  element('start').hidden = tokens !== undefined
  if (tokens === undefined) return status(WITHOUT[reason] ?? 'You are not logged in.')
  const claims = decoded(tokens.accessToken)
  const who = tokens.claims?.name ?? tokens.claims?.sub ?? claims?.sub ?? 'someone'
  status(`Logged in as ${who}${reason === 'renewal' ? ', with a new token' : ''}.`, 'holds')
  element('scopes').replaceChildren(...tokens.scopes.map((scope) => text('li', scope)))
  element('id-card').hidden = tokens.claims === undefined
  list('id-claims', tokens.claims ?? {})
  element('opaque').hidden = claims !== undefined
  list('access-claims', claims ?? {})
  countDown()
}

/** The claims of an access token. Returns `undefined` if it is opaque. */
function decoded(token) {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

function list(id, claims) {
  const rows = Object.entries(claims).flatMap(([name, value]) => [text('dt', name), text('dd', written(name, value))])
  element(id).replaceChildren(...rows)
}

function written(name, value) {
  if (TIMES.includes(name) && typeof value === 'number') return `${value} · ${new Date(value * 1000).toLocaleString()}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function text(tag, content) {
  const made = document.createElement(tag)
  made.textContent = content
  return made
}

function countDown() {
  if (shown?.expiresAt === undefined) return void (element('left').hidden = true)
  const left = Math.max(0, Math.round(shown.expiresAt - Date.now() / 1000))
  const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
  element('left').textContent = left === 0 ? 'The access token has ended.' : `The access token ends in ${time}.`
}

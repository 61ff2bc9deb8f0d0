/** The rule for single-page apps, shown on the token at hand: decoding is for showing, the API decides. */
import { decodeJwt } from '../../pkg-templates/src/decode/standalone.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { denialOf, httpText } from './answer_view.js'
import { h, prose, show } from './dom.js'
import { oneLetterChanged } from './samples.js'

/** Shows the rule; `inspectAgain` reports on another token with the same keys and options; `needs` are the scopes of the request. */
export function showSpa(element: HTMLElement, report: Report, inspectAgain: (text: string) => Report, needs: readonly string[], cost: string): void {
  const token = report.token?.text
  if (token === undefined || report.verdicts?.format.status !== 'holds') return show(element)
  const outcome = h('div', { role: 'status', class: 'list' })
  const change = h('button', { type: 'button' }, 'Change one character and ask the API')
  change.addEventListener('click', async () => {
    const forged = oneLetterChanged(token)
    const again = inspectAgain(forged)
    const denial = denialOf(again, needs)
    show(
      outcome,
      h('div', {}, h('h3', {}, 'What your page shows'), h('p', {}, `Signed in as ${nameIn(forged)}.`), h('p', { class: 'help' }, prose('`jotgate/decode` reads the changed token without an error: it verifies nothing.'))),
      h(
        'div',
        {},
        h('h3', {}, 'What your API answers'),
        h('pre', { class: 'http', tabindex: 0, role: 'region', 'aria-label': 'The answer of the API' }, denial === undefined ? 'Nothing can be said without a key.' : await httpText(denial)),
      ),
    )
  })
  show(
    element,
    h('h2', {}, 'In a single-page app'),
    h('p', {}, 'Decode a token to show a name or to hide a button. Let the API decide what is allowed: anyone who changes the page can change what it shows.'),
    h('p', { class: 'help' }, `Reading claims takes jotgate/decode, about 1 KB. ${cost}`),
    h('div', { class: 'tools' }, change),
    outcome,
  )
}

/** What a page would greet the user with. */
function nameIn(token: string): string {
  try {
    const claims = decodeJwt(token)
    const found = ['name', 'preferred_username', 'email', 'sub'].map((name) => (Object.hasOwn(claims, name) ? claims[name] : undefined)).find((value) => typeof value === 'string')
    return typeof found === 'string' ? found : 'a user without a name'
  } catch {
    return 'a user without a name'
  }
}

/** The gate's exact answer: the same code as `createGate`'s makes it. */
import { answer, challenge, denialFrom, withNeededScope } from '../../pkg-templates/src/gate/challenge.js'
import type { Denial } from '../../pkg-templates/src/gate/denial.js'
import { lack } from '../../pkg-templates/src/gate/rights.js'
import type { Refusal } from '../../pkg-templates/src/base/refusal.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { copyButton, h, prose } from './dom.js'
import { card } from './report_view.js'

/** The answer to a request with this token that needs these scopes; `undefined` where it passes or nothing can be said. */
export function denialOf(report: Report, needs: readonly string[]): Denial | undefined {
  const { refusal } = report
  if (refusal === undefined) return undefined
  // The page asks for scopes alone, no permissions or roles.
  const denial = refusal.code === 'insufficient_scope' ? lack('scope') : denialFrom(refusal as Refusal)
  return withNeededScope(denial, needs.join(' '))
}

/** The answer as HTTP shows it. */
export async function httpText(denial: Denial): Promise<string> {
  const response = answer(denial, challenge(denial, { realm: 'api' }))
  const names: Record<string, string> = { 'www-authenticate': 'WWW-Authenticate', 'content-type': 'Content-Type', 'cache-control': 'Cache-Control', 'retry-after': 'Retry-After' }
  const fields = [...response.headers].map(([name, value]) => `${names[name] ?? name}: ${value}`)
  const { title } = (await response.clone().json()) as { title: string }
  return `HTTP/1.1 ${response.status} ${title}\n${fields.join('\n')}\n\n${await response.text()}`
}

/** The card with the answer. */
export async function answerCard(report: Report, needs: readonly string[]): Promise<HTMLElement | undefined> {
  if (report.verdicts === undefined) return undefined
  const request = needs.length === 0 ? 'a request' : `a request that needs ${needs.join(' ')}`
  const denial = denialOf(report, needs)
  if (denial === undefined) {
    const { dpop } = report
    if (dpop !== undefined && report.token?.type !== 'dpop_proof') {
      const failing = dpop.checks.find(({ status }) => status === 'fails')
      return card('What your gate answers', h('p', {}, prose(failing === undefined ? `With the option \`proof: dpop()\`, it lets ${request} pass.` : `With the option \`proof: dpop()\`, it refuses the proof: ${failing.why}`)))
    }
    return report.verdicts.signature.status === 'holds' ? card('What your gate answers', h('p', {}, `It lets ${request} pass.`)) : undefined
  }
  const text = await httpText(denial)
  return card('What your gate answers', h('p', {}, `To ${request} with this token:`), h('pre', { class: 'http', tabindex: 0, role: 'region', 'aria-label': 'The answer' }, text), h('div', { class: 'tools' }, copyButton(() => text)))
}

/** The banner: the outcome in one line, the reason, the compared values, the likely cause, and what to do. */
import type { DocumentReport } from '../../pkg-templates/src/inspect/documents.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { comparison, type Expectations } from './comparison.js'
import { h, prose, visible } from './dom.js'
import { code } from './report_view.js'

/** The class of the banner and what it contains. */
export interface Banner {
  readonly state: string
  readonly children: HTMLElement[]
}

/** The samples that are offered before anything is pasted. */
const FIRST_SAMPLES = ['Expired 42 seconds ago', 'For another audience', 'Changed after it was signed']

const title = (text: string): HTMLElement => h('h2', { id: 'verdict' }, text)
const action = (text: string): HTMLElement => h('p', { class: 'action' }, prose(text))

/** The banner of a report on `text`. */
export function banner(report: Report, text: string, expected: Expectations): Banner {
  const { state, children } = report.input.kind === 'empty' ? empty() : report.verdicts === undefined ? withoutToken(report, text) : ofToken(report, expected)
  const remarks = report.notes.map((note) => h('p', { class: 'note' }, prose(`${note.why} ${note.action ?? ''}`)))
  return { state, children: [...children, ...remarks] }
}

function empty(): Banner {
  const samples = FIRST_SAMPLES.map((name) => h('button', { type: 'button', class: 'quiet', 'data-sample': name }, name))
  return { state: '', children: [title('Nothing pasted yet'), h('p', {}, 'Paste a token, or look at a sample first:'), h('div', { class: 'tools' }, samples)] }
}

function ofToken(report: Report, expected: Expectations): Banner {
  const { refusal, cause, verdicts } = report
  if (verdicts === undefined) return empty()
  if (refusal === undefined) {
    if (verdicts.signature.status === 'holds' && report.accepted !== false) return accepted(report)
    const reason = Object.values(verdicts).find(({ status }) => status !== 'holds') ?? verdicts.signature
    const children = [title(reason.status === 'fails' ? 'Refused' : 'Not decided yet'), h('p', {}, prose(reason.why)), ...(reason.action === undefined ? [] : [action(reason.action)])]
    return { state: reason.status, children }
  }
  const isOpen = verdicts[refusal.verdict].status === 'unknown'
  const rows = comparison(report, expected)
  const compared = rows.length === 0 ? [] : [h('dl', { class: 'compare' }, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, visible(value))]))]
  return {
    state: isOpen ? 'unknown' : 'fails',
    children: [
      title(isOpen ? 'Not decided yet' : 'Refused'),
      h('p', {}, prose(refusal.why), ' ', code(refusal.code, refusal.link)),
      ...(cause === undefined
        ? [...compared, action(refusal.action)]
        : [h('div', { class: 'cause' }, h('h3', {}, 'Likely cause'), h('p', {}, prose(cause.why)), compared, action(cause.action))]),
    ],
  }
}

/** An accepted token: what passed, and what was not compared. */
function accepted({ verdicts, rules, dpop }: Report): Banner {
  const failing = dpop?.checks.find(({ status }) => status === 'fails')
  if (failing !== undefined) {
    const why = `The token itself is right. Its DPoP proof is not: ${failing.why}`
    return { state: 'fails', children: [title('Refused'), h('p', {}, prose(why)), ...(failing.action === undefined ? [] : [action(failing.action)])] }
  }
  const open = [...Object.values(verdicts ?? {}), ...(dpop?.checks ?? [])].filter(({ status }) => status === 'unknown')
  const left = ['issuer', 'audience'].filter((name) => !rules.some(({ rule }) => rule === name))
  const isWhole = open.length + left.length === 0
  return {
    state: 'holds',
    children: [
      title('Accepted'),
      h('p', {}, isWhole ? `Every check passes${dpop === undefined ? '.' : ', and the DPoP proof fits the token and the request.'}` : 'Every check that was asked for passes.'),
      ...(left.length > 0 ? [action(`Not compared: ${left.join(' and ')}. Enter what your API expects, or a token for another API passes.`)] : []),
      ...open.map(({ why }) => h('p', { class: 'help' }, prose(why))),
    ],
  }
}

const KINDS: Record<string, string> = {
  opaque_token: 'An opaque token',
  jwks: 'A key set',
  jwk: 'A key',
  pem: 'A key or a certificate',
  resource_metadata: 'Metadata of a protected resource',
  issuer_metadata: 'Metadata of an issuer',
  token_response: 'A token response',
  introspection: 'An answer of introspection',
  error_response: 'An error of an issuer',
  url: 'A URL without a token',
  json: 'A JSON document',
}
const IS_KEY = 'Paste it into the field “Keys” to verify a token with it. Its contents are below.'
const OPAQUE = 'It is not a JWT, so only its issuer can read it. Ask the issuer’s introspection endpoint (RFC 7662).'
const NO_TOKEN = 'A JWT starts with “eyJ” and has three parts with dots between them. Paste one, or text that contains one.'
const WITHOUT_TOKEN: Record<string, string> = {
  jwks: IS_KEY,
  jwk: IS_KEY,
  pem: IS_KEY,
  issuer_metadata: 'To verify a token of this issuer, enter its key set under “Keys”: it is at `jwks_uri`. The contents of the document are below.',
  resource_metadata: 'It names the issuers whose tokens an API accepts. Its contents are below.',
  json: 'It contains no JWT. Its contents are below.',
}

/** The banner of a text that contains no JWT. */
function withoutToken(report: Report, text: string): Banner {
  const { input, challenges, documents } = report
  const challenge = challenges[0]
  if (challenge !== undefined) return { state: 'unknown', children: [title('A challenge'), h('p', {}, prose(challenge.why)), action(challenge.action)] }
  const instead = placeholder(text)
  if (instead !== undefined) return { state: 'unknown', children: [title('No token found'), h('p', {}, prose(instead))] }
  const isOpaque = input.found.some(({ kind }) => kind === 'opaque_token')
  const kind = isOpaque && KINDS[input.kind] === undefined ? 'opaque_token' : input.kind
  const what = ofDocument(documents[0]) ?? (isOpaque ? OPAQUE : (WITHOUT_TOKEN[kind] ?? NO_TOKEN))
  return { state: 'unknown', children: [title(KINDS[kind] ?? 'No token found'), h('p', {}, prose(what))] }
}

/** What an issuer's answer says. */
function ofDocument(document: DocumentReport | undefined): string | undefined {
  const member = (name: string) => document?.members.find((found) => found.name === name)?.rawJson
  if (document?.kind === 'introspection') {
    return member('active') === 'true'
      ? 'The issuer says that the token is active. Compare the members below with what your API expects.'
      : 'The issuer says that the token is not active: it has expired, was revoked, or is not for the API that asks. The issuer does not say which.'
  }
  if (document?.kind === 'error_response') return `The issuer refused the request: ${visible(member('error') ?? '')}. Its contents are below.`
  return undefined
}

/** What the text contains where a token should be: a value that was never filled in, or credentials of another kind. */
function placeholder(text: string): string | undefined {
  const start = text.slice(0, 10_000)
  const [found] = /\[object [A-Za-z]+\]|\$\{[^}]*\}|\{\{[^}]*\}\}|(?<=\b(?:bearer|token)["':=\s]+)(?:undefined|null)\b/i.exec(start) ?? []
  if (found !== undefined) return `The text contains \`${found.replaceAll('`', '')}\` where a token should be: the client had no token when it wrote this.`
  return /\bbasic\s+[A-Za-z0-9+/]+=*/i.test(start) && /authorization/i.test(start) ? 'It contains Basic credentials: a user name and a password, which are no token. Keep them secret.' : undefined
}

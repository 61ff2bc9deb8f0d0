/** Shows a report below the banner: the four verdicts, the token, rules, claims, keys, challenges and documents. */
import type { ClaimReport, Status } from '../../pkg-templates/src/inspect/claims.js'
import type { ChallengeReport, DocumentReport } from '../../pkg-templates/src/inspect/documents.js'
import type { KeyReport, PartReport, Report, RuleReport, TokenReport, Verdict, Verdicts } from '../../pkg-templates/src/inspect/report.js'
import { copyButton, h, prose, visible } from './dom.js'
import { mark } from './icons.js'
import { localTime } from './times_text.js'

const STATES: Record<Status, string> = { holds: 'Right', fails: 'Wrong', unknown: 'Not checked' }
const VERDICTS: Record<keyof Verdicts, string> = {
  format: 'Format',
  signature: 'Signature',
  claims: 'Claims and times',
  keyOrigin: 'Where the key came from',
}
/** The question of each verdict, which is shown before anything is pasted. */
const ABOUT: Record<keyof Verdicts, string> = {
  format: 'Are the parts, the encoding and the JSON right?',
  signature: 'Did the holder of this key sign exactly this text?',
  claims: 'Is it for you, from your issuer, and valid now?',
  keyOrigin: 'Who says that the key belongs to the issuer?',
}
const DOCUMENTS = 'https://github.com/jotgate/jotgate/blob/main/docs/'

/** A code, with a link to the page on it. */
export function code(text: string, link?: string): HTMLElement {
  const shown = h('code', {}, text)
  if (link === undefined) return h('span', { class: 'code' }, shown)
  const href = link.startsWith('https://') ? link : `${DOCUMENTS}${link.replace(/^docs\//, '')}`
  return h('a', { class: 'code', href, rel: 'noreferrer', target: '_blank' }, shown)
}

/** The four verdicts, which are never mixed. The banner already says what to do about the code `refused`, and the `action` of the cause. */
export function verdictCards(verdicts: Verdicts | undefined, refused?: string, action?: string): HTMLElement[] {
  return (Object.keys(VERDICTS) as (keyof Verdicts)[]).map((name) => {
    const verdict: Verdict | undefined = verdicts?.[name]
    if (verdict === undefined) {
      return h('article', { class: 'verdict' }, h('h3', {}, VERDICTS[name]), h('p', { class: 'help' }, ABOUT[name]))
    }
    return h(
      'article',
      { class: `verdict ${verdict.status}` },
      h('h3', {}, VERDICTS[name]),
      h('p', { class: 'state' }, mark(verdict.status), STATES[verdict.status]),
      h('p', {}, prose(verdict.why)),
      verdict.action !== undefined && verdict.action !== action && verdict.code !== refused && h('p', { class: 'action' }, prose(verdict.action)),
      verdict.code !== undefined && h('p', {}, code(verdict.code, verdict.link)),
    )
  })
}

/** The pasted token in its parts, with the first bad byte marked. */
export function tokenView(text: string, token: TokenReport | undefined): HTMLElement[] {
  if (token === undefined) return []
  const bad = token.firstBad?.at
  const pieces: (Node | string)[] = []
  /** The text from `start` to `end`, with the bad character marked if it is there. */
  const piece = (start: number, end: number, kind: string) => {
    if (start >= end) return
    if (bad === undefined || bad < start || bad >= end) pieces.push(h('span', { class: kind }, text.slice(start, end)))
    else {
      const next = bad + ([...text.slice(bad, bad + 2)][0]?.length ?? 1)
      if (bad > start) pieces.push(h('span', { class: kind }, text.slice(start, bad)))
      const shown = text.slice(bad, next)
      pieces.push(h('mark', { title: token.firstBad?.why }, /^\s$/u.test(shown) ? '␠' : shown))
      if (next < end) pieces.push(h('span', { class: kind }, text.slice(next, end)))
    }
  }
  let at = token.start
  for (const part of token.parts) {
    piece(at, part.start, 'part-other')
    piece(part.start, part.end, KIND_OF_PART[part.name] ?? 'part-other')
    at = part.end
  }
  piece(at, token.end, 'part-other')
  const names = token.parts.map((part: PartReport) =>
    h('li', { class: KIND_OF_PART[part.name] ?? 'part-other' }, `${part.name.replaceAll('_', ' ')}${part.bytes === undefined ? '' : `, ${part.bytes} bytes`}`),
  )
  return [
    h('pre', { tabindex: 0, role: 'region', 'aria-label': 'The token in its parts' }, pieces as never),
    h('ul', { class: 'legend' }, names),
    ...(token.firstBad === undefined ? [] : [h('p', { class: 'note' }, prose(`${token.firstBad.why} It is character ${token.firstBad.at + 1} of the text.`))]),
  ]
}

const KIND_OF_PART: Record<string, string> = { header: 'part-header', payload: 'part-payload', signature: 'part-signature' }

/** What the token contains, decoded. */
export function contentCards({ token, input }: Report): HTMLElement[] {
  return [
    input.found.length > 1 && foundCard(input),
    token?.claims !== undefined && claimsCard('Claims', token.claims, token.provider),
    token?.header !== undefined && claimsCard('Header', token.header),
  ].filter((shown): shown is HTMLElement => shown !== false)
}

/** What follows from it: each rule, the keys, challenges and documents. */
export function detailCards({ token, rules, keys, challenges, documents, dpop }: Report): HTMLElement[] {
  return [
    rules.length > 0 && rulesCard(rules),
    token !== undefined && sizeCard(token),
    keys.length > 0 && keysCard(keys),
    dpop !== undefined &&
      card(
        'DPoP proof',
        h('ol', { class: 'list' }, dpop.checks.map((check) => h('li', { class: check.status }, h('p', { class: 'state' }, mark(check.status), h('code', {}, check.name)), h('p', {}, prose(check.why)), check.action !== undefined && h('p', { class: 'action' }, prose(check.action))))),
      ),
    ...challenges.map(challengeCard),
    ...documents.map(documentCard),
  ].filter((shown): shown is HTMLElement => shown !== false)
}

/** A card with a title. */
export function card(title: string, ...children: (HTMLElement | HTMLElement[] | false | undefined)[]): HTMLElement {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children)
}

function foundCard(input: Report['input']): HTMLElement {
  return card(
    'Found in the text',
    h('ul', { class: 'list' }, input.found.map((found) => h('li', {}, `${found.kind === 'dpop_proof' ? 'DPoP proof' : found.kind.replaceAll('_', ' ')}${found.where === '' ? '' : ` in ${found.where}`}`))),
  )
}

function rulesCard(rules: readonly RuleReport[]): HTMLElement {
  const failing = rules.filter(({ status }) => status === 'fails')
  const holding = rules.filter(({ status }) => status === 'holds')
  return card(
    'Rules',
    failing.length > 0 &&
      h(
        'ul',
        { class: 'list' },
        failing.map((rule) =>
          h(
            'li',
            { class: rule.status },
            h('p', { class: 'state' }, mark(rule.status), h('code', {}, rule.rule), rule.code !== undefined && code(rule.code, rule.link)),
            h('p', {}, prose(rule.why)),
            rule.message !== undefined && h('p', { class: 'help' }, prose(rule.message)),
            rule.action !== undefined && h('p', { class: 'action' }, prose(rule.action)),
          ),
        ),
      ),
    holding.length > 0 &&
      h('ul', { class: 'plain', 'aria-label': 'Rules that hold' }, holding.map((rule) => h('li', { class: 'holds' }, h('span', { class: 'state' }, mark('holds'), h('code', {}, rule.rule))))),
  )
}

function claimsCard(title: string, claims: readonly ClaimReport[], provider?: string): HTMLElement {
  const explained = (list: readonly ClaimReport[]): boolean => list.some(({ meaning, valueMeaning, members }) => (meaning ?? valueMeaning) !== undefined || explained(members ?? []))
  const hasMeaning = explained(claims)
  const rows = (list: readonly ClaimReport[]): HTMLElement[] =>
    list.flatMap((claim) => [
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, visible(claim.path).replace(/^\//, '').replaceAll('/', ' › ').replaceAll('~1', '/').replaceAll('~0', '~')),
        h(
          'td',
          {},
          claim.members === undefined || claim.members.length === 0 ? valueOf(claim) : h('span', { class: 'raw' }, '{…}'),
          claim.duplicate === true && h('span', { class: 'note' }, ' This name is repeated.'),
          claim.note !== undefined && h('span', { class: 'note' }, ` ${claim.note}`),
        ),
        hasMeaning &&
          h(
            'td',
            {},
            prose([claim.meaning, claim.valueMeaning].filter((text) => text !== undefined).join(' ')),
            claim.source !== undefined && h('span', { class: 'help' }, claim.source),
          ),
      ),
      ...rows(claim.members ?? []),
    ])
  return card(
    provider === undefined ? title : `${title} (${provider})`,
    h('table', { class: 'claims' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Name'), h('th', { scope: 'col' }, 'Value'), hasMeaning && h('th', { scope: 'col' }, 'Meaning'))), h('tbody', {}, rows(claims))),
    h('details', { class: 'json' }, h('summary', {}, 'As JSON'), h('pre', { class: 'http', tabindex: 0, role: 'region', 'aria-label': `${title} as JSON` }, jsonText(claims)), h('div', { class: 'tools' }, copyButton(() => jsonText(claims)))),
  )
}

/** The JSON of the members, indented. Values, order and repeated names are as in the token. */
function jsonText(claims: readonly ClaimReport[], indent = ''): string {
  const lines = claims.map(({ name, rawJson, members }) => {
    const value = members === undefined || members.length === 0 ? visible(rawJson) : jsonText(members, `${indent}  `)
    return `${indent}  ${visible(JSON.stringify(name))}: ${value}`
  })
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`
}

function valueOf({ rawJson, time, list }: ClaimReport): (HTMLElement | string)[] {
  if (list !== undefined && list.length > 0) return [h('ul', { class: 'chips' }, list.map((item) => h('li', {}, visible(item))))]
  const raw = h('span', { class: 'raw' }, visible(rawJson))
  if (time === undefined) return [raw]
  const shown = [time.relative, localTime(time.seconds), time.iso].filter((text): text is string => text !== undefined)
  return [raw, h('span', { class: 'help' }, shown.flatMap((text, index) => [index > 0 && ' · ', h('span', { class: 'whole' }, text)]))]
}

function sizeCard({ size }: TokenReport): HTMLElement {
  const tooLong = size.limits.filter(({ fits }) => !fits)
  return card(
    'Size',
    h('p', {}, `The token has ${size.token.toLocaleString()} bytes, its header line ${size.header.toLocaleString()}.${tooLong.length === 0 ? ' This is below the usual limits.' : ''}`),
    tooLong.length > 0 && h('ul', { class: 'list' }, tooLong.map((limit) => h('li', { class: 'fails' }, h('p', { class: 'state' }, mark('fails'), h('span', {}, prose(`${limit.name}: ${limit.bytes.toLocaleString()} bytes at most`)))))),
    h('details', {}, h('summary', {}, 'Limits of servers and browsers'), h('ul', {}, size.limits.map((limit) => h('li', {}, prose(`${limit.name}: ${limit.bytes.toLocaleString()} bytes`))))),
  )
}

const FROM: Record<KeyReport['from'], string> = {
  entered: 'entered here',
  fetched: 'fetched',
  earlier: 'from the earlier set',
  pasted: 'in the pasted text',
  token: 'carried by the token itself',
}

function keysCard(keys: readonly KeyReport[]): HTMLElement {
  return card(
    'Keys',
    h(
      'ul',
      { class: 'list' },
      keys.map((key) => {
        const facts = [key.kty, key.crv, key.bits === undefined ? undefined : `${key.bits} bits`, key.alg ?? key.algorithms.join(', '), key.use]
        const state = key.matches ? 'holds' : key.usable ? 'unknown' : 'fails'
        return h(
          'li',
          { class: state },
          h('p', { class: 'state' }, mark(state), key.kid === undefined ? 'no kid' : h('code', {}, key.kid), h('span', { class: 'help' }, FROM[key.from])),
          h('p', { class: 'help' }, facts.filter((fact) => fact !== undefined && fact !== '').join(' · ')),
          key.url !== undefined && h('p', { class: 'help' }, key.url),
          key.matches && h('p', {}, key.secretAs === undefined ? 'The signature matches this key.' : `The signature matches this secret, read as ${key.secretAs}.`),
          key.why !== undefined && h('p', {}, prose(key.why)),
          key.action !== undefined && h('p', { class: 'action' }, prose(key.action)),
          key.thumbprint !== undefined && h('p', { class: 'help' }, 'Thumbprint ', h('code', {}, key.thumbprint)),
        )
      }),
    ),
  )
}

/** A challenge, member by member. */
export function challengeCard(challenge: ChallengeReport): HTMLElement {
  return card(
    `Challenge: ${challenge.scheme}`,
    h('p', {}, prose(challenge.why)),
    h('p', { class: 'action' }, prose(challenge.action)),
    h('table', { class: 'claims' }, h('tbody', {}, challenge.members.map((member) => h('tr', {}, h('th', { scope: 'row' }, member.name), h('td', {}, h('span', { class: 'raw' }, member.value)), h('td', {}, prose(member.meaning ?? '')))))),
    ...challenge.problems.map((problem) => h('p', { class: 'note' }, prose(problem))),
  )
}

const DOCUMENT_NAMES: Record<DocumentReport['kind'], string> = {
  resource_metadata: 'Protected resource metadata (RFC 9728)',
  issuer_metadata: 'Issuer metadata (RFC 8414)',
  token_response: 'Token response',
  introspection: 'Answer of introspection (RFC 7662)',
  error_response: 'Error of an issuer (RFC 6749)',
  json: 'JSON document',
}

/** A document and what is missing in it. */
export function documentCard(document: DocumentReport): HTMLElement {
  return card(
    DOCUMENT_NAMES[document.kind],
    ...document.problems.map((problem) => h('p', { class: 'note' }, prose(problem))),
    h('table', { class: 'claims' }, h('tbody', {}, document.members.map((member) => h('tr', {}, h('th', { scope: 'row' }, member.name), h('td', {}, h('span', { class: 'raw' }, visible(member.rawJson))), h('td', {}, prose(member.meaning ?? '')))))),
  )
}

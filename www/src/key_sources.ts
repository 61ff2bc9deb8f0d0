/** Offers to fetch the issuer's metadata and its key set. Nothing is fetched before a click, and each URL is shown first. */
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { copyButton, h, show } from './dom.js'
import { curl, type Fetched, fetchDocument, metadataUrls, publicUrl } from './fetching.js'

/** A fetched or pasted document. */
export interface FetchedKeys {
  readonly url: string
  readonly text: string
}

/** What was fetched so far. */
export interface Sources {
  metadata?: FetchedKeys
  keys: FetchedKeys[]
}

/** The claim `iss` of a report's token, if it is a text. */
export function issuerOf(report: Report): string | undefined {
  const raw = report.token?.claims?.find(({ name }) => name === 'iss')?.rawJson
  if (raw?.startsWith('"') !== true) return undefined
  try {
    return JSON.parse(raw) as string
  } catch {
    return undefined
  }
}

/** A URL with a button that fetches it. If CORS forbids that: the command, and a field to paste into. */
export function fetchRow(url: string, done: (text: string, fetched: Fetched) => void, label = 'Fetch'): HTMLElement {
  const outcome = h('div', {})
  const button = h('button', { type: 'button', class: 'quiet' }, label) as HTMLButtonElement
  button.addEventListener('click', async () => {
    button.disabled = true
    button.textContent = 'Fetching…'
    const fetched = await fetchDocument(url)
    button.disabled = false
    button.textContent = 'Fetch again'
    if (fetched.error === undefined && fetched.status === 200 && fetched.text !== undefined) {
      show(outcome, h('p', { class: 'help' }, `Status ${fetched.status}, ${fetched.text.length.toLocaleString()} characters.`))
      done(fetched.text, fetched)
      return
    }
    if (fetched.status !== undefined) done('', fetched)
    const area = h('textarea', { rows: 4, 'aria-label': `The document at ${url}`, spellcheck: 'false' }) as HTMLTextAreaElement
    const use = h('button', { type: 'button' }, 'Use what I pasted')
    use.addEventListener('click', () => done(area.value, { status: 200, text: area.value }))
    show(
      outcome,
      h('p', { class: 'note' }, fetched.status === undefined ? WHY[fetched.error ?? ''] ?? WHY[''] ?? '' : `The server answered ${fetched.status}.`),
      h('p', {}, 'Fetch it in a terminal and paste the document here:'),
      h('pre', { class: 'http' }, curl(url)),
      h('div', { class: 'tools' }, copyButton(() => curl(url), 'Copy the command')),
      area,
      h('div', { class: 'tools' }, use),
    )
  })
  return h('div', { class: 'fetch' }, h('div', { class: 'row' }, h('code', { class: 'mono' }, url), button), outcome)
}

const WHY: Record<string, string> = {
  '': 'The browser could not read it. The server does not allow pages to (CORS), redirects, or is not reachable.',
  TimeoutError: 'The server did not answer in time.',
}

/** The `jwks_uri` of metadata, if it is a text. */
function keySetNamedIn(text: string | undefined): string | undefined {
  try {
    const uri = (JSON.parse(text ?? '') as { jwks_uri?: unknown } | null)?.jwks_uri
    return typeof uri === 'string' ? uri : undefined
  } catch {
    return undefined
  }
}

/** Shows where the keys of this token's issuer are, one step after the other. */
export function showKeySources(element: HTMLElement, report: Report, sources: Sources, changed: () => void): void {
  const issuer = issuerOf(report)
  const url = issuer === undefined ? undefined : publicUrl(issuer)
  const chips = sources.keys.map(({ url }, index) => {
    const remove = h('button', { type: 'button', class: 'quiet' }, 'Remove')
    remove.addEventListener('click', () => {
      sources.keys.splice(index, 1)
      changed()
    })
    return h('div', { class: 'row' }, h('span', { class: 'help' }, `Keys from ${url}`), remove)
  })
  if (!(url instanceof URL) || report.verdicts?.signature.status === 'holds') return show(element, chips)
  const { metadata } = sources
  const jwksUri = report.documents.find(({ kind, from }) => kind === 'issuer_metadata' && from === 'given')?.jwksUri ?? keySetNamedIn(metadata?.text)
  const keysUrl = jwksUri === undefined ? undefined : publicUrl(jwksUri)
  const steps =
    metadata === undefined
      ? metadataUrls(url).map((address) =>
          fetchRow(address, (text) => {
            if (text === '') return
            sources.metadata = { url: address, text }
            changed()
          }),
        )
      : keysUrl instanceof URL
        ? [
            fetchRow(keysUrl.href, (text) => {
              if (text === '') return
              sources.keys = [...sources.keys.filter(({ url }) => url !== keysUrl.href), { url: keysUrl.href, text }]
              changed()
            }),
          ]
        : [h('p', { class: 'note' }, 'The metadata names no key set that can be fetched.')]
  show(
    element,
    h(
      'details',
      {},
      h('summary', {}, 'Fetch the issuer’s keys'),
      h('p', { class: 'help' }, metadata === undefined ? 'The token names this issuer. Check that it is yours before you fetch: the token alone proves nothing.' : `The metadata at ${metadata.url} names this key set.`),
      steps,
    ),
    chips,
  )
  if (metadata !== undefined) element.querySelector('details')?.setAttribute('open', '')
}

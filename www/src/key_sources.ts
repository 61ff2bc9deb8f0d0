/** Offers to fetch the issuer's metadata and its key set. Nothing is fetched before a click, and each URL is shown first. */
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { byId, copyButton, h, show } from './dom.js'
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
    // Not `disabled`: that would take the focus away.
    if (button.getAttribute('aria-disabled') === 'true') return
    button.setAttribute('aria-disabled', 'true')
    button.textContent = 'Fetching…'
    const fetched = await fetchDocument(url)
    button.setAttribute('aria-disabled', 'false')
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

/** The address that was entered instead of keys: a URL, or the `jwks_uri` of metadata. */
export function addressIn(keys: string): string | undefined {
  const text = keys.trim()
  const url = publicUrl(/^https?:\/\/\S+$/.test(text) ? text : (keySetNamedIn(text) ?? ''))
  return url instanceof URL ? url.href : undefined
}

/** The steps that were shown last: they are made again only if they change, so that what was opened or pasted in them stays. */
let shownSteps = ''

/**
 * Shows where the keys of this token's issuer are, one step after the other. `address` is the one that was entered instead of keys;
 * `changed` is called after a fetch.
 */
export function showKeySources(element: HTMLElement, report: Report, sources: Sources, address: string | undefined, changed: () => void): void {
  const { metadata } = sources
  const issuer = issuerOf(report)
  const url = issuer === undefined ? undefined : publicUrl(issuer)
  const isDone = report.verdicts?.signature.status === 'holds'
  const given = report.documents.find(({ kind, from }) => kind === 'issuer_metadata' && from === 'given')?.jwksUri
  const key = JSON.stringify([issuer, isDone, given, address, metadata, sources.keys.map(({ url }) => url)])
  if (key === shownSteps) return
  shownSteps = key

  const hadFocus = element.contains(document.activeElement)
  const wasOpen = element.querySelector('details')?.open === true
  const take = (from: string) => (text: string) => {
    if (text === '') return
    // What was entered may be the address of metadata.
    if (keySetNamedIn(text) !== undefined) sources.metadata = { url: from, text }
    else sources.keys = [...sources.keys.filter(({ url }) => url !== from), { url: from, text }]
    changed()
  }
  const chips = sources.keys.map(({ url }, index) => {
    const remove = h('button', { type: 'button', class: 'quiet' }, 'Remove')
    remove.addEventListener('click', () => {
      sources.keys.splice(index, 1)
      changed()
    })
    return h('div', { class: 'row' }, h('span', { class: 'help' }, `Keys from ${url}`), remove)
  })
  const jwksUri = given ?? keySetNamedIn(metadata?.text)
  const keysUrl = jwksUri === undefined ? undefined : publicUrl(jwksUri)
  const steps = () => {
    if (metadata === undefined) {
      return metadataUrls(url as URL).map((address) =>
        fetchRow(address, (text) => {
          if (text === '') return
          sources.metadata = { url: address, text }
          changed()
        }),
      )
    }
    return keysUrl instanceof URL ? [fetchRow(keysUrl.href, take(keysUrl.href))] : [h('p', { class: 'note' }, 'The metadata names no key set that can be fetched.')]
  }
  const instead = address === undefined ? [] : [h('p', { class: 'note' }, 'This is the address of keys, not a key. Fetch it if it is your issuer’s:'), fetchRow(address, take(address))]
  const ofIssuer =
    (!(url instanceof URL) && metadata === undefined) || isDone || address !== undefined
      ? []
      : [
          h(
            'details',
            { open: wasOpen || metadata !== undefined },
            h('summary', {}, 'Fetch the issuer’s keys'),
            h('p', { class: 'help' }, metadata === undefined ? 'The token names this issuer. Check that it is yours before you fetch: the token alone proves nothing.' : `The metadata at ${metadata.url} names this key set.`),
            steps(),
          ),
        ]
  show(element, instead, ofIssuer, chips)
  // The next step gets the focus, or the verdict if there is none.
  if (hadFocus) (element.querySelector<HTMLElement>('.fetch button') ?? byId('banner')).focus()
}

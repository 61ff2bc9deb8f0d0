/** The requests of an MCP client as a checklist: 401, protected-resource metadata, issuer metadata (RFC 9728 §5, RFC 8414 §3). */
import type { DocumentReport } from '../../pkg-templates/src/inspect/documents.js'
import type { InspectOptions } from '../../pkg-templates/src/inspect/options.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { h, prose, show } from './dom.js'
import { metadataUrls, publicUrl, resourceMetadataUrl } from './fetching.js'
import { mark } from './icons.js'
import { fetchRow } from './key_sources.js'

type Inspect = (text: string, options?: InspectOptions) => Report
type State = 'holds' | 'fails' | 'unknown'

/** Shows the steps for an address. */
export function startWalk(list: HTMLElement, address: string, inspect: Inspect): void {
  const resource = publicUrl(address.trim())
  if (typeof resource === 'string') return show(list, h('li', {}, h('p', { class: 'note' }, resource)))
  const steps = [h('li'), h('li'), h('li')] as const
  show(list, ...steps)

  const step = (item: HTMLElement, title: string, state: State, ...children: HTMLElement[]) => {
    item.className = state
    show(item, h('p', { class: 'state' }, mark(state), title), ...children)
  }
  /** A step that has to be fetched: the URL, and below it what came of it. */
  const ask = (item: HTMLElement, title: string, url: URL, read: (text: string, challenge: string | null, status: number | undefined) => void) => {
    const origin = h('p', { class: 'help' }, `Origin: ${url.origin}`)
    step(item, title, 'unknown', origin, fetchRow(url.href, (text, { challenge, status }) => read(text, challenge ?? null, status)))
  }
  const problems = (document: DocumentReport | undefined, own: string[]): HTMLElement[] =>
    [...own, ...(document?.problems ?? [])].map((problem) => h('p', { class: 'note' }, prose(problem)))

  const first = 'The server refuses a request without a token and says where its metadata is'
  ask(steps[0], first, resource, (text, challenge, status) => {
    const report = inspect(challenge === null ? text : `WWW-Authenticate: ${challenge}`)
    const bearer = report.challenges.find(({ scheme }) => scheme.toLowerCase() === 'bearer')
    const named = bearer?.members.find(({ name }) => name === 'resource_metadata')?.value
    const own: string[] = []
    if (status !== undefined && status !== 401 && bearer === undefined) own.push(`The server answered ${status}. A client starts to log in at 401.`)
    if (bearer === undefined) own.push('No `WWW-Authenticate: Bearer` can be read. A browser reads it only if `Access-Control-Expose-Headers` names it.')
    else if (named === undefined) own.push('The challenge has no `resource_metadata`. Clients guess the address then.')
    step(steps[0], first, own.length === 0 ? 'holds' : 'fails', ...problems(undefined, own), ...(bearer?.problems ?? []).map((problem) => h('p', { class: 'note' }, prose(problem))))
    second(named)
  })

  const title = 'The resource names its authorization servers'
  const second = (named?: string) => {
    const url = named === undefined ? undefined : publicUrl(named)
    const address = url instanceof URL ? url : new URL(resourceMetadataUrl(resource))
    ask(steps[1], title, address, (text) => {
      const document = inspect(text).documents.find(({ kind }) => kind === 'resource_metadata')
      const name = member(document, 'resource')
      const own: string[] = []
      if (document === undefined) own.push('This is not the metadata of a protected resource.')
      else if (name !== undefined && withoutSlash(name) !== withoutSlash(resource.href)) own.push(`\`resource\` is ${name}, and the client asked for ${resource.href}. They must be the same (RFC 9728 §3.3).`)
      const server = document?.authorizationServers?.[0]
      step(steps[1], title, document !== undefined && own.length + document.problems.length === 0 ? 'holds' : 'fails', ...problems(document, own))
      if (server !== undefined) third(server)
    })
  }
  second()

  const last = 'The issuer publishes what a client needs to log in'
  const third = (issuer: string) => {
    const url = publicUrl(issuer)
    if (typeof url === 'string') return step(steps[2], last, 'fails', h('p', { class: 'note' }, `${issuer}: ${url}`))
    const rows = metadataUrls(url).reverse()
    step(
      steps[2],
      last,
      'unknown',
      h('p', { class: 'help' }, `Origin: ${url.origin}. A client tries both addresses.`),
      ...rows.map((address) =>
        fetchRow(address, (text) => {
          const document = inspect(text).documents.find(({ kind }) => kind === 'issuer_metadata')
          const name = member(document, 'issuer')
          const own: string[] = []
          if (document === undefined) own.push('This is not the metadata of an issuer.')
          else if (name !== issuer) own.push(`\`issuer\` is ${name ?? 'missing'}, and the resource names ${issuer}. They must be the same (RFC 8414 §3.3).`)
          step(steps[2], last, document !== undefined && own.length + document.problems.length === 0 ? 'holds' : 'fails', ...problems(document, own))
        }),
      ),
    )
  }
  step(steps[2], last, 'unknown', h('p', { class: 'help' }, 'Its address is in the second document.'))
}

function member(document: DocumentReport | undefined, name: string): string | undefined {
  const raw = document?.members.find((found) => found.name === name)?.rawJson
  return raw?.startsWith('"') === true ? (JSON.parse(raw) as string) : undefined
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '')

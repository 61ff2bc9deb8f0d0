/** Fetches public documents in the isolated frame. The frame gets the URL and nothing else. */
import { byId } from './dom.js'

/** What the frame answers. */
export interface Fetched {
  readonly status?: number
  readonly text?: string
  /** Whether the text was longer than what is shown. */
  readonly cut?: boolean
  readonly challenge?: string | null
  /** The name of the error; the browser says no more about a request that CORS forbids. */
  readonly error?: string
}

let loaded: Promise<Window> | undefined

/** The frame, which is loaded at the first click that needs it. */
function frame(): Promise<Window> {
  return (loaded ??= new Promise((settle) => {
    const element = byId<HTMLIFrameElement>('fetcher')
    element.addEventListener('load', () => element.contentWindow && settle(element.contentWindow), { once: true })
    element.src = 'fetcher.html'
  }))
}

/** Fetches a document; call it on a click alone, with the URL that the user saw. */
export async function fetchDocument(url: string): Promise<Fetched> {
  const target = await frame()
  const channel = new MessageChannel()
  return new Promise((settle) => {
    const timer = setTimeout(() => settle({ error: 'TimeoutError' }), 15_000)
    channel.port1.onmessage = ({ data }) => {
      clearTimeout(timer)
      settle(data as Fetched)
    }
    // The frame has an opaque origin: no other target can be named.
    target.postMessage({ url }, '*', [channel.port2])
  })
}

/** An absolute https URL, or http on loopback, without user info; else a sentence that says what is wrong. */
export function publicUrl(text: string): URL | string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'This is not an absolute URL.'
  }
  const isLoopback = ['127.0.0.1', 'localhost'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) return 'Only https is fetched, and http on this machine.'
  if (url.username !== '' || url.password !== '') return 'The URL contains a user name or a password. Remove it.'
  return url
}

/** Where an issuer publishes its metadata (RFC 8414 §3.1, OpenID Connect Discovery §4), the likelier one first. */
export function metadataUrls(issuer: URL): string[] {
  const path = issuer.pathname.replace(/\/$/, '')
  return [`${issuer.origin}${path}/.well-known/openid-configuration`, `${issuer.origin}/.well-known/oauth-authorization-server${path}`]
}

/** Where a resource publishes its metadata (RFC 9728 §3.1). */
export function resourceMetadataUrl(resource: URL): string {
  const path = resource.pathname === '/' ? '' : resource.pathname
  return `${resource.origin}/.well-known/oauth-protected-resource${path}${resource.search}`
}

/** The command that fetches the same document in a terminal. */
export function curl(url: string): string {
  return `curl -i '${url.replaceAll("'", '%27')}'`
}

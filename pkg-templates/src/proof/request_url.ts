/** Computes the URL of a request, to compare with `htu` of a DPoP proof (RFC 9449 §4.2). */
import { memberOf } from '../base/record.js'
import { webUrl } from '../base/url.js'
import { pathOf, type RequestLike, type StandardRequest } from '../gate/request.js'

/**
 * Returns the normalised URL of a request without query and fragment. No header field is read, because the client chooses them.
 *
 * @param origin - the public origin, if it is configured
 * @param basePath - the path that the server removed from the URL, or an empty text
 * @throws `TypeError` if the origin is unknown: it is not configured, and the request is not a standard `Request`
 */
export function requestUrl(request: RequestLike, origin: string | undefined, basePath: string): string | undefined {
  const [path] = pathOf(request)
  return normalised(`${origin ?? originOf(request)}${basePath}${path === '' ? '/' : path}`)
}

/**
 * Normalises a URL (RFC 3986 §6.2.2, §6.2.3), without query and fragment. Returns `undefined` if it is not an absolute `http:` or `https:`
 * URL.
 */
export function normalised(text: string): string | undefined {
  // `new URL` accepts more, such as `\` for `/`.
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || text.includes('\\')) return undefined
  const url = webUrl(text)
  return url && url.origin + url.pathname.replace(/%[0-9a-f]{2}/gi, plainOctet)
}

/** Decodes unreserved characters, and writes other octets in upper case. */
function plainOctet(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
}

function originOf(request: RequestLike): string {
  const url = memberOf(request, 'url')
  // In requests of Node, the client chooses the origin of an absolute URL.
  const isStandard = typeof memberOf((request as StandardRequest).headers, 'get') === 'function'
  const found = isStandard && typeof url === 'string' ? webUrl(url) : undefined
  if (found === undefined) {
    throw new TypeError('the origin of the request is not known: set `publicOrigin` of `dpop`, or `resource` of the gate')
  }
  return found.origin
}

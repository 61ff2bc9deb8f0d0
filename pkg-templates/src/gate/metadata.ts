/** Protected resource metadata (RFC 9728): the options, the document, and the responses to requests for it. */
import { list, type Options, text } from '../base/options.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { webUrl } from '../base/url.js'
import { requestedFields } from './cors.js'
import { fieldsOf, pathOf, type RequestLike } from './request.js'

/** How an API describes itself to clients (RFC 9728 §2). */
export interface ResourceOptions {
  /**
   * The URL of this API, without a fragment, such as `https://mcp.example.com/mcp`. It is the default of `audience`.
   * {@link Gate.metadata} serves its metadata, and challenges contain the URL of the metadata.
   */
  resource?: string
  /** The scopes that clients may ask for. `offline_access` is removed: it is not a scope of an API. */
  scopesSupported?: readonly string[]
  /** The issuers that clients may get tokens from. Default: the issuers of the gate. */
  authorizationServers?: readonly string[]
  /** The name of this API, for people. */
  resourceName?: string
  /** The URL of a page for developers, `http:` or `https:`. */
  resourceDocumentation?: string
}

/** The names of {@link ResourceOptions}. */
export const RESOURCE_NAMES = [
  'resource',
  'scopesSupported',
  'authorizationServers',
  'resourceName',
  'resourceDocumentation',
] as const

/** The resource, and the URL of its metadata. */
export interface Resource {
  /** As configured, character for character. */
  readonly identifier: string
  /** The values of `aud` that mean this resource. */
  readonly audiences: string[]
  /** The URL of the metadata (RFC 9728 §3.1). */
  readonly metadataUrl: string
}

/** Returns the resource of a gate, or `undefined` if it has none. */
export function resourceFrom(options: Options): Resource | undefined {
  const identifier = options.read('resource', resourceUrl)
  if (identifier === undefined) {
    const useless = RESOURCE_NAMES.find((name) => options.has(name))
    if (useless !== undefined) throw optionError(useless, 'requires `resource`')
    return undefined
  }
  const { origin, pathname, search } = new URL(identifier)
  // RFC 3986 §6.2.3: both forms mean the same resource, and clients differ in which one they send.
  const audiences = [origin, `${origin}/`].includes(identifier) ? [origin, `${origin}/`] : [identifier]
  // RFC 9728 §3.1: the well-known path goes between host and path.
  const path = pathname === '/' ? '' : pathname
  return { identifier, audiences, metadataUrl: `${origin}${WELL_KNOWN}${path}${search}` }
}

function resourceUrl(name: string, value: unknown): string {
  const found = pageUrl(name, value)
  if (found.includes('#')) throw optionError(name, 'must have no fragment')
  return found
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Returns the response to a request for the metadata of a resource, or `undefined` for any other request. */
export type ServeMetadata = (request: RequestLike) => Response | undefined

/**
 * Prepares the metadata of a resource (RFC 9728 §2).
 *
 * @param issuers - the issuers of the gate: the default of `authorizationServers`
 * @param more - further members
 */
export function metadataOf(resource: Resource, options: Options, issuers: readonly string[], more?: object): ServeMetadata {
  const servers = options.read('authorizationServers', list) ?? issuers
  if (servers.length === 0 || !servers.every((server) => webUrl(server))) {
    throw optionError('authorizationServers', "must list the issuers' URLs: clients find an issuer by its URL")
  }
  const methods = ['header']
  if (options.has('query')) methods.push('query')
  // Members that are `undefined` are not part of JSON.
  const document = jsonOf({
    resource: resource.identifier,
    authorization_servers: servers,
    bearer_methods_supported: methods,
    scopes_supported: options.read('scopesSupported', list)?.filter((scope) => scope !== 'offline_access'),
    resource_name: options.read('resourceName', text),
    resource_documentation: options.read('resourceDocumentation', pageUrl),
    ...more,
  })
  const etag = `"${hashOf(document)}"`
  const { pathname, search } = new URL(resource.metadataUrl)

  return (request) => {
    const [path, query] = pathOf(request)
    if (path !== pathname || (search !== '' && query !== search)) return undefined
    const method = memberOf(request, 'method') ?? 'GET'
    // The document is public: every page may read it.
    const headers = new Headers([['access-control-allow-origin', '*']])
    if (method === 'OPTIONS') {
      headers.set('allow', METHODS)
      headers.set('access-control-allow-methods', METHODS)
      headers.set('access-control-max-age', '3600')
      const asked = requestedFields(fieldsOf(request))
      if (asked !== '') headers.set('access-control-allow-headers', asked)
      return new Response(null, record({ status: 204, headers }))
    }
    if (method !== 'GET' && method !== 'HEAD') {
      headers.set('allow', METHODS)
      return new Response(null, record({ status: 405, headers }))
    }
    headers.set('etag', etag)
    headers.set('cache-control', 'public, max-age=3600')
    if (isKnown(fieldsOf(request)('if-none-match'), etag)) return new Response(null, record({ status: 304, headers }))
    headers.set('content-type', 'application/json')
    return new Response(method === 'HEAD' ? null : document, record({ status: 200, headers }))
  }
}

const METHODS = 'GET, HEAD, OPTIONS'

function pageUrl(name: string, value: unknown): string {
  const found = text(name, value)
  if (webUrl(found) === undefined) throw optionError(name, 'must be an absolute http: or https: URL without credentials')
  return found
}

/** Whether the client already has this version (RFC 9110 §13.1.2). */
function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map((entry) => entry.trim().replace(/^W\//, '')) ?? []
  return known.includes(etag) || known.includes('*')
}

/** Hashes a text with FNV-1a (64 bits), to detect changes. It is not a cryptographic hash. */
function hashOf(document: string): string {
  let hash = 0xcbf29ce484222325n
  for (const character of document) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n)
  }
  return hash.toString(36)
}

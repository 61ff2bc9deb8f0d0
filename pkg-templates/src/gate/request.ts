/** Reads the header fields and the URL of a request, standard or Node's. Repeated fields are never dropped. */

import { memberOf } from '../base/record.js'

/** The part of a standard `Request` that a gate reads. */
export interface StandardRequest {
  /** The header fields, as in `Headers`. */
  readonly headers: { get(name: string): string | null }
  /** Read if the token may be in a cookie, and for pre-flights. */
  readonly method?: string | undefined
  /** Read if the token may be in a query parameter. */
  readonly url?: string | undefined
}

/** The part of a request of Node's `http` and `http2`, Express or Fastify that a gate reads. */
export interface NodeRequest {
  /** The header fields by name, in any case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The header fields as they were sent. If `Authorization` is repeated, `headers` contains only the first. */
  readonly rawHeaders?: readonly string[] | undefined
  /** Read if the token may be in a cookie, and for pre-flights. */
  readonly method?: string | undefined
  /** Read if the token may be in a query parameter, and for the metadata of a resource. */
  readonly url?: string | undefined
  /** In Express and Fastify: the URL before a router removed its own prefix. */
  readonly originalUrl?: string | undefined
  /** In Fastify: the underlying request of Node. */
  readonly raw?: { readonly rawHeaders?: readonly string[] | undefined } | undefined
}

/** A standard request, or one of Node's. */
export type RequestLike = StandardRequest | NodeRequest

/** Returns the path and the query of a request's URL, the query with its `?`. For Node, this is the URL that the client sent. */
export function pathOf(request: RequestLike): readonly [path: string, query: string] {
  const url = memberOf(request as NodeRequest, 'originalUrl') ?? memberOf(request, 'url') ?? ''
  const [, path = '', query = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(url) ?? []
  return [path, query]
}

/** Returns the value of a header field, or `null` if it is missing. The values of a repeated field are joined by commas. */
export type ReadField = (name: string) => string | null

/** Returns a reader of the request's header fields. */
export function fieldsOf(request: RequestLike): ReadField {
  const headers = typeof request === 'object' && request !== null ? memberOf(request, 'headers') : undefined
  if (typeof headers !== 'object' || headers === null) {
    throw new TypeError('`request` must have headers, as a Request has')
  }
  const get = memberOf(headers as StandardRequest['headers'], 'get')
  if (typeof get === 'function') return (name) => get.call(headers, name) ?? null
  const node = request as NodeRequest
  const raw = memberOf(node, 'raw')
  const lines = memberOf(node, 'rawHeaders') ?? (raw && memberOf(raw, 'rawHeaders')) ?? []
  // Adapters of serverless platforms fill in `headers` alone.
  return lines.length > 0 ? (name) => sent(lines, name) : (name) => parsed(headers as NodeRequest['headers'], name)
}

function sent(lines: readonly string[], name: string): string | null {
  const values: string[] = []
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (lines[at]?.toLowerCase() === name) values.push(lines[at + 1] ?? '')
  }
  return joined(values, name)
}

function parsed(headers: NodeRequest['headers'], name: string): string | null {
  const values: string[] = []
  // Platforms that keep the names as they were sent may have two that differ in case: both count.
  for (const [field, value] of Object.entries(headers)) {
    if (field.toLowerCase() !== name) continue
    if (typeof value === 'string') values.push(value)
    else if (Array.isArray(value)) values.push(...value)
  }
  return joined(values, name)
}

function joined(values: readonly string[], name: string): string | null {
  // HTTP/2 sends each cookie as a separate field (RFC 9113 §8.2.3).
  return values.length === 0 ? null : values.join(name === 'cookie' ? '; ' : ', ')
}

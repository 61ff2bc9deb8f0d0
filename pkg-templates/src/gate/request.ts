/** A request in any host's shape enters; its fields leave, with nothing hidden that a host dropped or merged. */

import { memberOf } from '../base/record.js'

/** What a gate reads of a standard `Request`. */
export interface StandardRequest {
  /** The header fields, as `Headers` gives them. */
  readonly headers: { get(name: string): string | null }
  /** Looked at where a cookie may bear the token, and for pre-flights. */
  readonly method?: string | undefined
  /** Looked at where a query parameter may bear the token. */
  readonly url?: string | undefined
}

/** What a gate reads of a request of Node's `http` and `http2`, and of what Express and Fastify make of one. */
export interface NodeRequest {
  /** The header fields by their lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The header fields as they were sent: of a repeated `Authorization`, `headers` holds only the first. */
  readonly rawHeaders?: readonly string[] | undefined
  /** Looked at where a cookie may bear the token, and for pre-flights. */
  readonly method?: string | undefined
  /** Looked at where a query parameter may bear the token, and for the metadata of a resource. */
  readonly url?: string | undefined
  /** Express's and Fastify's: the URL before a router took its own part off. */
  readonly originalUrl?: string | undefined
  /** Fastify's: the request that it was made of. */
  readonly raw?: { readonly rawHeaders?: readonly string[] | undefined } | undefined
}

/** A request: a standard one, or one of Node's. */
export type RequestLike = StandardRequest | NodeRequest

/** The path and the query of a request's URL, with their `?`; of Node's forms, the URL that the client sent. */
export function pathOf(request: RequestLike): readonly [path: string, query: string] {
  const url = memberOf(request as NodeRequest, 'originalUrl') ?? memberOf(request, 'url') ?? ''
  const [, path = '', query = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(url) ?? []
  return [path, query]
}

/** The value of a header field, `null` where there is none; a repeated one arrives joined by commas. */
export type ReadField = (name: string) => string | null

/** The reader of a request's header fields. */
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
  const value = memberOf(headers, name)
  if (typeof value === 'string') return value
  return Array.isArray(value) ? joined(value, name) : null
}

function joined(values: readonly string[], name: string): string | null {
  // HTTP/2 sends each cookie on a line of its own (RFC 9113 §8.2.3).
  return values.length === 0 ? null : values.join(name === 'cookie' ? '; ' : ', ')
}

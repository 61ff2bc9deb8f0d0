/** Lets pages of other origins read the gate's responses, and answers their pre-flights (Fetch §3.3). */
import { flag, list, Options, texts } from '../base/options.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { headerName, publicOrigin } from './credentials.js'
import type { ReadField } from './request.js'

/** Which pages may call the API from other origins. */
export interface CorsOptions {
  /** The origins of the pages, such as `https://app.example`, compared exactly; `true` for every page. */
  origins: true | string | readonly string[]
  /** Whether the browser may send cookies along. It requires a list of origins. Default: `false`. */
  credentials?: boolean
  /** The names of additional request header fields that pages may send. */
  headers?: readonly string[]
}

/** The header fields of CORS for the response to one request. */
export type CorsFields = readonly (readonly [name: string, value: string])[]

/** The CORS rules of one gate. */
export interface Cors {
  /** Returns the fields for a response that the page may read. */
  fields(field: ReadField): CorsFields
  /** Returns the fields for the response to a pre-flight. */
  preflight(field: ReadField): CorsFields
}

/** Returns the rules for the option `cors`, or `undefined` if it is absent. */
export function corsFrom(options: Options): Cors | undefined {
  const given = options.read('cors', rules)
  if (given === undefined) return undefined
  const { origins, credentials, headers } = given
  if (origins === true && options.has('cookie')) {
    throw optionError('cors', 'must list origins where `cookie` is used: `true` would mean every page')
  }
  const own = options.read('header', headerName)
  const more = own === undefined ? headers : [...headers, own]
  const fields = (field: ReadField, others: CorsFields): CorsFields => {
    const origin = field('origin')
    const allowed = origins === true ? '*' : origin !== null && origins.includes(origin) ? origin : undefined
    if (allowed === undefined) return [VARY]
    const found: [string, string][] = [['access-control-allow-origin', allowed]]
    if (credentials) found.push(['access-control-allow-credentials', 'true'])
    return [...found, ...others, VARY]
  }
  return {
    fields: (field) => fields(field, [EXPOSED]),
    preflight: (field) => {
      const asked = requestedFields(field, more)
      const methods = ['access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE'] as const
      const age = ['access-control-max-age', '600'] as const
      return fields(field, asked === '' ? [methods, age] : [methods, ['access-control-allow-headers', asked], age])
    },
  }
}

const VARY = ['vary', 'Origin'] as const
const EXPOSED = ['access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Retry-After'] as const

/**
 * Returns the requested fields that may be sent, in the order of the request. Each must be named: `*` does not cover
 * `Authorization`, and there are no prefixes (Fetch §4.8).
 */
export function requestedFields(field: ReadField, more: readonly string[] = []): string {
  const asked = field('access-control-request-headers')?.toLowerCase().split(',') ?? []
  return asked
    .map((name) => name.trim())
    .filter((name) => ALLOWED.test(name) || more.includes(name))
    .slice(0, MOST_FIELDS)
    .join(', ')
}

const ALLOWED = /^(?:authorization|dpop|content-type|accept|last-event-id|mcp-[a-z0-9-]{1,64})$/
const MOST_FIELDS = 32

/** The part of a Node response that reads and sets header fields. */
export interface NodeFields {
  setHeader(name: string, value: string): unknown
  getHeader?(name: string): unknown
}

/** Sets the fields on a handler's response. A `Response` with immutable headers is copied. */
export function withCors<R extends Response | NodeFields>(response: R, fields: CorsFields): R {
  if ('setHeader' in response) {
    for (const [name, value] of fields) response.setHeader(name, listed(name, response.getHeader?.(name), value))
    return response
  }
  // CORS does not apply to a WebSocket upgrade, and its response cannot be copied.
  if (response.status < 200) return response
  try {
    setFields(response.headers, fields)
    return response
  } catch {
    const copy = new Response(response.body, response)
    setFields(copy.headers, fields)
    return copy as R
  }
}

/** Sets the fields. Adds to the existing lists of {@link LISTS}. */
export function setFields(headers: Headers, fields: CorsFields): void {
  for (const [name, value] of fields) {
    if (name !== 'set-cookie') headers.set(name, listed(name, headers.get(name), value))
    else if (headers.getSetCookie?.().includes(value) !== true) headers.append(name, value)
  }
}

/** Returns the new value of a field. If other code has set one of the {@link LISTS}, adds to that list. */
function listed(name: string, before: unknown, value: string): string {
  const known = Array.isArray(before) ? before.join(', ') : before
  if (typeof known !== 'string' || known === '' || !LISTS.includes(name)) return value
  const names = known.toLowerCase().split(/\s*,\s*/)
  const missing = value.split(', ').filter((entry) => !names.includes(entry.toLowerCase()))
  return [known, ...missing].join(', ')
}

/** Fields whose values are lists (RFC 9110 §5.6.1). */
const LISTS = ['vary', 'access-control-expose-headers']

interface Rules {
  readonly origins: true | string[]
  readonly credentials: boolean
  readonly headers: string[]
}

function rules(name: string, value: unknown): Rules {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return record({ origins: originsOf(name, value), credentials: false, headers: [] })
  }
  const given = new Options('cors', value, ['origins', 'credentials', 'headers'])
  const origins = given.require('origins', originsOf)
  const credentials = given.read('credentials', flag) ?? false
  if (credentials && origins === true) throw optionError('credentials', 'requires a list of `origins`, not `true`')
  const headers = given.read('headers', (name, value) => list(name, value).map((header) => headerName(name, header))) ?? []
  return record({ origins, credentials, headers })
}

function originsOf(name: string, value: unknown): true | string[] {
  if (value === false) throw optionError(name, 'must be true or a list of origins; leave it out to allow none')
  return value === true ? true : texts(name, value).map((origin) => publicOrigin(name, origin))
}

/** Makes the value that a gate returns for a request that may not pass, with its HTTP response. */
import { memberOf, record } from '../base/record.js'
import type { HeaderFields } from '../base/types.js'
import { answer, challenge, type Denial } from './challenge.js'
import type { RequestLike } from './request.js'
import { isPromise } from './steps.js'
import type { Denied, GateOptions } from './types.js'

/** The refusal, with the caller's own answer if `onRefusal` gives one. */
export function denied(
  denial: Denial,
  realm: string,
  own: GateOptions['onRefusal'],
  request: RequestLike,
  cause: Error | undefined,
): Denied {
  const { status, error, refusal, detail } = denial
  const wanted = challenge(denial, realm)
  const standard: Denied = {
    ok: false,
    status,
    ...(error !== undefined && { error }),
    refusal,
    detail,
    ...(wanted !== undefined && { challenge: wanted }),
    response: (init) => answer(denial, realm, addedFields(init)),
  }
  // For logs: it may name keys and addresses, and must not be written into an answer with the other members.
  const withCause = (denied: Denied) => Object.defineProperty(denied, 'cause', record({ value: cause }))
  withCause(standard)
  if (own === undefined) return standard
  return withCause({
    ...standard,
    response(init) {
      const response = own(standard, request)
      if (isPromise(response)) {
        response.then(undefined, () => {})
        throw new TypeError('`onRefusal` must return a Response, not the promise of one')
      }
      return response === undefined ? standard.response(init) : withHeaders(response, addedFields(init))
    },
  })
}

function addedFields(init: { readonly headers?: HeaderFields } | undefined): HeaderFields | undefined {
  return init && memberOf(init, 'headers')
}

/** The answer with headers added, except those that it sets itself. */
function withHeaders(response: Response, added: HeaderFields | undefined): Response {
  if (added === undefined) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of new Headers(added)) if (!response.headers.has(name)) headers.append(name, value)
  const { status, statusText, body } = response
  return new Response(body, record({ status, statusText, headers }))
}

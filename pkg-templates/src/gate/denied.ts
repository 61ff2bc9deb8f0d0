/** Makes the value that a gate returns for a denied request, with its HTTP response. */
import { memberOf, record } from '../base/record.js'
import type { HeaderFields, JWTPayload } from '../base/types.js'
import { answer, challenge, type ChallengeFrame, TITLES } from './challenge.js'
import { type CorsFields, withCors } from './cors.js'
import type { Denial } from './denial.js'
import type { RequestLike } from './request.js'
import { isPromise } from './steps.js'
import type { Denied, GateOptions } from './types.js'

/** The part that all responses of a gate have in common. */
export interface AnswerFrame extends ChallengeFrame {
  readonly onRefusal: GateOptions['onRefusal']
}

/** What is known about one refusal, besides the denial itself. */
export interface RefusalContext {
  readonly request: RequestLike
  /** The header fields of CORS for the response. */
  readonly cors: CorsFields
  /** The name of the cookie that contained the token. */
  readonly cookie?: string | undefined
  readonly cause?: Error | undefined
  /** The claims, if the signature is valid. */
  readonly claims?: JWTPayload | undefined
}

/** Makes the refusal, with the caller's own response if `onRefusal` returns one. */
export function denied(denial: Denial, frame: AnswerFrame, { request, cors, cookie, cause, claims }: RefusalContext): Denied {
  const { status, error, refusal, detail } = denial
  const wanted = challenge(denial, frame)
  const clearCookie =
    cookie === undefined || status !== 401 ? undefined : `${cookie}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`
  const fields: CorsFields = clearCookie === undefined ? cors : [...cors, ['set-cookie', clearCookie]]
  const complete = (response: Response) => (fields.length === 0 ? response : withCors(response, fields))
  const answeredBy = (response: Denied['response']): Denied => {
    const denied: Denied = {
      ok: false,
      status,
      ...(error !== undefined && { error }),
      refusal,
      detail,
      ...(clearCookie !== undefined && { clearCookie }),
      ...(wanted !== undefined && { challenge: wanted }),
      response,
      writeTo: (socket) => write(response(), socket),
    }
    // Not enumerable: they may contain keys' names, URLs and users, and must not be serialized into a response.
    Object.defineProperty(denied, 'claims', record({ value: claims }))
    return Object.defineProperty(denied, 'cause', record({ value: cause }))
  }
  const standard = answeredBy((init) => complete(answer(denial, wanted, addedFields(init))))
  const { onRefusal } = frame
  if (onRefusal === undefined || status === 204) return standard
  return answeredBy((init) => {
    const response = onRefusal(standard, request)
    if (isPromise(response)) {
      response.then(undefined, () => {})
      throw new TypeError('`onRefusal` must return a Response, not a promise')
    }
    return response === undefined ? standard.response(init) : complete(withHeaders(response, addedFields(init)))
  })
}

/** Writes a response in HTTP/1.1 syntax (RFC 9112 §4), and ends the connection. */
async function write(response: Response, socket: { end(bytes: Uint8Array): unknown }): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  headers.delete('transfer-encoding')
  headers.set('content-length', String(body.length))
  headers.set('connection', 'close')
  const lines = [`HTTP/1.1 ${status} ${TITLES[status as keyof typeof TITLES] ?? ''}`, ...[...headers].map((field) => field.join(': '))]
  const whole = new Response(new Blob([`${lines.join('\r\n')}\r\n\r\n`, body]))
  socket.end(new Uint8Array(await whole.arrayBuffer()))
}

function addedFields(init: { readonly headers?: HeaderFields } | undefined): HeaderFields | undefined {
  return init && memberOf(init, 'headers')
}

/** Adds headers to the response, except those that it sets itself. */
function withHeaders(response: Response, added: HeaderFields | undefined): Response {
  if (added === undefined) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of new Headers(added)) if (!response.headers.has(name)) headers.append(name, value)
  const { status, statusText, body } = response
  return new Response(body, record({ status, statusText, headers }))
}

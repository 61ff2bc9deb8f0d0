/**
 * The entry `jotgate/express`: a gate as Express middleware, around a handler of Node's `http`, and as a Fastify hook.
 *
 * @packageDocumentation
 */
import { Options } from './base/options.js'
import { optionError } from './base/refusal.js'
import type { Denied, Gate, GateNeeds, OptionalNeeds, Preflight } from './gate/types.js'
import { type NodeResponse, nodeParts, writeResponse } from './gate/node_response.js'
import type { NodeRequest } from './gate/request.js'
import { jsonOf, memberOf } from './base/record.js'
import { throwError } from './base/thrown.js'
import type { JWTPayload, ProtectedHeader } from './base/types.js'

export type { NodeResponse }

/** The value of `request.auth` on a request that may pass. */
export interface Auth<Claims = JWTPayload, Principal = unknown> {
  /** The claims of the request's token. */
  readonly payload: Claims & JWTPayload
  /** The header of the request's token. Empty for a token that was introspected. */
  readonly header: Partial<ProtectedHeader>
  /** The result of the gate's option `principal`. */
  readonly principal: Principal
}

/** The part of Fastify's `Reply` that is used. */
export interface FastifyReply {
  code(status: number): unknown
  header(name: string, value: string | string[]): unknown
  getHeader?(name: string): unknown
  send(body: Uint8Array): unknown
}

type AnyGate<Claims, Principal> = Gate<Claims, Principal, Preflight> | Gate<Claims, Principal>
type AnyNeeds<Claims, Principal> =
  | GateNeeds<Claims & JWTPayload, Principal>
  | OptionalNeeds<Claims & JWTPayload, Principal>

/** A refusal as an error. Express's default error handler reads `status` and `headers`, and yours can do the same. */
export class GateError extends Error {
  override readonly name = 'GateError'
  readonly status: number
  readonly statusCode: number
  /** The header fields of the response, including `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the message may be shown. */
  readonly expose = true
  /** The refusal. It is not enumerable, because its cause is for logs only. */
  declare readonly denied: Denied

  constructor(denied: Denied) {
    super(denied.detail)
    const { status, headers } = denied.response()
    this.status = status
    this.statusCode = status
    const { 'content-type': _, ...fields } = Object.fromEntries(headers)
    this.headers = fields
    Object.defineProperty(this, 'denied', { value: denied })
  }
}

/** The options of {@link guard}. */
export interface GuardOptions {
  /**
   * `answer` sends the response of a refusal. `next` calls `next(error)` with a {@link GateError}, so that your error handler responds.
   * Default: `answer`.
   */
  refusals?: 'answer' | 'next'
}

/**
 * Returns Express middleware. It sets `request.auth` and calls `next` for requests that the gate lets pass, and answers all others.
 *
 * @throws `TypeError` for invalid needs, before the first request
 *
 * @example
 * ```js
 * app.use('/items', guard(gate, { scopes: ['items:read'] }))
 * app.get('/items/:id', (request, response) => response.json({ hello: request.auth.payload.sub }))
 * ```
 */
export function guard<Claims, Principal>(
  gate: AnyGate<Claims, Principal>,
  needs: AnyNeeds<Claims, Principal> = {},
  options: GuardOptions = {},
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  const decide = decider(gate, needs)
  const toNext = new Options('guard', options, ['refusals']).read('refusals', refusals) === 'next'
  return (request, response, next) => {
    const run = async () => {
      const { answer, denied } = await decide(request)
      // A pre-flight is answered, not refused.
      if (toNext && denied !== undefined && denied.status !== 204) next(new GateError(denied))
      else if (answer === undefined) {
        gate.cors(request, response)
        next()
      } else await writeResponse(answer, response)
    }
    // If a rule throws, Express responds. If `next` itself throws, this function responds.
    run().catch(next).catch((thrown: unknown) => fail(thrown, response, () => gate.cors(request, response)))
  }
}

/**
 * Returns Express middleware that answers requests for the metadata of the gate's `resource` (RFC 9728), and calls `next` for all others.
 * {@link guard} answers them too, but a guard that is mounted on a path never sees them. Then add `app.use(metadata(gate))`.
 */
export function metadata(
  gate: Pick<Gate, 'metadata'>,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    const document = gate.metadata(request)
    if (document === undefined) next()
    else writeResponse(document, response).catch(next)
  }
}

/**
 * Returns a handler for Node's `http` or `http2`. It calls your handler for requests that the gate lets pass, and answers all others:
 * `createServer(guardHandler(gate, (request, response, auth) => response.end(auth.payload.sub)))`.
 *
 * If a rule or your handler throws, the answer is 500 with a problem (RFC 9457), and the error is written to `console.error`.
 * The promise that the handler returns is never rejected.
 *
 * @throws `TypeError` for invalid needs, before the first request
 */
export function guardHandler<
  Claims,
  Principal,
  Request extends NodeRequest,
  Response extends NodeResponse,
  Extra extends Preflight = never,
>(
  gate: Gate<Claims, Principal, Extra>,
  // `auth` is `undefined` for a pre-flight that the gate lets pass.
  handler: (
    request: Request,
    response: Response,
    auth: Auth<Claims, Principal> | (Extra extends Preflight ? undefined : never),
  ) => unknown,
  needs?: GateNeeds<Claims & JWTPayload, Principal>,
): (request: Request, response: Response) => Promise<void>
export function guardHandler<Claims, Principal, Request extends NodeRequest, Response extends NodeResponse>(
  gate: AnyGate<Claims, Principal>,
  handler: (request: Request, response: Response, auth: Auth<Claims, Principal> | undefined) => unknown,
  needs: OptionalNeeds<Claims & JWTPayload, Principal>,
): (request: Request, response: Response) => Promise<void>
export function guardHandler<Claims, Principal, Request extends NodeRequest, Response extends NodeResponse>(
  gate: AnyGate<Claims, Principal>,
  handler: (request: Request, response: Response, auth: Auth<Claims, Principal>) => unknown,
  needs: AnyNeeds<Claims, Principal> = {},
): (request: Request, response: Response) => Promise<void> {
  const decide = decider(gate, needs)
  return async (request, response) => {
    try {
      const { answer, auth } = await decide(request)
      if (answer === undefined) {
        gate.cors(request, response)
        await handler(request, response, auth as Auth<Claims, Principal>)
      } else await writeResponse(answer, response)
    } catch (thrown) {
      fail(thrown, response, () => gate.cors(request, response))
    }
  }
}

/**
 * Returns a Fastify hook that answers the requests that the gate refuses: `fastify.addHook('onRequest', guardHook(gate))`, or the
 * `onRequest` of one route.
 *
 * @throws `TypeError` for invalid needs, before the first request
 */
export function guardHook<Claims, Principal>(
  gate: AnyGate<Claims, Principal>,
  needs: AnyNeeds<Claims, Principal> = {},
): (request: NodeRequest, reply: FastifyReply) => Promise<unknown> {
  const decide = decider(gate, needs)
  return async (request, reply) => {
    const { answer } = await decide(request)
    if (answer === undefined) {
      gate.cors(request, {
        setHeader: (name, value) => reply.header(name, value),
        getHeader: (name) => reply.getHeader?.(name),
      })
      return undefined
    }
    const { status, headers, body } = await nodeParts(answer)
    reply.code(status)
    for (const [name, value] of headers) reply.header(name, value)
    reply.send(body)
    return reply
  }
}

/** A gate's decision: the response to send, or `auth` of a request that may pass. A pre-flight that passes has neither. */
interface Decision<Claims, Principal> {
  readonly answer: Response | undefined
  readonly auth: Auth<Claims, Principal> | undefined
  readonly denied?: Denied
}

function refusals(name: string, value: unknown): 'answer' | 'next' {
  if (value === 'answer' || value === 'next') return value
  throw optionError(name, "must be 'answer' or 'next'")
}

/** Returns a function that checks a request, and sets `auth` on one that may pass. */
function decider<Claims, Principal>(
  gate: AnyGate<Claims, Principal>,
  needs: AnyNeeds<Claims, Principal>,
): (request: NodeRequest) => Promise<Decision<Claims, Principal>> {
  // The needs are checked now, not at the first request.
  gate.challenge(needs)
  return async (request) => {
    const document = gate.metadata(request)
    if (document !== undefined) return { answer: document, auth: undefined }
    const pass = await (gate as Gate<Claims, Principal, Preflight>)
      .check(request, needs as OptionalNeeds<Claims & JWTPayload, Principal>)
      .catch(throwError)
    if (!pass.ok) return { answer: pass.response(), auth: undefined, denied: pass }
    if (pass.preflight === true || pass.anonymous === true) return { answer: undefined, auth: undefined }
    const { claims: payload, header, principal } = pass
    const auth: Auth<Claims, Principal> = { payload, header, principal }
    Object.assign(request, { auth })
    return { answer: undefined, auth }
  }
}

/** Logs the error of a rule or handler, as frameworks do, and sends a 500. If the response has begun, closes the connection instead. */
function fail(thrown: unknown, response: NodeResponse, cors: () => unknown): void {
  console.error(thrown)
  try {
    if (memberOf(response, 'headersSent') === true) {
      // A truncated response must not look complete.
      response.destroy?.()
      return
    }
    // The handler set these header fields for its own response.
    for (const name of response.getHeaderNames?.() ?? []) response.removeHeader?.(name)
    cors()
    response.statusCode = 500
    response.setHeader('content-type', 'application/problem+json')
    response.setHeader('cache-control', 'no-store')
    const detail = 'the server failed; its log says why'
    const problem = { type: 'about:blank', title: 'Internal Server Error', status: 500, detail, code: 'internal_error' }
    response.end(new TextEncoder().encode(jsonOf(problem)))
  } catch {
    // The connection is gone, so no answer is needed.
  }
}

/**
 * The gate as middleware of Express, before a handler of Node's `http`, and as a hook of Fastify.
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

/** What is set as `request.auth` of a request that may pass. */
export interface Auth<Claims = JWTPayload, Principal = unknown> {
  /** The claims of the request's token. */
  readonly payload: Claims & JWTPayload
  /** The header of the request's token. Empty for a token that was introspected. */
  readonly header: Partial<ProtectedHeader>
  /** What `principal` of the gate's options found. */
  readonly principal: Principal
}

/** What is needed of Fastify's `Reply`. */
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

/** A refusal as an error of Express: its own error handler, and yours, know these members. */
export class GateError extends Error {
  override readonly name = 'GateError'
  readonly status: number
  readonly statusCode: number
  /** The header fields of the answer, `WWW-Authenticate` among them. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the message may be shown. */
  readonly expose = true
  /** The refusal. Not enumerable: its cause is for logs. */
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

/** How {@link guard} passes refusals on. */
export interface GuardOptions {
  /** `next`: a refusal goes to your error handler, as `next(error)` with a {@link GateError}. Default: `answer`. */
  refusals?: 'answer' | 'next'
}

/**
 * Express's middleware: calls `next` for requests that the gate lets pass, with `request.auth` set, and answers all others.
 *
 * @throws `TypeError` for needs that make no sense, at once
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
    // An error of a rule is the program's; Express answers it. If `next` itself throws, there is nothing else to call.
    run().catch(next).catch((thrown: unknown) => fail(thrown, response, () => gate.cors(request, response)))
  }
}

/**
 * Express's middleware that answers requests for the metadata of the gate's `resource` (RFC 9728), and calls `next` for all others.
 * {@link guard} does the same where it sees the address; use this one where the guard is mounted on a path: `app.use(metadata(gate))`.
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
 * A handler for Node's `http` or `http2` that calls yours for requests that the gate lets pass, and answers all others:
 * `createServer(guardHandler(gate, (request, response, auth) => response.end(auth.payload.sub)))`.
 *
 * If a rule or your handler throws, the answer is 500 with a problem (RFC 9457), and the error is written to `console.error`.
 * The promise that the handler returns is never rejected.
 *
 * @throws `TypeError` for needs that make no sense, at once
 */
export function guardHandler<
  Claims,
  Principal,
  Request extends NodeRequest,
  Response extends NodeResponse,
  Extra extends Preflight = never,
>(
  gate: Gate<Claims, Principal, Extra>,
  // A pre-flight has no token, where the gate lets one pass.
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
 * The same for Fastify: `fastify.addHook('onRequest', guardHook(gate))`, or as the `onRequest` of one route.
 *
 * @throws `TypeError` for needs that make no sense, at once
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

/** What a gate decided: an answer to send, or what is known of a request that may pass. A pre-flight has neither. */
interface Decision<Claims, Principal> {
  readonly answer: Response | undefined
  readonly auth: Auth<Claims, Principal> | undefined
  readonly denied?: Denied
}

function refusals(name: string, value: unknown): 'answer' | 'next' {
  if (value === 'answer' || value === 'next') return value
  throw optionError(name, "must be 'answer' or 'next'")
}

/** Asks the gate, and sets `auth` of a request that may pass. */
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

/** Answers a request whose rule or handler threw, as far as nothing was sent; as frameworks do, it logs what was thrown. */
function fail(thrown: unknown, response: NodeResponse, cors: () => unknown): void {
  console.error(thrown)
  try {
    if (memberOf(response, 'headersSent') === true) {
      // Half an answer must not look like a whole one.
      response.destroy?.()
      return
    }
    // What the handler set was for another answer.
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

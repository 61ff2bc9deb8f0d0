/**
 * The gate as middleware of Express, before a handler of Node's `http`, and as a hook of Fastify.
 *
 * @packageDocumentation
 */
import type { Denied, Gate, GateNeeds, Passed, Preflight } from './gate/gate.js'
import type { NodeRequest } from './gate/request.js'
import type { JWTPayload, ProtectedHeader } from './base/types.js'

/** What is set as `request.auth` of a request that may pass. */
export interface Auth<Claims = JWTPayload, Principal = unknown> {
  /** The claims of the request's token. */
  readonly payload: Claims & JWTPayload
  /** The header of the request's token. */
  readonly header: ProtectedHeader
  /** What `principal` of the gate's options found. */
  readonly principal: Principal
}

/** What is needed of Node's `ServerResponse`. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string | readonly string[]): unknown
  end(body: Uint8Array): unknown
}

/** What is needed of Fastify's `Reply`. */
export interface FastifyReply {
  code(status: number): unknown
  header(name: string, value: string | string[]): unknown
  send(body: Uint8Array): unknown
}

type AnyGate<Claims, Principal> = Gate<Claims, Principal, Preflight> | Gate<Claims, Principal>

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
  needs: GateNeeds<Claims & JWTPayload, Principal> = {},
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  const decide = decider(gate, needs)
  return (request, response, next) => {
    // An error of a rule is the program's; Express answers it.
    decide(request)
      .then((answer) => answer && write(answer, response))
      .then((written) => written || next(), next)
  }
}

/**
 * A handler for Node's `http` or `http2` that calls yours for requests that the gate lets pass, and answers all others:
 * `createServer(guardHandler(gate, (request, response, auth) => response.end(auth.payload.sub)))`.
 *
 * Where a rule throws, the answer is 500 and the promise that the handler returns is rejected.
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
  // There is nobody behind a pre-flight, where the gate lets one pass.
  handler: (
    request: Request,
    response: Response,
    auth: Auth<Claims, Principal> | (Extra extends Preflight ? undefined : never),
  ) => unknown,
  needs: GateNeeds<Claims & JWTPayload, Principal> = {},
): (request: Request, response: Response) => Promise<void> {
  const decide = decider(gate, needs)
  return async (request, response) => {
    try {
      const answer = await decide(request)
      if (answer !== undefined) return void (await write(answer, response))
    } catch (thrown) {
      response.statusCode = 500
      response.end(new Uint8Array())
      throw thrown
    }
    await handler(request, response, (request as { auth?: Auth<Claims, Principal> }).auth as Auth<Claims, Principal>)
  }
}

/**
 * The same for Fastify: `fastify.addHook('onRequest', guardHook(gate))`, or as the `onRequest` of one route.
 *
 * @throws `TypeError` for needs that make no sense, at once
 */
export function guardHook<Claims, Principal>(
  gate: AnyGate<Claims, Principal>,
  needs: GateNeeds<Claims & JWTPayload, Principal> = {},
): (request: NodeRequest, reply: FastifyReply) => Promise<unknown> {
  const decide = decider(gate, needs)
  return async (request, reply) => {
    const answer = await decide(request)
    if (answer === undefined) return undefined
    const { status, headers, body } = await parts(answer)
    reply.code(status)
    for (const [name, value] of headers) reply.header(name, value)
    reply.send(body)
    return reply
  }
}

/** What to answer instead; `undefined` for a request that may pass, whose `auth` is set then. */
function decider<Claims, Principal>(
  gate: AnyGate<Claims, Principal>,
  needs: GateNeeds<Claims & JWTPayload, Principal>,
): (request: NodeRequest) => Promise<Response | undefined> {
  // Nothing was sent, so nothing but the needs is looked at.
  gate.checkSync({ headers: {}, method: 'GET', url: '/' }, needs)
  return async (request) => {
    const pass: Passed<Claims, Principal> | Preflight | Denied = await gate.check(request, needs)
    if (!pass.ok) return pass.response()
    if (!pass.preflight) {
      const { claims: payload, header, principal } = pass
      Object.assign(request, { auth: { payload, header, principal } satisfies Auth<Claims, Principal> })
    }
    return undefined
  }
}

/** Writes an answer; always `true`. */
async function write(answer: Response, response: NodeResponse): Promise<true> {
  const { status, headers, body } = await parts(answer)
  response.statusCode = status
  for (const [name, value] of headers) response.setHeader(name, value)
  response.end(body)
  return true
}

/** An answer in the pieces that Node writes; of all fields only `Set-Cookie` can't be joined. */
async function parts(response: Response) {
  const headers = new Map<string, string | string[]>(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers.set('set-cookie', cookies)
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) }
}

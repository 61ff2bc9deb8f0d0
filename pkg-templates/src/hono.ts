/**
 * The entry `jotgate/hono`: a gate as Hono middleware.
 *
 * @packageDocumentation
 */
import type { Gate, GateNeeds, OptionalNeeds, Passed, Preflight } from './gate/types.js'
import { isGiven } from './base/record.js'
import { throwError } from './base/thrown.js'
import type { JWTPayload } from './base/types.js'

/** The variables that {@link guard} sets, for Hono's types: `new Hono<{ Variables: GateVariables<MyClaims> }>()`. */
export interface GateVariables<Claims = JWTPayload, Principal = unknown> {
  /** The claims of the request's token, under the name that Hono's own `jwt` uses. */
  jwtPayload: Claims & JWTPayload
  /** The whole pass: claims, header, principal. */
  pass: Passed<Claims, Principal>
}

/** The part of Hono's `Context` that is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  res: Response
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
  // Hono's own `set` is typed by the variables that an app declares.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  set: (name: any, value: any) => void
}

/**
 * Returns Hono middleware. It calls `next` for requests that the gate lets pass, with `c.get('jwtPayload')` and `c.get('pass')` set, and
 * answers all others.
 *
 * @throws `TypeError` for invalid needs, before the first request
 *
 * @example
 * ```js
 * app.use('/items/*', guard(gate, { scopes: ['items:read'] }))
 * app.get('/items/:id', (c) => c.json({ hello: c.get('jwtPayload').sub }))
 * ```
 */
export function guard<Claims, Principal>(
  gate: Gate<Claims, Principal, Preflight> | Gate<Claims, Principal>,
  needs: GateNeeds<Claims & JWTPayload, Principal> | OptionalNeeds<Claims & JWTPayload, Principal> = {},
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  // The needs are checked now, not at the first request.
  gate.challenge(needs)
  return async (context, next) => {
    const document = gate.metadata(context.req.raw)
    if (document !== undefined) return document
    const waitUntil = isGiven(needs, 'waitUntil') ? undefined : background(context)
    const asked = waitUntil === undefined ? needs : Object.assign(Object.create(needs) as typeof needs, { waitUntil })
    const pass = await (gate as Gate<Claims, Principal, Preflight>)
      .check(context.req.raw, asked as OptionalNeeds<Claims & JWTPayload, Principal>)
      .catch(throwError)
    if (!pass.ok) return pass.response()
    if (pass.preflight !== true && pass.anonymous !== true) {
      context.set('jwtPayload', pass.claims)
      context.set('pass', pass)
    }
    await next()
    const answer = gate.cors(context.req.raw, context.res)
    if (answer !== context.res) {
      // Hono copies the fields of an existing response over the new ones.
      context.res = undefined as unknown as Response
      context.res = answer
    }
    return undefined
  }
}

/**
 * Returns Hono middleware that answers requests for the metadata of the gate's `resource` (RFC 9728), and calls `next` for all others.
 * {@link guard} answers them too, but a guard that is mounted on a path never sees them. Then add `app.use(metadata(gate))`.
 */
export function metadata(
  gate: Pick<Gate, 'metadata'>,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => gate.metadata(context.req.raw) ?? (await next(), undefined)
}

/** Returns the runtime's `waitUntil`, or `undefined` if the runtime has none: Hono's getter then throws. */
function background(context: HonoContext): ((work: Promise<unknown>) => void) | undefined {
  try {
    const execution = context.executionCtx
    return (work) => execution.waitUntil(work)
  } catch {
    return undefined
  }
}

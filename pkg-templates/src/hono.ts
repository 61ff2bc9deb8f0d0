/**
 * The gate as Hono's middleware.
 *
 * @packageDocumentation
 */
import type { Gate, GateNeeds, OptionalNeeds, Passed, Preflight } from './gate/types.js'
import { isGiven } from './base/record.js'
import { throwError } from './base/thrown.js'
import type { JWTPayload } from './base/types.js'

/** What {@link guard} sets, for Hono's types: `new Hono<{ Variables: GateVariables<MyClaims> }>()`. */
export interface GateVariables<Claims = JWTPayload, Principal = unknown> {
  /** The claims of the request's token, under the name that Hono's own `jwt` uses. */
  jwtPayload: Claims & JWTPayload
  /** The whole pass: claims, header, principal. */
  pass: Passed<Claims, Principal>
}

/** What is needed of Hono's `Context`. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  res: Response
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
  // Hono's own `set` is typed by the variables that an app declares.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  set: (name: any, value: any) => void
}

/**
 * Lets requests pass that the gate lets pass; `c.get('jwtPayload')` and `c.get('pass')` have the user.
 *
 * @throws `TypeError` for needs that make no sense, at once
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
      // Hono would put the old fields over the new ones.
      context.res = undefined as unknown as Response
      context.res = answer
    }
    return undefined
  }
}

/**
 * Answers requests for the metadata of the gate's `resource` (RFC 9728), and calls `next` for all others. {@link guard} does the same
 * where it sees the address; use this one where the guard is mounted on a path: `app.use(metadata(gate))`.
 */
export function metadata(
  gate: Pick<Gate, 'metadata'>,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => gate.metadata(context.req.raw) ?? (await next(), undefined)
}

/** The host's `waitUntil`; Hono throws where there is no host that has one. */
function background(context: HonoContext): ((work: Promise<unknown>) => void) | undefined {
  try {
    const host = context.executionCtx
    return (work) => host.waitUntil(work)
  } catch {
    return undefined
  }
}

/** A request enters, a pass leaves: the claims of its token, or the answer to send instead (RFC 6750, RFC 9457). */
import { boot } from '../wasm/instance.js'
import { CREDENTIAL_NAMES, type CredentialOptions, credentialsFrom } from './credentials.js'
import { answer, challenge, type Denial, DENIALS, denialFrom } from './denial.js'
import { Engine, noNeeds } from '../verify/engine.js'
import { JWKSUnavailable } from '../base/errors.js'
import { type IssuerOptions, Issuers } from '../verify/issuers.js'
import type { Needs } from '../wasm/bindings.js'
import { keysOf } from '../verify/keys_option.js'
import { audiences, callable, flag, list, Options, text, texts } from '../base/options.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import { because, errorFrom, isWithoutKeys, misuse } from '../base/refusal.js'
import { REMOTE_NAMES, type RemoteKeySetOptions, type WaitUntil } from '../remote/remote_key_set.js'
import { fieldsOf, type ReadField, type RequestLike } from './request.js'
import type { Algorithm, JWTPayload, ProtectedHeader } from '../base/types.js'
import type { HeaderFields } from '../base/types.js'
import type { Judge, Judgement } from '../verify/judge.js'
import type { Keys } from '../verify/keys_option.js'
import { FIELD_NAMES, POLICY_NAMES, policyFields, type PolicyOptions } from '../verify/policy.js'

/** A value, or the promise of one. */
export type MaybePromise<T> = T | PromiseLike<T>

/**
 * What a gate is made of. Besides what stands here: `algorithms` and the other options of {@link PolicyOptions}, where
 * tokens are looked for ({@link CredentialOptions}), and with `jwksUri` the options of {@link RemoteKeySetOptions}.
 */
export interface GateOptions<Claims = JWTPayload, Principal = unknown>
  extends Omit<PolicyOptions, 'issuer' | 'audience'>, CredentialOptions, RemoteKeySetOptions {
  /** The issuers accepted: `iss` must be there and equal to one of them (RFC 7519 §4.1.1). */
  issuer: string | readonly string[]
  /** The audiences accepted: `aud` must be there and hold one of them. `false` if your issuer sends none. */
  audience: string | readonly string[] | false
  /** The URL of the issuer's key set. Without it, and without `keys`, the issuer's metadata names it (RFC 8414). */
  jwksUri?: string | URL
  /** The keys, where they are not fetched from `jwksUri` or found from the issuer. */
  keys?: Keys
  /** The types accepted. Default: `JWT` and `at+jwt` (RFC 9068 §4), or no `typ` at all. */
  typ?: string | readonly string[]
  /** The realm that challenges name (RFC 9110 §11.5), printable ASCII. Default: `api`. */
  realm?: string
  /** Whether the pre-flights of CORS pass without a token, as {@link Preflight}. Default: `false`. */
  preflight?: boolean
  /**
   * Looks up whom the token is for, from claims that were verified; what it returns is `pass.principal`. `undefined`,
   * `null` and `false` are nobody: 401.
   */
  principal?(claims: Claims & JWTPayload): MaybePromise<Principal | null | undefined | false>
  /** A rule for every request, asked last: anything but `true` is 403. */
  authorize?: Authorize<Claims, Principal>['rule']
  /** Your own answer in place of the standard one, which `denied.response()` still gives; `undefined` leaves that. */
  onRefusal?(denied: Denied, request: RequestLike): Response | undefined
}

/** What a gate of several issuers is made of: what is not said of one issuer counts for all of them. */
export interface IssuersGateOptions<Claims = JWTPayload, Principal = unknown> extends Omit<
  GateOptions<Claims, Principal>,
  'algorithms' | 'audience' | 'issuer' | 'jwksUri' | 'keys' | keyof RemoteKeySetOptions
> {
  /** The issuers accepted. A token is verified with the keys, algorithms and audiences of the one that its `iss` names. */
  issuers: readonly IssuerOptions[]
  /** The algorithms accepted from those issuers that have no list of their own. */
  algorithms?: readonly Algorithm[]
  /** The audiences accepted from those issuers that have none of their own. `false` if their tokens name none. */
  audience?: string | readonly string[] | false
  /** These belong to each issuer. */
  issuer?: never
  keys?: never
  jwksUri?: never
}

/** The shape of a rule; a method, so that yours may ask for the very request type that it is used with. */
export interface Authorize<Claims = JWTPayload, Principal = unknown> {
  /** Whether a request may pass, given claims that were verified; only `true` lets it. */
  rule(claims: Claims & JWTPayload, request: RequestLike, principal: Principal): MaybePromise<boolean>
}

/** What a request needs; every list that is there must hold something. */
export interface GateNeeds<Claims = JWTPayload, Principal = unknown> {
  /** Scopes, all of them needed: in `scope`, `scp` or `scopes`, the first that is there. */
  scopes?: readonly string[]
  /** Scopes, one of them enough. */
  anyScope?: readonly string[]
  /** Permissions, all of them needed: in `permissions`. */
  permissions?: readonly string[]
  /** Roles, all of them needed: in `roles`. */
  roles?: readonly string[]
  /** A rule for this request, besides the gate's own: anything but `true` is 403. */
  authorize?: Authorize<Claims, Principal>['rule']
  /** What lets the host know of a fetch that should outlive the request: `(work) => ctx.waitUntil(work)`. */
  waitUntil?: WaitUntil
}

/** A request that may pass. */
export interface Passed<Claims = JWTPayload, Principal = unknown> {
  readonly ok: true
  /** The claims of its token. */
  readonly claims: Claims & JWTPayload
  /** The header of its token. */
  readonly header: ProtectedHeader
  /** What `principal` of the gate's options found. */
  readonly principal: Principal
  /** Only a {@link Preflight} has it. */
  readonly preflight?: undefined
  /** Only {@link Denied} has it; named here, so that `pass.ok ? … : pass.response()` compiles without `strict`, too. */
  readonly response?: undefined
}

/** A pre-flight of CORS: it bears no token, and there is nobody behind it. */
export interface Preflight {
  readonly ok: true
  readonly preflight: true
  readonly claims?: undefined
  readonly header?: undefined
  readonly principal?: undefined
  readonly response?: undefined
}

/** A request that may not pass. */
export interface Denied {
  readonly ok: false
  /** The status to answer with. */
  readonly status: 400 | 401 | 403 | 503
  /** The error code of RFC 6750 §3.1; absent where nothing was sent, for forged requests, and without keys. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  /** The stable code of the exact reason: `expired`, `signature_mismatch`, `credentials_missing`, … */
  readonly refusal: string
  /** The reason for people, as the answer gives it: nothing of what would have been accepted. */
  readonly detail: string
  /**
   * For logs, never for the answer: why there are no keys to verify with, or no key for the token. `cause.skipped` lists the
   * members of the key set that can't be used. `undefined` for all else; not enumerable.
   */
  readonly cause?: Error | undefined
  /** The value of `WWW-Authenticate`; absent where a token would change nothing. */
  readonly challenge?: string
  /**
   * The answer to send: the status, a challenge, and a problem in JSON (RFC 9457). `init.headers`, such as those of CORS,
   * are added, except those that the answer sets itself.
   */
  response(init?: { readonly headers?: HeaderFields }): Response
}

/** A gate before an API. */
export interface Gate<Claims = JWTPayload, Principal = unknown, Extra = never> {
  /**
   * Whether a request may pass. A token that is refused is a value, never an exception.
   *
   * @param request - a standard `Request`, or one of Node's `http`, Express or Fastify
   * @throws `TypeError` for needs that make no sense; what `principal` and `authorize` throw
   */
  check<Own = Claims>(
    request: RequestLike,
    needs?: GateNeeds<NoInfer<Own> & JWTPayload, Principal>,
  ): Promise<Passed<Own, Principal> | Denied | Extra>
  /**
   * The same without waiting for anything. Where the answer would take a fetch, of a set that has not arrived or for a
   * key that is not in it, the request is denied with `refusal: 'keys_not_ready'` (503): `await gate.check(…)` then.
   *
   * @throws `TypeError` as above, and where `principal` or `authorize` returns a promise
   */
  checkSync<Own = Claims>(
    request: RequestLike,
    needs?: GateNeeds<NoInfer<Own> & JWTPayload, Principal>,
  ): Passed<Own, Principal> | Denied | Extra
}

/**
 * Makes a gate for an API that takes access tokens (RFC 6750): in `Authorization: Bearer`, and where else
 * {@link CredentialOptions} say. Tokens bound to a key of their bearer (`cnf`) are refused. Made once, used for every
 * request; making one does no fetch, sets no timer and reads neither clock nor randomness.
 *
 * @throws `TypeError` that names the option which is missing, unknown, present but `undefined`, empty or not a number
 *
 * @example
 * ```js
 * const gate = createGate({
 *   issuer: 'https://issuer.example',
 *   audience: 'api',
 *   algorithms: ['ES256'],
 *   jwksUri: 'https://issuer.example/.well-known/jwks.json',
 * })
 *
 * export default {
 *   async fetch(request, env, ctx) {
 *     const pass = await gate.check(request, { scopes: ['items:read'], waitUntil: (work) => ctx.waitUntil(work) })
 *     if (!pass.ok) return pass.response()
 *     return Response.json({ hello: pass.claims.sub })
 *   },
 * }
 * ```
 */
export function createGate<Claims = JWTPayload, Principal = unknown>(
  options: (GateOptions<Claims, Principal> | IssuersGateOptions<Claims, Principal>) & { preflight: boolean },
): Gate<Claims, Principal, Preflight>
export function createGate<Claims = JWTPayload, Principal = unknown>(
  options: GateOptions<Claims, Principal> | IssuersGateOptions<Claims, Principal>,
): Gate<Claims, Principal>
export function createGate<Claims, Principal>(
  options: GateOptions<Claims, Principal> | IssuersGateOptions<Claims, Principal>,
): Gate<Claims, Principal, Preflight> {
  const given = new Options('createGate', options, GATE_NAMES)
  const several = given.has('issuers')
  if (!several) {
    given.require('algorithms', list)
    given.require('issuer', texts)
    given.require('audience', audiences)
  }
  const openAudience = given.read('audience', audiences) === false
  const realm = given.read('realm', printable) ?? 'api'
  const fields = policyFields(given, openAudience ? FIELD_NAMES.filter((name) => name !== 'audience') : FIELD_NAMES)
  // RFC 9068 §4 wants `at+jwt`; many issuers send `JWT` or nothing.
  if (fields.typ === undefined) {
    fields.typ = ['JWT', 'at+jwt']
    fields.typOptional = true
  }
  // A bound token whose proof nobody asks for is a bearer token that was stolen more easily than it says.
  fields.refuseBound = true
  const credentialsOf = credentialsFrom(given)
  const preflights = given.read('preflight', flag) ?? false
  const principal = given.read('principal', callable<NonNullable<GateOptions<Claims, Principal>['principal']>>)
  const authorize = given.read('authorize', callable<Rule>)
  const onRefusal = given.read('onRefusal', callable<NonNullable<GateOptions['onRefusal']>>)
  const engine: Judge = several
    ? new Issuers(given, fields, { audienceRequired: !openAudience })
    : new Engine(given, fields, keysOf(given, fields.issuer ?? []))
  const needsOf = rememberedNeeds()

  /** The whole way of a request; what it yields may be a promise, and comes back as what it promised. */
  function* decide(request: RequestLike, needs: GateNeeds, judge: Judging): Generator<unknown, Outcome, unknown> {
    const { checked, waitUntil, rule } = needsOf(needs)
    const refuse = (denial: Denial, cause?: Error) => denied(record(denial), realm, onRefusal, request, cause)
    const field = fieldsOf(request)
    if (preflights && isPreflight(request, field)) return { ok: true, preflight: true }
    const credentials = credentialsOf(request, field)
    if (credentials.kind === 'none') return refuse(DENIALS.anonymous)
    if (credentials.kind === 'forged') return refuse(DENIALS.forged)
    if (credentials.kind === 'malformed') {
      return refuse({ ...DENIALS.malformed, refusal: credentials.code, detail: credentials.message })
    }
    let judgement: Judgement
    try {
      judgement = (yield judge(credentials.token, checked, waitUntil)) as Judgement
    } catch (thrown) {
      if (!isWithoutKeys(thrown)) throw thrown
      const { refusal } = thrown
      const retryAfter = memberOf(thrown, 'retryAfter')
      return refuse({ ...DENIALS.unavailable, refusal, ...(retryAfter !== undefined && { retryAfter }) }, thrown)
    }
    if (!judgement.ok) {
      const { refusal } = judgement
      return refuse(denialFrom(refusal), Object.hasOwn(refusal, 'skipped') ? errorFrom(refusal) : undefined)
    }
    const { payload: claims, header } = judgement
    // Every member is its own: whoever reads `preflight` must not find what all objects inherit.
    const passed = { ok: true, claims, header, principal: undefined, preflight: undefined } as { -readonly [K in keyof Passed]: Passed[K] }
    if (principal !== undefined) {
      const found = yield principal(claims as Claims & JWTPayload)
      if (found === undefined || found === null || found === false) return refuse(DENIALS.stranger)
      passed.principal = found
    }
    for (const allows of [authorize, rule]) {
      // A rule that forgets to answer must not let anybody pass.
      if (allows !== undefined && (yield allows(claims, request, passed.principal)) !== true) {
        return refuse(DENIALS.unauthorized)
      }
    }
    return passed
  }

  const judgeNow: Judging = (token, checked) => {
    const judgement = engine.judgeNow(token, checked)
    // A key that is not in hand may be a new one: only who can fetch may call the token wrong.
    if (judgement.fetchable) {
      throw because('keys_not_ready', new JWKSUnavailable("no key in hand is the token's: await `check`"))
    }
    return judgement
  }
  const gate: Gate<JWTPayload, unknown, Preflight> = {
    check: (request, needs = {}) =>
      settled(decide(request, needs as GateNeeds, (...call) => engine.judge(...call))) as Promise<never>,
    checkSync: (request, needs = {}) => settledNow(decide(request, needs as GateNeeds, judgeNow)) as never,
  }
  return gate as Gate<Claims, Principal, Preflight>
}

type Rule = Authorize['rule']
type Judging = (token: string, needs: Needs, waitUntil: WaitUntil | undefined) => MaybePromise<Judgement>
type Outcome = Passed | Preflight | Denied

const GATE_NAMES = [
  'issuers',
  'keys',
  'jwksUri',
  'realm',
  'preflight',
  'principal',
  'authorize',
  'onRefusal',
  ...CREDENTIAL_NAMES,
  ...POLICY_NAMES,
  ...REMOTE_NAMES,
]

/** Goes the steps, waiting at each. */
async function settled<T>(steps: Generator<unknown, T, unknown>): Promise<T> {
  let step = steps.next()
  while (!step.done) {
    let value: unknown
    try {
      value = await step.value
    } catch (thrown) {
      step = steps.throw(thrown)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

/** Goes the steps, none of which may be waited for. */
function settledNow<T>(steps: Generator<unknown, T, unknown>): T {
  let step = steps.next()
  while (!step.done) {
    const { value } = step
    if (isPromise(value)) {
      value.then(undefined, () => {})
      throw new TypeError('`principal` and `authorize` must not return a promise where `checkSync` is used')
    }
    step = steps.next(value)
  }
  return step.value
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** A CORS-preflight request (Fetch §3.3.2). */
function isPreflight(request: RequestLike, field: ReadField): boolean {
  if (memberOf(request, 'method') !== 'OPTIONS') return false
  // Only browsers send one, and both fields with it.
  return Boolean(field('origin')?.trim()) && Boolean(field('access-control-request-method')?.trim())
}

/** Needs are written as literals at each call: those that were seen before are not checked and sent over again. */
function rememberedNeeds(): (needs: GateNeeds) => CheckedNeeds {
  const LIMIT = 100
  const seen = new Map<string, Needs>()
  const remembered = (text: string) => {
    let checked = seen.get(text)
    if (checked === undefined) {
      checked = boot().bindings.Needs.fromLists(text)
      if (seen.size >= LIMIT) seen.clear()
      seen.set(text, checked)
    }
    return checked
  }
  return (needs) => {
    const given = new Options('check', needs, NEED_NAMES)
    const fields: Record<string, string[]> = record({})
    for (const name of LIST_NAMES) {
      const needed = given.read(name, list)
      if (needed !== undefined) fields[name] = needed
    }
    const waitUntil = given.read('waitUntil', callable<WaitUntil>)
    const rule = given.read('authorize', callable<Rule>)
    const checked = Object.keys(fields).length === 0 ? noNeeds() : remembered(jsonOf(fields))
    return { checked, waitUntil, rule }
  }
}

interface CheckedNeeds {
  readonly checked: Needs
  readonly waitUntil: WaitUntil | undefined
  readonly rule: Rule | undefined
}

const LIST_NAMES = ['scopes', 'anyScope', 'permissions', 'roles']
const NEED_NAMES = [...LIST_NAMES, 'authorize', 'waitUntil']

function denied(
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

function printable(name: string, value: unknown): string {
  const realm = text(name, value)
  if (!/^[\x20-\x7e]+$/.test(realm)) throw misuse(name, 'must be printable ASCII')
  return realm
}

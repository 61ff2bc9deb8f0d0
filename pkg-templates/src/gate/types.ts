/** What a gate is made of, what a request needs, and what a gate returns. */
import type { RefusalCode } from '../base/refusal_codes.js'
import type { HeaderFields, Algorithm, JWTPayload, ProtectedHeader } from '../base/types.js'
import type { RemoteKeySetOptions, WaitUntil } from '../remote/remote_key_set.js'
import type { IssuerOptions } from '../verify/issuers.js'
import type { Keys } from '../verify/keys_option.js'
import type { PolicyOptions } from '../verify/policy.js'
import type { Duration } from '../base/duration.js'
import type { ClientOptions } from './client.js'
import type { CorsOptions, NodeFields } from './cors.js'
import type { CredentialOptions } from './credentials.js'
import type { ResourceOptions } from './metadata.js'
import type { RightsOptions } from './rights.js'
import type { IssuerTemplate } from './tenants.js'
import type { RequestLike } from './request.js'

/** A value, or the promise of one. */
export type MaybePromise<T> = T | PromiseLike<T>

/**
 * What a gate is made of. Besides what stands here: `algorithms` and the other options of {@link PolicyOptions}, where
 * tokens are looked for ({@link CredentialOptions}), and with `jwksUri` the options of {@link RemoteKeySetOptions}.
 */
export type GateOptions<Claims = JWTPayload, Principal = unknown> = GateSettings<Claims, Principal> &
  ({ audience: string | readonly string[] | false } | { resource: string })

/** The members of {@link GateOptions}, of which `audience` or `resource` is required. */
export interface GateSettings<Claims = JWTPayload, Principal = unknown>
  extends Omit<PolicyOptions, 'issuer' | 'audience' | 'clockTolerance'>, CredentialOptions, RemoteKeySetOptions, ResourceOptions, RightsOptions, ClientOptions {
  /** The issuers accepted: `iss` must be there and equal to one of them (RFC 7519 §4.1.1). {@link IssuerTemplate}: Entra ID's tenants. */
  issuer: string | readonly string[] | IssuerTemplate
  /**
   * By how much the clocks may differ, for `exp`, `nbf` and, with `maxTokenAge`, `iat`: seconds, not milliseconds, at most 600.
   * Default: 5. A `Verifier` has 0.
   */
  clockTolerance?: Duration
  /**
   * The audiences accepted: `aud` must be there and hold one of them. `false` if your issuer sends none. Required without `resource`,
   * which is the default.
   */
  audience?: string | readonly string[] | false
  /** The URL of the issuer's key set. Without it, and without `keys`, the issuer's metadata names it (RFC 8414). */
  jwksUri?: string | URL
  /** The keys, where they are not fetched from `jwksUri` or found from the issuer. */
  keys?: Keys
  /** The types accepted. Default: `JWT` and `at+jwt` (RFC 9068 §4), or no `typ` at all. */
  typ?: string | readonly string[]
  /** The realm that challenges name (RFC 9110 §11.5), printable ASCII. Default: `api`. */
  realm?: string
  /**
   * Which pages may call the API from other origins: `true` for every page, or their origins. The gate then answers pre-flights by
   * itself, as a {@link Denied} with the status 204, and its answers can be read by those pages. {@link Gate.cors} does the same for
   * yours.
   */
  cors?: true | string | readonly string[] | CorsOptions
  /** Whether the pre-flights of CORS pass without a token, as {@link Preflight}, to a handler of yours. Default: `false`. */
  preflight?: boolean
  /**
   * Looks up whom the token is for, from claims that were verified; what it returns is `pass.principal`. `undefined`,
   * `null` and `false` are nobody: 401.
   */
  principal?(claims: Claims & JWTPayload): MaybePromise<Principal | null | undefined | false>
  /** A rule for every request, asked last: anything but `true` is 403, unless the rule says 401. */
  authorize?: Authorize<Claims, Principal>['rule'] | AnonymousRule<Claims, Principal>
  /**
   * Called once for each `check`, when the decision is made: for logs, counters and traces. What it throws changes no decision; its
   * promise goes to `waitUntil`, if the needs have one.
   */
  onDecision?: OnDecision<Claims>
  /** Your own answer in place of the standard one, which `denied.response()` still gives; `undefined` leaves that. */
  onRefusal?(denied: Denied, request: RequestLike): Response | undefined
}

/** What a gate of several issuers is made of: what is not said of one issuer counts for all of them. */
export interface IssuersGateOptions<Claims = JWTPayload, Principal = unknown> extends Omit<
  GateSettings<Claims, Principal>,
  'algorithms' | 'audience' | 'issuer' | 'jwksUri' | 'keys' | keyof RemoteKeySetOptions
> {
  /** The issuers accepted. A token is verified with the keys, algorithms and audiences of the one that its `iss` names. */
  issuers: readonly IssuerOptions[]
  /** The algorithms accepted from those issuers that have no list of their own. */
  algorithms?: readonly Algorithm[]
  /** The audiences accepted from those issuers that have none of their own. `false` if their tokens name none. Default: `resource`. */
  audience?: string | readonly string[] | false
  /** These belong to each issuer. */
  issuer?: never
  keys?: never
  jwksUri?: never
}

/** What a rule says: `true` lets the request pass, `false` is 403, and the object is an answer of its own. */
export type RuleAnswer = boolean | { readonly status: 401 | 403; readonly detail?: string }

/** The shape of a rule; a method, so that yours may ask for the very request type that it is used with. */
export interface Authorize<Claims = JWTPayload, Principal = unknown> {
  /** Whether a request may pass, given claims that were verified; only `true` lets it. */
  rule(claims: Claims & JWTPayload, request: RequestLike, principal: Principal): MaybePromise<RuleAnswer>
}

/** A rule that is also asked about the requests without credentials that `optional` lets pass. */
export interface AnonymousRule<Claims = JWTPayload, Principal = unknown> {
  readonly anonymous: true
  /** The same as {@link Authorize.rule}; without credentials `claims` and `principal` are `undefined`. */
  rule(
    claims: (Claims & JWTPayload) | undefined,
    request: RequestLike,
    principal: Principal | undefined,
  ): MaybePromise<RuleAnswer>
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
  /** {@inheritDoc OptionalNeeds.optional} */
  optional?: false
  /** A rule for this request, besides the gate's own: anything but `true` is 403, unless the rule says 401. */
  authorize?: Authorize<Claims, Principal>['rule'] | AnonymousRule<Claims, Principal>
  /** What lets the host know of a fetch that should outlive the request: `(work) => ctx.waitUntil(work)`. */
  waitUntil?: WaitUntil
}

/** The needs of a request that may come without credentials. */
export interface OptionalNeeds<Claims = JWTPayload, Principal = unknown> extends Omit<GateNeeds<Claims, Principal>, 'optional'> {
  /**
   * Whether a request without credentials passes, as {@link Anonymous}. Credentials that are there must be good: a bad, repeated or
   * malformed token is refused all the same. Default: `false`.
   */
  optional: boolean
}

/** A request that may pass. */
export interface Passed<Claims = JWTPayload, Principal = unknown> {
  readonly ok: true
  /** The claims of its token. */
  readonly claims: Claims & JWTPayload
  /** The header of its token. */
  readonly header: ProtectedHeader
  /** The scopes of its token, and those that `implies` adds. */
  readonly scopes: readonly string[]
  /** What `principal` of the gate's options found. */
  readonly principal: Principal
  /** Only a {@link Preflight} has it. */
  readonly preflight?: undefined
  /** Only {@link Anonymous} has it. */
  readonly anonymous?: undefined
  /** Only {@link Denied} has these; named here, so that `pass.ok ? … : pass.response()` compiles without `strict`, too. */
  readonly response?: undefined
  readonly status?: undefined
  readonly refusal?: undefined
}

/** A request without credentials, which `optional` lets pass. */
export interface Anonymous {
  readonly ok: true
  readonly anonymous: true
  readonly claims?: undefined
  readonly header?: undefined
  readonly principal?: undefined
  readonly preflight?: undefined
  readonly response?: undefined
  readonly status?: undefined
  readonly refusal?: undefined
  readonly scopes: readonly []
}

/** A pre-flight of CORS: it bears no token, and there is nobody behind it. */
export interface Preflight {
  readonly ok: true
  readonly preflight: true
  readonly anonymous?: undefined
  readonly scopes?: undefined
  readonly claims?: undefined
  readonly header?: undefined
  readonly principal?: undefined
  readonly response?: undefined
  readonly status?: undefined
  readonly refusal?: undefined
}

/** A request that may not pass. */
export interface Denied {
  readonly ok: false
  /** The status to answer with; 204 for a pre-flight that the option `cors` answers, which is no refusal. */
  readonly status: 204 | 400 | 401 | 403 | 503
  /** The error code of RFC 6750 §3.1; absent where nothing was sent, for forged requests, and without keys. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  /** The stable code of the exact reason: `expired`, `signature_mismatch`, `credentials_missing`, … */
  readonly refusal: RefusalCode
  /** The reason for people, as the answer gives it: nothing of what would have been accepted. */
  readonly detail: string
  /**
   * For logs, never for the answer: why there are no keys to verify with, or what is wrong with the token, with both values that were
   * compared. An error of a fetch has `url` and `status`, and what the host threw as its own `cause`; `cause.skipped` lists the members of
   * the key set that can't be used. `undefined` without a token; not enumerable.
   */
  readonly cause?: Error | undefined
  /** For logs, never for the answer: the claims, whenever the signature held; not enumerable. */
  readonly claims?: JWTPayload | undefined
  /**
   * The value of `Set-Cookie` that deletes the cookie whose token was refused, so that public pages come back. The answer sends it. It is
   * for a cookie with the path `/` and without a domain.
   */
  readonly clearCookie?: string
  /** The value of `WWW-Authenticate`; absent where a token would change nothing. */
  readonly challenge?: string
  /**
   * The answer to send: the status, a challenge, and a problem in JSON (RFC 9457). `init.headers`, such as those of CORS,
   * are added, except those that the answer sets itself.
   */
  response(init?: { readonly headers?: HeaderFields }): Response
  /** Writes that answer to a socket of Node and ends it, for a refused upgrade to a WebSocket. */
  writeTo(socket: { end(bytes: Uint8Array): unknown }): Promise<void>
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
    needs: OptionalNeeds<NoInfer<Own> & JWTPayload, Principal>,
  ): Promise<Passed<Own, Principal> | Anonymous | Denied | Extra>
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
    needs: OptionalNeeds<NoInfer<Own> & JWTPayload, Principal>,
  ): Passed<Own, Principal> | Anonymous | Denied | Extra
  checkSync<Own = Claims>(
    request: RequestLike,
    needs?: GateNeeds<NoInfer<Own> & JWTPayload, Principal>,
  ): Passed<Own, Principal> | Denied | Extra
  /**
   * The answer to a request for the metadata of `resource` (RFC 9728 §3), whatever its method; `undefined` for any other path, and
   * without `resource`.
   */
  metadata(request: RequestLike): Response | undefined
  /**
   * Puts the header fields of CORS on the answer to a request that passed, as the option `cors` says; without it nothing changes. A
   * `Response` is changed, or copied if it can't be. On a response of Node the fields are set at once.
   *
   * @returns the answer to send
   */
  cors<Answer extends Response | NodeFields>(request: RequestLike, response: Answer): Answer
  /**
   * The refusal for a request that needs a token and has none, for a decision that is made later, such as after reading the body.
   *
   * @param request - whose `Origin` the fields of CORS are for, and what `onRefusal` is called with
   * @throws `TypeError` for needs that make no sense
   */
  challenge(
    needs?: GateNeeds<Claims & JWTPayload, Principal> | OptionalNeeds<Claims & JWTPayload, Principal>,
    request?: RequestLike,
  ): Denied
}

/** What a gate decided about one request. */
export interface Decision<Claims = JWTPayload> {
  /** Whether the request passed. */
  readonly ok: boolean
  /** 200 for a pass, 204 for a pre-flight that the gate answers, 500 if `principal` or a rule threw, else the status of the refusal. */
  readonly status: number
  /** The code of the refusal; absent for a pass. */
  readonly refusal?: RefusalCode
  /** The claims, whenever the signature held. */
  readonly claims?: Claims & JWTPayload
  /** Their `iss`. */
  readonly issuer?: string
  /** The key that the token names, whenever the signature held. */
  readonly kid?: string
  /** How long the decision took, in milliseconds. Workers stop the clock while code runs: there it counts only waiting. */
  readonly duration: number
}

/** What {@link Decision} is passed to. What it throws, now or by its promise, changes nothing. */
export type OnDecision<Claims = JWTPayload> = (decision: Decision<Claims>, request: RequestLike) => MaybePromise<unknown>

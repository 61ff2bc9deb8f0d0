/** The types of a gate: its options, the needs of a request, and the results. */
import type { RefusalCode } from '../base/refusal_codes.js'
import type { HeaderFields, Algorithm, JWTPayload, ProtectedHeader } from '../base/types.js'
import type { RemoteKeySetOptions, WaitUntil } from '../remote/remote_key_set.js'
import type { IssuerOptions } from '../verify/issuers.js'
import type { Keys } from '../verify/keys_option.js'
import type { PolicyOptions } from '../verify/policy.js'
import type { StatusOptions } from '../verify/status.js'
import type { Duration } from '../base/duration.js'
import type { ClientOptions } from './client.js'
import type { CorsOptions, NodeFields } from './cors.js'
import type { CredentialOptions } from './credentials.js'
import type { DenialError, DenialStatus } from './denial.js'
import type { Introspection } from './introspection.js'
import type { ResourceOptions } from './metadata.js'
import type { ProofOfPossession } from './proof.js'
import type { RightsOptions } from './rights.js'
import type { IssuerTemplate } from './tenants.js'
import type { RequestLike } from './request.js'

/** A value, or a promise of one. */
export type MaybePromise<T> = T | PromiseLike<T>

/**
 * The options of a gate. In addition to the members listed here: `algorithms` and the other options of {@link PolicyOptions}, the
 * sources of tokens ({@link CredentialOptions}), and with `jwksUri` the options of {@link RemoteKeySetOptions}.
 */
export type GateOptions<Claims = JWTPayload, Principal = unknown> = GateSettings<Claims, Principal> &
  ({ audience: string | readonly string[] | false } | { resource: string })

/** The members of {@link GateOptions}. Either `audience` or `resource` is required. */
export interface GateSettings<Claims = JWTPayload, Principal = unknown>
  extends Omit<PolicyOptions, 'issuer' | 'audience' | 'clockTolerance'>, CredentialOptions, RemoteKeySetOptions, ResourceOptions, RightsOptions, ClientOptions, StatusOptions {
  /** The accepted issuers: `iss` must be present and equal one of them (RFC 7519 §4.1.1). {@link IssuerTemplate}: Entra ID's tenants. */
  issuer: string | readonly string[] | IssuerTemplate
  /**
   * The accepted clock difference for `exp`, `nbf` and, with `maxTokenAge`, `iat`: in seconds, not milliseconds, at most 600.
   * Default: 5. The default of a `Verifier` is 0.
   */
  clockTolerance?: Duration
  /**
   * The accepted audiences: `aud` must be present and contain one of them. Use `false` if your issuer sends none. Default: `resource`.
   * Required without `resource`.
   */
  audience?: string | readonly string[] | false
  /** The URL of the issuer's key set. Without it and `keys`, the gate reads the URL from the issuer's metadata (RFC 8414). */
  jwksUri?: string | URL
  /** The keys, instead of a key set fetched from `jwksUri` or found through the issuer. */
  keys?: Keys
  /** The accepted types. Default: `JWT`, `at+jwt` (RFC 9068 §4), or no `typ`. */
  typ?: string | readonly string[]
  /**
   * How clients prove that they have the key that a token is bound to: `dpop` of `jotgate/dpop`, `mtls` of `jotgate/mtls`, or a list of
   * both. Without it, bound tokens are refused. DPoP needs {@link Gate.check}: `checkSync` throws a `TypeError`.
   */
  proof?: ProofOfPossession | readonly ProofOfPossession[]
  /**
   * The introspection endpoint for tokens that are not JWTs: `introspection` of `jotgate/introspection`. If there are several, each
   * needs `chooses`. Use {@link Gate.check}: `checkSync` refuses such tokens with `keys_not_ready`.
   */
  introspection?: Introspection | readonly Introspection[]
  /** The realm in challenges (RFC 9110 §11.5), printable ASCII. Default: `api`. */
  realm?: string
  /**
   * Which pages may call the API from other origins: `true` for every page, or a list of origins. The gate then answers pre-flights
   * itself: a {@link Denied} with the status 204. Those pages can read the gate's responses; {@link Gate.cors} does the same for
   * your own responses.
   */
  cors?: true | string | readonly string[] | CorsOptions
  /** Whether CORS pre-flights pass without a token, as {@link Preflight}, so that your own handler answers them. Default: `false`. */
  preflight?: boolean
  /**
   * Looks up the principal from verified claims; the result is `pass.principal`. If it is `undefined`, `null` or `false`, the request
   * is denied with 401.
   */
  principal?(claims: Claims & JWTPayload): MaybePromise<Principal | null | undefined | false>
  /** A rule for every request, called last. Any result but `true` is a 403, unless the rule asks for 401. */
  authorize?: Authorize<Claims, Principal>['rule'] | AnonymousRule<Claims, Principal>
  /**
   * Called once for each `check`, after the decision: for logs, counters and traces. An error that it throws does not change the
   * decision. Its promise is passed to `waitUntil`, if the needs have one.
   */
  onDecision?: OnDecision<Claims>
  /** Returns your own response instead of the standard one, which `denied.response()` returns here; `undefined` keeps the standard one. */
  onRefusal?(denied: Denied, request: RequestLike): Response | undefined
}

/** The options of a gate with several issuers. Options outside of `issuers` apply to all of them. */
export interface IssuersGateOptions<Claims = JWTPayload, Principal = unknown> extends Omit<
  GateSettings<Claims, Principal>,
  'algorithms' | 'audience' | 'issuer' | 'jwksUri' | 'keys' | keyof RemoteKeySetOptions
> {
  /** The accepted issuers. A token is verified with the keys, algorithms and audiences of the issuer in its `iss`. */
  issuers: readonly IssuerOptions[]
  /** The accepted algorithms for issuers that have no list of their own. */
  algorithms?: readonly Algorithm[]
  /** The accepted audiences for issuers that have no list of their own. `false` if their tokens contain none. Default: `resource`. */
  audience?: string | readonly string[] | false
  /** Not allowed here: set these for each issuer. */
  issuer?: never
  keys?: never
  jwksUri?: never
}

/** The result of a rule: `true` lets the request pass, `false` is a 403, and an object sets the status and the detail. */
export type RuleAnswer = boolean | { readonly status: 401 | 403; readonly detail?: string }

/** The type of a rule. It is a method, so that your rule may require the exact request type that you use. */
export interface Authorize<Claims = JWTPayload, Principal = unknown> {
  /** Decides whether a request with these verified claims may pass. Only `true` lets it pass. */
  rule(claims: Claims & JWTPayload, request: RequestLike, principal: Principal): MaybePromise<RuleAnswer>
}

/** A rule that is also called for requests without credentials that `optional` lets pass. */
export interface AnonymousRule<Claims = JWTPayload, Principal = unknown> {
  readonly anonymous: true
  /** The same as {@link Authorize.rule}; without credentials `claims` and `principal` are `undefined`. */
  rule(
    claims: (Claims & JWTPayload) | undefined,
    request: RequestLike,
    principal: Principal | undefined,
  ): MaybePromise<RuleAnswer>
}

/** What a request needs. Lists must not be empty. */
export interface GateNeeds<Claims = JWTPayload, Principal = unknown> {
  /** The required scopes, all of them: in `scope`, `scp` or `scopes`, the first one present. */
  scopes?: readonly string[]
  /** Alternative scopes: the token needs at least one of them. */
  anyScope?: readonly string[]
  /** The required permissions, all of them: in `permissions`. */
  permissions?: readonly string[]
  /** The required roles, all of them: in `roles`. */
  roles?: readonly string[]
  /** The accepted authentication contexts: `acr` must be one of them, or the user must log in again (RFC 9470). */
  acr?: readonly string[]
  /** The greatest age of the user's login by `auth_time`, at most a year: seconds, or text such as `5 minutes` (RFC 9470). */
  maxAuthAge?: Duration
  /** {@inheritDoc OptionalNeeds.optional} */
  optional?: false
  /** A rule for this request, in addition to the gate's own. Any result but `true` is a 403, unless the rule asks for 401. */
  authorize?: Authorize<Claims, Principal>['rule'] | AnonymousRule<Claims, Principal>
  /** Keeps the runtime alive for a fetch that outlives the request: `(work) => ctx.waitUntil(work)`. */
  waitUntil?: WaitUntil
}

/** The needs of a request that may come without credentials. */
export interface OptionalNeeds<Claims = JWTPayload, Principal = unknown> extends Omit<GateNeeds<Claims, Principal>, 'optional'> {
  /**
   * Whether a request without credentials passes, as {@link Anonymous}. A request with credentials is still checked: an invalid,
   * repeated or malformed token is refused. Default: `false`.
   */
  optional: boolean
}

/** A request that may pass. */
export interface Passed<Claims = JWTPayload, Principal = unknown> {
  readonly ok: true
  /** The claims of its token. */
  readonly claims: Claims & JWTPayload
  /** The header of its token. Empty for a token that was introspected. */
  readonly header: Partial<ProtectedHeader>
  /** The scopes of its token, and the scopes that `implies` adds. */
  readonly scopes: readonly string[]
  /** The result of the gate's option `principal`. */
  readonly principal: Principal
  /** Set only on a {@link Preflight}. */
  readonly preflight?: undefined
  /** Set only on {@link Anonymous}. */
  readonly anonymous?: undefined
  /** Only {@link Denied} has these. They are declared here so that `pass.ok ? … : pass.response()` also compiles without `strict`. */
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

/** A CORS pre-flight, which has no token and no user. */
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

/** A denied request. */
export interface Denied {
  readonly ok: false
  /** The status to answer with. 204 is not a refusal: it answers a pre-flight, with the option `cors`. */
  readonly status: DenialStatus
  /**
   * The error code of RFC 6750 §3.1, RFC 9449 §7.1 or RFC 9470 §3. Absent for requests without credentials, for forged requests, and without
   * keys.
   */
  readonly error?: DenialError
  /** The stable code of the exact reason: `expired`, `signature_mismatch`, `credentials_missing`, … */
  readonly refusal: RefusalCode
  /** The reason as text for people, as in the response. It never contains what would have been accepted. */
  readonly detail: string
  /**
   * For logs, never for the response: why there are no keys, or what is wrong with the token, with both values that were compared.
   * The error of a fetch has `url` and `status`, and the runtime's error as its own `cause`. `cause.skipped` lists the members of the
   * key set that cannot be used. `undefined` without a token; not enumerable.
   */
  readonly cause?: Error | undefined
  /** For logs, never for the response: the claims, if the signature is valid; not enumerable. */
  readonly claims?: JWTPayload | undefined
  /**
   * The value of `Set-Cookie` that deletes the cookie with the refused token, so that public pages work again. The response contains
   * it. It applies to a cookie with the path `/` and without a domain.
   */
  readonly clearCookie?: string
  /** The value of `WWW-Authenticate`. Absent if a token would not help. */
  readonly challenge?: string
  /**
   * Returns the response to send: the status, a challenge, and problem details in JSON (RFC 9457). `init.headers`, such as those of
   * CORS, are added, except those that the response sets itself.
   */
  response(init?: { readonly headers?: HeaderFields }): Response
  /** Writes that response to a Node socket and ends it, for a refused WebSocket upgrade. */
  writeTo(socket: { end(bytes: Uint8Array): unknown }): Promise<void>
}

/** A gate in front of an API. */
export interface Gate<Claims = JWTPayload, Principal = unknown, Extra = never> {
  /**
   * Checks whether a request may pass. A refused token gives a value, never an exception.
   *
   * @param request - a standard `Request`, or one of Node's `http`, Express or Fastify
   * @throws `TypeError` for invalid needs; any error that `principal` or `authorize` throws
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
   * Does the same as {@link Gate.check} without waiting. If the decision needs a fetch, because the key set is missing or does not contain
   * the key, the request is denied with `refusal: 'keys_not_ready'` (503). Then call `await gate.check(…)`.
   *
   * @throws `TypeError` as above, and if `principal` or `authorize` returns a promise
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
   * Returns the response to a request for the metadata of `resource` (RFC 9728 §3), for any method. Returns `undefined` for any other
   * path, and without `resource`.
   */
  metadata(request: RequestLike): Response | undefined
  /**
   * Sets the header fields of CORS on the response to a request that passed, according to the option `cors`. Without it, nothing
   * changes. A `Response` is changed, or copied if it is immutable. On a Node response the fields are set at once.
   *
   * @returns the response to send
   */
  cors<Answer extends Response | NodeFields>(request: RequestLike, response: Answer): Answer
  /**
   * Returns the refusal for a request without a token, for decisions made later, such as after reading the body.
   *
   * @param request - the request: its `Origin` determines the fields of CORS, and `onRefusal` is called with it
   * @throws `TypeError` for invalid needs
   */
  challenge(
    needs?: GateNeeds<Claims & JWTPayload, Principal> | OptionalNeeds<Claims & JWTPayload, Principal>,
    request?: RequestLike,
  ): Denied
}

/** A gate's decision about one request. */
export interface Decision<Claims = JWTPayload> {
  /** Whether the request passed. */
  readonly ok: boolean
  /** 200 for a pass, 204 for an answered pre-flight, 500 if `principal` or a rule threw, otherwise the status of the refusal. */
  readonly status: number
  /** The code of the refusal; absent for a pass. */
  readonly refusal?: RefusalCode
  /** The claims, if the signature is valid. */
  readonly claims?: Claims & JWTPayload
  /** The `iss` of those claims. */
  readonly issuer?: string
  /** The token's `kid`, if the signature is valid. */
  readonly kid?: string
  /** The duration of the decision in milliseconds. Workers stop the clock while code runs, so there it counts only waiting. */
  readonly duration: number
}

/** A callback for each {@link Decision}. Errors that it throws, and rejected promises, are ignored. */
export type OnDecision<Claims = JWTPayload> = (decision: Decision<Claims>, request: RequestLike) => MaybePromise<unknown>

/** A request enters, a pass leaves: the claims of its token, or the answer to send instead (RFC 6750, RFC 9457). */
import { bearer, type Credentials } from './bearer.js'
import { boot } from './boot.js'
import { answer, type Denial, DENIALS, denialFrom } from './denial.js'
import { Engine, type Judgement, keysFrom, type Keys, noNeeds } from './engine.js'
import { JWKSInvalid, JWKSTimeout, JWKSUnavailable } from './errors.js'
import type { Needs } from './jotgate_bg.js'
import { FIELD_NAMES, list, Options, POLICY_NAMES, type PolicyOptions, policyFields, text, texts } from './options.js'
import { misuse, refusing } from './refusal.js'
import {
  type HeaderFields,
  REMOTE_NAMES,
  RemoteKeySet,
  type RemoteKeySetOptions,
  type WaitUntil,
} from './remote_key_set.js'
import type { JWTPayload, ProtectedHeader } from './types.js'

/**
 * What a gate is made of. Besides what stands here: `algorithms` and the other options of {@link PolicyOptions}, and with
 * `jwksUri` those of {@link RemoteKeySetOptions}.
 */
export interface GateOptions extends Omit<PolicyOptions, 'issuer' | 'audience'>, RemoteKeySetOptions {
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
}

/** What a request needs; every list that is there must hold something. */
export interface GateNeeds {
  /** Scopes, all of them needed: in `scope`, `scp` or `scopes`, the first that is there. */
  scopes?: readonly string[]
  /** Scopes, one of them enough. */
  anyScope?: readonly string[]
  /** Permissions, all of them needed: in `permissions`. */
  permissions?: readonly string[]
  /** Roles, all of them needed: in `roles`. */
  roles?: readonly string[]
  /** What lets the host know of a fetch that should outlive the request: `(work) => ctx.waitUntil(work)`. */
  waitUntil?: WaitUntil
}

/** A request that may pass. */
export interface Passed<Claims = JWTPayload> {
  readonly ok: true
  /** The claims of its token. */
  readonly claims: Claims & JWTPayload
  /** The header of its token. */
  readonly header: ProtectedHeader
}

/** A request that may not pass. */
export interface Denied {
  readonly ok: false
  /** The status to answer with. */
  readonly status: 400 | 401 | 403 | 503
  /** The error code of RFC 6750 §3.1; absent where nothing was sent, and where there were no keys. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  /** The stable code of the exact reason: `expired`, `signature_mismatch`, `credentials_missing`, … */
  readonly refusal: string
  /**
   * The answer to send: the status, a challenge, and a problem in JSON (RFC 9457). `init.headers` are added, except
   * those that the answer sets itself.
   */
  response(init?: { readonly headers?: HeaderFields }): Response
}

/** What a gate reads of a request: any standard `Request` will do. */
export interface RequestLike {
  readonly headers: { get(name: string): string | null }
}

/** A gate before an API. */
export interface Gate<Claims = JWTPayload> {
  /**
   * Whether a request may pass. A token that is refused is a value, never an exception.
   *
   * @throws `TypeError` for needs that make no sense
   */
  check<Own = Claims>(request: RequestLike, needs?: GateNeeds): Promise<Passed<Own> | Denied>
}

/**
 * Makes a gate for an API that takes access tokens in `Authorization: Bearer` (RFC 6750). Made once, used for every
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
export function createGate<Claims = JWTPayload>(options: GateOptions): Gate<Claims> {
  const given = new Options('createGate', options, ['keys', 'jwksUri', 'realm', ...POLICY_NAMES, ...REMOTE_NAMES])
  given.require('algorithms', list)
  given.require('issuer', texts)
  const openAudience = given.require('audience', (name, value) => value === false || !texts(name, value))
  const realm = given.read('realm', printable) ?? 'api'
  const fields = policyFields(given, openAudience ? FIELD_NAMES.filter((name) => name !== 'audience') : FIELD_NAMES)
  // RFC 9068 §4 wants `at+jwt`; many issuers send `JWT` or nothing.
  if (fields.typ === undefined) Object.assign(fields, { typ: ['JWT', 'at+jwt'], typOptional: true })
  const engine = new Engine(given, fields, source(given))
  const needsOf = rememberedNeeds()

  return {
    async check<Own>(request: RequestLike, needs: GateNeeds = {}): Promise<Passed<Own> | Denied> {
      const { checked, waitUntil } = needsOf(needs)
      const credentials = bearer(authorization(request))
      if (credentials.kind !== 'token') return denied(unauthenticated(credentials), realm)
      let judgement: Judgement
      try {
        judgement = await engine.judge(credentials.token, checked, waitUntil)
      } catch (thrown) {
        if (!isUnavailable(thrown)) throw thrown
        return denied({ ...DENIALS.unavailable, refusal: thrown.refusal }, realm)
      }
      if (!judgement.ok) return denied(denialFrom(judgement.refusal), realm)
      return { ok: true, claims: judgement.payload as Own & JWTPayload, header: judgement.header }
    },
  }
}

function source(given: Options): ReturnType<typeof keysFrom> {
  if (given.has('keys') && given.has('jwksUri')) throw misuse('jwksUri', 'and `keys` exclude each other')
  const remote = Object.fromEntries(
    REMOTE_NAMES.filter((name) => given.has(name)).map((name) => [name, given.read(name, same)]),
  )
  if (given.has('jwksUri')) return given.require('jwksUri', (_, uri) => new RemoteKeySet(uri as string, remote))
  if (!given.has('keys')) {
    const [issuer = '', ...others] = given.require('issuer', texts)
    if (others.length > 0) throw misuse('jwksUri', 'or `keys` is required where there are several issuers')
    return RemoteKeySet.fromIssuer(issuer, remote)
  }
  const [useless] = Object.keys(remote)
  if (useless !== undefined) throw misuse(useless, 'means nothing where `keys` are given')
  return given.require('keys', keysFrom)
}

/** Needs are written as literals at each call: those that were seen before are not checked and sent over again. */
function rememberedNeeds(): (needs: GateNeeds) => { checked: Needs; waitUntil?: WaitUntil } {
  const LIMIT = 100
  const seen = new Map<string, Needs>()
  return (needs) => {
    const given = new Options('check', needs, ['scopes', 'anyScope', 'permissions', 'roles', 'waitUntil'])
    const fields: Record<string, string[]> = {}
    for (const name of ['scopes', 'anyScope', 'permissions', 'roles']) {
      const needed = given.read(name, list)
      if (needed !== undefined) fields[name] = needed
    }
    const waitUntil = given.read('waitUntil', (name, value) => {
      if (typeof value !== 'function') throw misuse(name, 'must be a function')
      return value as WaitUntil
    })
    const text = JSON.stringify(fields)
    let checked = text === '{}' ? noNeeds() : seen.get(text)
    if (checked === undefined) {
      checked = refusing(() => new (boot().bindings.Needs)(fields))
      if (seen.size >= LIMIT) seen.clear()
      seen.set(text, checked)
    }
    return waitUntil === undefined ? { checked } : { checked, waitUntil }
  }
}

function authorization(request: RequestLike): string | null {
  if (typeof request?.headers?.get !== 'function') throw new TypeError('`request` must have headers, as a Request has')
  return request.headers.get('authorization')
}

function unauthenticated(credentials: Exclude<Credentials, { kind: 'token' }>): Denial {
  if (credentials.kind === 'none') return DENIALS.anonymous
  return { ...DENIALS.malformed, refusal: credentials.code, detail: credentials.message }
}

function isUnavailable(thrown: unknown): thrown is JWKSUnavailable | JWKSTimeout | JWKSInvalid {
  return thrown instanceof JWKSUnavailable || thrown instanceof JWKSTimeout || thrown instanceof JWKSInvalid
}

function denied(denial: Denial, realm: string): Denied {
  const { status, error, refusal } = denial
  const response: Denied['response'] = (init) => answer(denial, realm, init?.headers)
  return error === undefined
    ? { ok: false, status, refusal, response }
    : { ok: false, status, error, refusal, response }
}

function printable(name: string, value: unknown): string {
  const realm = text(name, value)
  if (!/^[\x20-\x7e]+$/.test(realm)) throw misuse(name, 'must be printable ASCII')
  return realm
}

function same(_: string, value: unknown): unknown {
  return value
}

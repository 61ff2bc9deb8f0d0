/** Checks requests: returns the claims of the token, or the response to send instead (RFC 6750, RFC 9457). */
import { JWKSUnavailable } from '../base/errors.js'
import { audiences, callable, flag, Options, text, texts } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { errorFrom, isWithoutKeys, optionError, withRefusal } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import { keyIssuer } from '../keys/key_set.js'
import { REMOTE_NAMES, type WaitUntil } from '../remote/remote_key_set.js'
import { ALL_PARTS } from '../verify/all_parts.js'
import { collecting } from '../verify/issuer_rules.js'
import { Issuers } from '../verify/issuers.js'
import type { IssuerRules, Judge, KeyedVerdict } from '../verify/judge.js'
import { verifierFor } from '../verify/key_pair.js'
import { keysOf } from '../verify/keys_option.js'
import type { Parts, Rehearse } from '../verify/parts.js'
import { algorithmList, clockFrom, FIELD_NAMES, POLICY_NAMES, policyFields } from '../verify/policy.js'
import { statusFrom } from '../verify/status.js'
import { DENIALS, denialFrom, ruleDenial, withNeededScope } from './challenge.js'
import { CLIENT_NAMES, clientCheck } from './client.js'
import { corsFrom, type NodeFields, withCors } from './cors.js'
import { cookieName, CREDENTIAL_NAMES, credentialsFrom } from './credentials.js'
import { type Facts, observed } from './decision.js'
import type { Denial } from './denial.js'
import { type AnswerFrame, denied } from './denied.js'
import { attachDetails, type GateDetails } from './details.js'
import { introspectionsFrom } from './introspection.js'
import { metadataOf, RESOURCE_NAMES, resourceFrom } from './metadata.js'
import { checkedNeeds, rule } from './needs.js'
import { proofsFrom } from './proof.js'
import { fieldsOf, type ReadField, type RequestLike } from './request.js'
import { RIGHTS_NAMES, rightsFrom } from './rights.js'
import { refusesLogin } from './step_up.js'
import { settled, settledNow } from './steps.js'
import { tenantsFrom } from './tenants.js'
import type {
  Anonymous,
  AnonymousRule,
  Denied,
  Gate,
  GateNeeds,
  GateOptions,
  IssuersGateOptions,
  MaybePromise,
  OnDecision,
  Passed,
  Preflight,
} from './types.js'

/**
 * Makes a gate for an API that takes access tokens (RFC 6750) in `Authorization: Bearer`, and optionally elsewhere: see
 * {@link CredentialOptions}. Tokens that require proof of possession (`cnf`) are refused without `proof`. Make one gate and use it for
 * every request. Making a gate fetches nothing, sets no timer and reads no randomness, so it may be made at the top of a worker's
 * module; there, see `warm`.
 *
 * @throws `TypeError` that names the option that is missing, unknown, present but `undefined`, empty or not a number
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
  return gateFrom<Claims, Principal>(options)
}

/** Makes a gate. `known` replaces the verifier that the options describe. */
function gateFrom<Claims, Principal>(options: object, known?: Judge): Gate<Claims, Principal, Preflight> {
  const given = new Options('createGate', options, gateNames())
  const several = given.has('issuers')
  const tenants = several ? undefined : given.require('issuer', tenantsFrom)
  const resource = resourceFrom(given)
  if (!several) {
    given.require('algorithms', algorithmList)
    if (tenants === undefined) given.require('issuer', texts)
    if (resource === undefined) given.require('audience', audiences)
  }
  const openAudience = given.read('audience', audiences) === false
  const fields = policyFields(
    given,
    FIELD_NAMES.filter((name) => !(openAudience && name === 'audience') && !(tenants && name === 'issuer')),
  )
  if (resource !== undefined && !given.has('audience')) fields.audience = resource.audiences
  // RFC 9068 §4 requires `at+jwt`; many issuers send `JWT` or nothing.
  if (fields.typ === undefined) {
    fields.typ = ['JWT', 'at+jwt']
    fields.typOptional = true
  }
  const clockTolerance = (fields.clockTolerance ??= CLOCK_TOLERANCE)
  const now = clockFrom(given)
  const proof = given.read('proof', proofsFrom)?.({ resource: resource?.identifier, now })
  // Accepting a bound token without a proof would void its protection against theft. `proof` checks `cnf` itself.
  fields.refuseBound = proof === undefined
  const realm = given.read('realm', printable) ?? 'api'
  const credentialsOf = credentialsFrom(given, proof?.takesDpop === true)
  const cookie = given.read('cookie', cookieName)
  const cors = corsFrom(given)
  const preflights = given.read('preflight', flag) ?? false
  if (cors !== undefined && preflights) throw optionError('preflight', 'cannot be combined with `cors`, which answers pre-flights')
  const principal = given.read('principal', callable<NonNullable<GateOptions<Claims, Principal>['principal']>>)
  const authorize = given.read('authorize', rule)
  const onDecision = given.read('onDecision', callable<OnDecision>)
  const onRefusal = given.read('onRefusal', callable<NonNullable<GateOptions['onRefusal']>>)
  if (tenants?.any === true && principal === undefined && authorize === undefined) {
    throw optionError('issuer', "accepts 'any' of the `tenants`: `principal` or `authorize` is required to decide")
  }
  const rights = rightsFrom(given)
  const refusesClient = clientCheck(given)
  const introspections = given.read('introspection', introspectionsFrom)
  const status = given.read('status', statusFrom)
  const issuerRules: IssuerRules[] = []
  const makeVerifier = collecting(issuerRules, verifierFor)
  const parts: Parts = record({ ...ALL_PARTS, rehearse })
  const local =
    known ??
    (several
      ? new Issuers(given, fields, parts, { audienceRequired: !openAudience, verifierFor: makeVerifier })
      : makeVerifier(given, fields, keysOf(given, fields.issuer ?? [], parts, tenants?.keySet), parts))
  const context = { rules: issuerRules, now }
  const introspected: Judge = introspections?.({ ...context, local }) ?? local
  const verifier: Judge = status?.({ ...context, local: introspected }) ?? introspected
  const issuers = local instanceof Issuers ? local.names : (fields.issuer ?? [])
  const metadata = resource === undefined ? undefined : metadataOf(resource, given, issuers, proof?.metadata)
  const details: GateDetails = { resource: resource?.identifier, metadataUrl: resource?.metadataUrl }
  const frame: AnswerFrame = record({ realm, metadataUrl: resource?.metadataUrl, onRefusal, proof })

  /** Decides about one request. Each yielded value may be a promise; `yield` returns its result. */
  function* decide(
    request: RequestLike,
    needs: GateNeeds,
    judge: Judging,
    facts: Facts,
  ): Generator<unknown, Outcome, unknown> {
    const { rights: needed, login, scope, optional, rule, waitUntil } = checkedNeeds(needs)
    const field = fieldsOf(request)
    const rules = [authorize, rule].filter((rule) => rule !== undefined)
    let credentials: ReturnType<typeof credentialsOf> | undefined
    const refuse = (denial: Denial, cause?: Error) => {
      return denied(record({ ...withNeededScope(denial, scope), scheme: credentials?.scheme }), frame, {
        request,
        cors: [...(cors?.fields(field) ?? []), ...(denial.fields ?? [])],
        cookie: credentials?.kind === 'token' && credentials.fromCookie === true ? cookie : undefined,
        cause: cause ?? denial.cause,
        claims: facts.claims,
      })
    }
    if ((preflights || cors !== undefined) && isPreflight(request, field)) {
      if (cors === undefined) return { ok: true, preflight: true }
      return denied(record(DENIALS.preflight), frame, { request, cors: cors.preflight(field) })
    }
    credentials = credentialsOf(request, field)
    if (credentials.kind === 'none') {
      if (!optional) return refuse(DENIALS.anonymous)
      for (const { allows, anonymous } of rules) {
        if (!anonymous) continue
        const denial = ruleDenial(yield (allows as AnonymousRule['rule'])(undefined, request, undefined), true)
        if (denial !== undefined) return refuse(denial)
      }
      return anonymousPass()
    }
    if (credentials.kind === 'malformed') {
      return refuse({ ...DENIALS.malformed, refusal: credentials.code, detail: credentials.message })
    }
    if (credentials.kind !== 'token') return refuse(DENIALS[credentials.kind])
    facts.token = credentials.token
    let verdict: KeyedVerdict
    try {
      verdict = (yield judge(credentials.token, waitUntil)) as KeyedVerdict
    } catch (thrown) {
      if (!isWithoutKeys(thrown)) throw thrown
      const { refusal } = thrown
      const retryAfter = memberOf(thrown, 'retryAfter')
      return refuse({ ...DENIALS.unavailable, refusal, ...(retryAfter !== undefined && { retryAfter }) }, thrown)
    }
    const { payload } = verdict
    if (payload !== undefined) facts.claims = payload
    if (!verdict.ok) {
      const { refusal } = verdict
      return refuse(denialFrom(refusal), errorFrom(refusal, payload))
    }
    const { payload: claims, header, key } = verdict
    const scopes = rights.scopesOf(claims)
    const unproven = proof && (yield* proof.check({ request, field, token: credentials.token, scheme: credentials.scheme, claims }))
    const denial =
      unproven ??
      tenants?.refuses(claims, key && keyIssuer(key)) ??
      refusesClient?.(claims) ??
      // Before the rights: one new login can bring the scopes, too.
      refusesLogin(login, claims, now(), clockTolerance) ??
      rights.lacks(needed, claims, scopes)
    if (denial !== undefined) return refuse(denial)
    // Every member is an own property, so that reading `preflight` never finds an inherited one.
    const passed = { ok: true, claims, header, scopes, principal: undefined, preflight: undefined, anonymous: undefined } as {
      -readonly [K in keyof Passed]: Passed[K]
    }
    if (principal !== undefined) {
      const found = yield principal(claims as Claims & JWTPayload)
      if (found === undefined || found === null || found === false) return refuse(DENIALS.stranger)
      passed.principal = found
    }
    for (const { allows } of rules) {
      const denial = ruleDenial(yield allows(claims, request, passed.principal), false)
      if (denial !== undefined) return refuse(denial)
    }
    return attachDetails(passed, { gate: details, token: credentials.token })
  }

  const judgeNow: Judging = (token) => {
    const verdict = verifier.judgeNow(token)
    // The key may be new. Only a fetch can show that the token is invalid.
    if (verdict.fetchable) {
      throw withRefusal('keys_not_ready', new JWKSUnavailable("the keys in memory do not include the token's key: await `check`"))
    }
    return verdict
  }
  const gate = {
    async check(request: RequestLike, needs: GateNeeds = {}) {
      const facts = record<Facts>({})
      const report = onDecision && observed(onDecision, request, needs)
      let outcome: Outcome | undefined
      try {
        return (outcome = await settled(decide(request, needs, (...call) => verifier.judge(...call), facts)))
      } finally {
        report?.(facts, outcome)
      }
    },
    checkSync(request: RequestLike, needs: GateNeeds = {}) {
      const facts = record<Facts>({})
      const report = onDecision && observed(onDecision, request, needs)
      let outcome: Outcome | undefined
      try {
        return (outcome = settledNow(decide(request, needs, judgeNow, facts)))
      } finally {
        report?.(facts, outcome)
      }
    },
    metadata: (request: RequestLike) => metadata?.(request),
    cors: <Answer extends Response | NodeFields>(request: RequestLike, response: Answer) =>
      cors === undefined ? response : withCors(response, cors.fields(fieldsOf(request))),
    challenge: (needs: unknown = {}, request = EMPTY_REQUEST) => {
      const { scope } = checkedNeeds(needs as GateNeeds)
      const fields = cors?.fields(fieldsOf(request)) ?? []
      return denied(record({ ...DENIALS.anonymous, scope }), frame, { request, cors: fields })
    },
  }
  return attachDetails(gate, details) as unknown as Gate<Claims, Principal, Preflight>
}

/** Passes a known token through a gate without rules. No function of the caller is called with that token. */
const rehearse: Rehearse = (verifier, token) =>
  gateFrom({ issuer: 'https://jotgate.invalid', audience: false, algorithms: ['ES256'] }, verifier).check({ headers: { get: () => `Bearer ${token}` } })

type Judging = (token: string, waitUntil: WaitUntil | undefined) => MaybePromise<KeyedVerdict>
type Outcome = Passed | Anonymous | Preflight | Denied

/** The default of `clockTolerance`, in seconds. */
const CLOCK_TOLERANCE = 5

/** A request without header fields. */
const EMPTY_REQUEST: RequestLike = { headers: { get: () => null } }

/** A function, so that bundlers can remove it from programs without a gate. */
const gateNames = () => [
  'issuers',
  'keys',
  'jwksUri',
  'realm',
  'cors',
  'preflight',
  'proof',
  'introspection',
  'status',
  'principal',
  'authorize',
  'onDecision',
  'onRefusal',
  ...RESOURCE_NAMES,
  ...RIGHTS_NAMES,
  ...CLIENT_NAMES,
  ...CREDENTIAL_NAMES,
  ...POLICY_NAMES,
  ...REMOTE_NAMES,
]

/** Makes the pass of a request without credentials. Every member is an own property. */
function anonymousPass(): Anonymous {
  const none = { claims: undefined, header: undefined, principal: undefined, preflight: undefined }
  return { ok: true, anonymous: true, scopes: [], ...none } as unknown as Anonymous
}

/** Whether this is a CORS-preflight request (Fetch §3.3.2). */
function isPreflight(request: RequestLike, field: ReadField): boolean {
  if (memberOf(request, 'method') !== 'OPTIONS') return false
  // Only browsers send pre-flights, always with both fields.
  return Boolean(field('origin')?.trim()) && Boolean(field('access-control-request-method')?.trim())
}

function printable(name: string, value: unknown): string {
  const realm = text(name, value)
  if (!/^[\x20-\x7e]+$/.test(realm)) throw optionError(name, 'must be printable ASCII')
  return realm
}

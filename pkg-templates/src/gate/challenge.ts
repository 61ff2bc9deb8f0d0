/** Turns a refusal into the HTTP response: status, challenge (RFC 6750 §3) and problem details (RFC 9457). */
import type { Refusal } from '../base/refusal.js'
import { jsonOf, record } from '../base/record.js'
import type { HeaderFields } from '../base/types.js'
import { type Denial, invalidToken } from './denial.js'
import type { Proof } from './proof.js'

/** The denials that do not depend on a token. */
export const DENIALS = {
  anonymous: { status: 401, refusal: 'credentials_absent', detail: 'a bearer token is needed' },
  // RFC 6750 §3.1: no error code.
  unsupported: { status: 401, refusal: 'scheme_not_supported', detail: 'the scheme DPoP is not supported' },
  // The user cannot fix this, so there is no challenge.
  forged: { status: 403, refusal: 'cross_site_request', detail: 'a cookie counts only in requests of the site itself' },
  // The program passed `{ headers }` without the method.
  methodMissing: {
    status: 403,
    refusal: 'method_missing',
    detail: 'the cookie was not accepted: the server did not say which method the request has',
  },
  // Not a refusal: the response to a CORS pre-flight.
  preflight: { status: 204, refusal: 'cors_preflight', detail: 'the request is a pre-flight of CORS' },
  malformed: { status: 400, error: 'invalid_request', refusal: 'credentials_malformed', detail: '' },
  stranger: { status: 401, error: 'invalid_token', refusal: 'principal_unknown', detail: "the token's subject is not known" },
  unauthorized: {
    status: 403,
    error: 'insufficient_scope',
    refusal: 'not_authorized',
    detail: 'the token does not give access to this',
  },
  unavailable: { status: 503, refusal: 'keys_not_ready', detail: 'tokens cannot be verified at the moment' },
} as const satisfies Record<string, Denial>

/**
 * Returns the denial for the result of a rule (RFC 6750 §3.1), or `undefined` if the request passes.
 *
 * @param anonymous - whether the request has no credentials; if so, the denial asks for a token
 */
export function ruleDenial(said: unknown, anonymous: boolean): Denial | undefined {
  // A rule that returns nothing by mistake must not let requests pass.
  if (said === true) return undefined
  const { unauthorized } = DENIALS
  const { status, detail } = record((typeof said === 'object' && said !== null ? said : {}) as { status?: unknown; detail?: unknown })
  const own = typeof detail === 'string' && detail !== '' ? { detail } : {}
  if (anonymous && status !== 403) return { ...DENIALS.anonymous, refusal: unauthorized.refusal, ...own }
  if (status === 401) return { ...unauthorized, status, error: 'invalid_token', ...own }
  return { ...unauthorized, ...(status === 403 && own) }
}

/** The default of `Retry-After` while there are no keys, in seconds. */
const RETRY_AFTER = 5

/** Returns the denial for the core's refusal of a token. */
export function denialFrom(said: Refusal): Denial {
  const refusal = record(said)
  return invalidToken(refusal.code, refusal.detail ?? describe(refusal))
}

/** Adds the scopes that the request needs. Adds none if a rule, a role or a permission is the reason, because then no scope helps. */
export function withNeededScope(denial: Denial, scope: string): Denial {
  const isCurable = denial.status !== 403 || denial.refusal === 'insufficient_scope'
  return isCurable ? { ...denial, scope } : denial
}

/** The part that all challenges of a gate have in common. */
export interface ChallengeFrame {
  readonly realm: string
  /** The URL of the resource's metadata (RFC 9728 §5.1), if the gate has a resource. */
  readonly metadataUrl?: string | undefined
  /** The proofs of possession, if the gate takes any. */
  readonly proof?: Proof | undefined
}

/**
 * Returns the challenge (RFC 6750 §3), or `undefined` if a token would not help. MCP clients log in again for every challenge that
 * names the metadata. With a `resource`, a 403 that no scope can change therefore has no challenge.
 */
export function challenge(denial: Denial, { realm, metadataUrl, proof }: ChallengeFrame): string | undefined {
  const { status, error, refusal, detail, scope, scheme } = denial
  if (status > 403 || status === 204 || (status === 403 && error === undefined)) return undefined
  if (status === 403 && metadataUrl !== undefined && refusal !== 'insufficient_scope') return undefined
  // MCP clients take the first match of a regular expression, so the order of the parameters is part of the interface.
  const parameters = (code?: string) => {
    const found = [`realm=${quoted(plain(realm))}`]
    if (metadataUrl !== undefined) found.push(`resource_metadata=${quoted(metadataUrl)}`)
    if (code !== undefined) found.push(`error=${quoted(code)}`)
    if (scope !== undefined && scope !== '') found.push(`scope=${quoted(scope)}`)
    if (code !== undefined) found.push(...(denial.parameters ?? []), `error_description=${quoted(plain(detail))}`)
    return found.join(', ')
  }
  return proof ? proof.challenge(parameters, error, scheme) : `Bearer ${parameters(error)}`
}

/** Makes the response with this challenge. Fields in `added` are ignored if the response sets them itself. */
export function answer(denial: Denial, wanted: string | undefined, added?: HeaderFields): Response {
  const { status, refusal, detail } = denial
  const headers = new Headers(added)
  if (status === 204) return new Response(null, record({ status, headers }))
  headers.set('content-type', 'application/problem+json')
  headers.set('cache-control', 'no-store')
  // RFC 9110 §10.2.3: whole seconds.
  if (status > 403) headers.set('retry-after', String(Math.max(1, Math.ceil(denial.retryAfter ?? RETRY_AFTER))))
  else headers.delete('retry-after')
  if (wanted === undefined) headers.delete('www-authenticate')
  else headers.set('www-authenticate', wanted)
  const problem = { type: 'about:blank', title: TITLES[status], status, detail, code: refusal }
  return new Response(jsonOf(problem), record({ status, headers }))
}

/** The reason phrases of the responses (RFC 9110 §15). */
export const TITLES = { 204: '', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 429: 'Too Many Requests', 503: 'Service Unavailable' }

/**
 * Describes a refusal to the caller: which check failed, but not what would pass it. The core's own messages contain both values
 * that were compared. They are made for logs, and would help an attacker in a response.
 */
function describe({ class: kind, claim, reason, code }: Refusal): string {
  switch (kind) {
    case 'ERR_JWT_EXPIRED':
      return claim === 'iat' ? 'the token is too old' : 'the token has expired'
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      if (code === 'not_yet_valid') return 'the token is not valid yet'
      return `the token's ${claim ?? 'claims'} ${reason === 'missing' ? 'is missing' : 'is not accepted'}`
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return code === 'too_many_candidates' ? 'too many keys of the issuer fit the token' : 'the signature does not match'
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'the algorithm is not accepted'
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'no key of the issuer matches the token'
    case 'ERR_JOSE_NOT_SUPPORTED':
      return 'the token asks for something that is not supported'
    default:
      return 'the token is malformed'
  }
}

/** Removes the characters that could end a client's search for a parameter. */
function plain(text: string): string {
  return text.replace(/"/g, "'").replace(/[\\=]/g, '?')
}

/** Writes a quoted-string (RFC 9110 §5.6.4) of printable ASCII. No value can end the string or the header. */
function quoted(value: string): string {
  return `"${value.replace(/[^\x20-\x7e]|["\\]/g, '?')}"`
}

/** `dpop`: proofs of possession by a signature for each request (RFC 9449). */
import { callable, flag, Options } from '../base/options.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { sha256 } from '../base/sha256.js'
import type { RefusalCode } from '../base/refusal_codes.js'
import type { Algorithm } from '../base/types.js'
import { type Denial, invalidToken } from '../gate/denial.js'
import { publicOrigin } from '../gate/credentials.js'
import type { ProofAttempt, ProofContext, ProofOfPossession } from '../gate/proof.js'
import { algorithmList, policyFrom } from '../verify/policy.js'
import { PROOF_ALGORITHMS, readProof } from './dpop_proof.js'
import { proofValue } from './method.js'
import { type Nonces, noncesFrom } from './nonce.js'
import { replayMemory, type ReplayStore } from './replay_memory.js'
import { normalised, requestUrl } from './request_url.js'

/** How a gate checks DPoP proofs. */
export interface DpopOptions {
  /** Whether tokens that are not bound to a key are refused. Default: `false`. */
  required?: boolean
  /**
   * Remembers used proofs. Default: {@link replayMemory}, which is no protection across instances. The store needs an atomic
   * "set if absent": Redis and Durable Objects have one, Workers KV does not.
   */
  replay?: ReplayStore
  /**
   * A secret of at least 32 bytes, as text or bytes. With it, each proof needs a nonce of this server, which is accepted for 5 to 10
   * minutes. All instances need the same secret.
   */
  nonce?: string | Uint8Array
  /** The origin that clients use, such as `https://api.example`. Default: that of `resource`, else that of a standard `Request`. */
  publicOrigin?: string
  /**
   * The path that your server removes from the URL of requests, such as `/base` for routes of Next.js with a `basePath` in Node. It is put
   * before the path of each request. Routers of Express and Fastify need none.
   */
  basePath?: string
  /** The accepted algorithms of proofs, all asymmetric. Default: all that `jotgate-keys` accepts. */
  algorithms?: readonly Algorithm[]
}

/** The greatest age of a proof, in seconds. */
const WINDOW = 300
/** The accepted clock difference for that age, in seconds. */
const TOLERANCE = 5
/** The furthest accepted `iat` in the future, in seconds. */
const MAX_FUTURE = 60
/** The longest `jti`, in characters. */
const MAX_JTI = 128
/** The longest proof, in bytes. A proof with an RSA key of 4096 bits is shorter. */
export const MAX_PROOF = 8_192

/**
 * Makes a value for the option `proof` of `createGate`: tokens with `cnf.jkt` then pass with `Authorization: DPoP` and a valid proof.
 *
 * @throws `TypeError` that names the option that is unknown or invalid
 *
 * @example
 * ```js
 * const gate = createGate({
 *   resource: 'https://api.example/notes',
 *   issuer: 'https://issuer.example',
 *   algorithms: ['ES256'],
 *   proof: dpop({ required: true }),
 * })
 * ```
 */
export function dpop(options: DpopOptions = {}): ProofOfPossession {
  const given = new Options('dpop', options, ['required', 'replay', 'nonce', 'publicOrigin', 'basePath', 'algorithms'])
  const required = given.read('required', flag) ?? false
  const replay = given.read('replay', store) ?? replayMemory()
  const nonces = given.read('nonce', noncesFrom)
  const ownOrigin = given.read('publicOrigin', (name, value) => publicOrigin(name, value as string))
  const basePath = given.read('basePath', path) ?? ''
  const algorithms = given.read('algorithms', asymmetric) ?? [...PROOF_ALGORITHMS]
  return proofValue({
    member: 'jkt',
    required,
    metadata: { dpop_signing_alg_values_supported: algorithms, dpop_bound_access_tokens_required: required },
    dpopParameters: `algs="${algorithms.join(' ')}"`,
    prepare({ resource, now }: ProofContext) {
      const policy = policyFrom(jsonOf({ algorithms, maxTokenLength: MAX_PROOF }))
      const origin = ownOrigin ?? (resource === undefined ? undefined : new URL(resource).origin)
      return (attempt, expected) => check(attempt, expected, { policy, origin, basePath, algorithms, now: now(), nonces, replay })
    },
  })
}

/** The rules of one gate for proofs. */
interface Rules {
  readonly policy: ReturnType<typeof policyFrom>
  readonly origin: string | undefined
  readonly basePath: string
  readonly algorithms: readonly string[]
  readonly now: number
  readonly nonces: Nonces | undefined
  readonly replay: ReplayStore
}

/** Checks the proof of one request (RFC 9449 §4.3). Returns the first check that fails. */
async function check(attempt: ProofAttempt, expected: string, rules: Rules): Promise<Denial | undefined> {
  const { request, field, token } = attempt
  const { now, nonces, replay } = rules
  const method: unknown = memberOf(request, 'method')
  if (typeof method !== 'string') throw new TypeError('`request` must have a method, as a Request has')
  const url = requestUrl(request, rules.origin, rules.basePath)
  const proof = readProof(field('dpop'), rules.policy, rules.algorithms)
  if (!proof.ok) return denial(proof.code, proof.detail)
  const { htm, htu, iat, ath, nonce, jti } = proof.claims
  if (htm !== method) return denial('dpop_proof_method', "the proof's htm is not the method of the request")
  if (typeof htu !== 'string' || url === undefined || normalised(htu) !== url) {
    return denial('dpop_proof_url', "the proof's htu is not the URL of the request")
  }
  if (typeof iat !== 'number' || iat < now - WINDOW - TOLERANCE || iat > now + MAX_FUTURE) {
    return denial('dpop_proof_time', "the proof's iat is not the current time")
  }
  if (ath !== (await sha256(token))) return denial('dpop_proof_token', "the proof's ath is not the hash of the token")
  if (proof.thumbprint !== expected) return invalidToken('dpop_key_mismatch', "the token is not bound to the proof's key")
  if (nonces !== undefined) {
    const fresh = typeof nonce === 'string' && (await nonces.accepts(nonce, now))
    if (!fresh) {
      const why =
        nonce === undefined
          ? denial('dpop_nonce_missing', "the proof's nonce is missing")
          : denial('dpop_nonce_invalid', "the proof's nonce is not valid")
      return { ...why, error: 'use_dpop_nonce', fields: [['dpop-nonce', await nonces.current(now)]] }
    }
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) {
    return denial('dpop_proof_id', `the proof's jti must have 1 to ${MAX_JTI} characters`)
  }
  // This check is last, so that only valid proofs take memory in the store.
  const until = Math.ceil(iat) + WINDOW + TOLERANCE
  let seen: unknown
  try {
    seen = await replay.seen(`${proof.thumbprint}.${await sha256(jsonOf([jti, url]))}`, until, now)
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown : new Error('the replay store failed')
    return { status: 503, refusal: 'dpop_store_failed', detail: 'used proofs cannot be stored at the moment', cause }
  }
  if (seen === false) return undefined
  if (seen === 'full') {
    return { status: 429, refusal: 'dpop_proofs_exhausted', detail: 'this key has used too many proofs', retryAfter: WINDOW }
  }
  return denial('dpop_proof_replayed', 'the proof was used before')
}

function denial(refusal: RefusalCode, detail: string): Denial {
  return { status: 401, error: 'invalid_dpop_proof', refusal, detail }
}

function store(name: string, value: unknown): ReplayStore {
  const seen = typeof value === 'object' && value !== null ? memberOf(value as ReplayStore, 'seen') : undefined
  if (typeof seen !== 'function') throw optionError(name, 'must be an object with the function `seen`')
  return record({ seen: callable<ReplayStore['seen']>('seen', seen).bind(value) })
}

function path(name: string, value: unknown): string {
  if (typeof value === 'string' && /^(?:\/[\w.~%-]+)+$/.test(value)) return value
  throw optionError(name, 'must be a path such as `/base`')
}

function asymmetric(name: string, value: unknown): string[] {
  const found = algorithmList(name, value)
  if (found.some((algorithm) => algorithm.startsWith('HS'))) throw optionError(name, 'must be asymmetric, because a proof contains its key')
  return found
}

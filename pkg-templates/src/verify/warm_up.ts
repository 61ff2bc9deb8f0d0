/**
 * Verifies a known token before the first real one arrives, so that the engine has compiled the code for it. It is a self-test at the
 * same time.
 */
import { Options } from '../base/options.js'
import { jsonOf, memberOf, record } from '../base/record.js'
import { requestsAreIsolated } from '../base/runtime.js'
import type { JWK } from '../base/types.js'
import { KeySet } from '../keys/key_set.js'
import { Keys } from '../wasm/bindings.js'
import type { Judge } from './judge.js'
import { KNOWN_ANSWERS, type KnownAnswer } from './known_answers.js'
import type { Parts, Rehearse } from './parts.js'
import { type PolicyFields, POLICY_NAMES } from './policy.js'

/** The most kinds of signatures to warm up by default: each costs start-up time. */
const MOST_BY_DEFAULT = 3

/** What this isolate has warmed up: kinds of signatures, and the paths of a token. */
const warm = new Set<string>()

/** The class of the verifiers with keys in hand. */
type VerifierClass = new (options: Options, fields: PolicyFields, keys: Keys | KeySet, parts: Parts) => Judge

/**
 * Warms up each kind of signature among these algorithms, and with the first of them the path of a token, each once per isolate.
 *
 * @param wanted - the option `warm`. Without it only at a worker's module scope, where start-up time is hidden behind the TLS handshake;
 *   never inside a request.
 * @param keys - the keys of real tokens: a known key is in the same form. `undefined` if they are fetched
 * @throws `Error` if a known answer is wrong: this instance of the core must not be used
 */
export function warmUp(
  algorithms: readonly string[],
  wanted: boolean | undefined,
  keys: Keys | KeySet | undefined,
  parts: Parts,
  Verifier: VerifierClass,
): void {
  if (!(wanted ?? isModuleScopeOfWorker())) return
  const rehearse = memberOf(parts, 'rehearse') ?? judge
  const isFetched = keys === undefined
  const isKey = keys instanceof Keys
  const path = [isFetched, isKey, rehearse === judge].join()
  const kinds = [...new Set(algorithms.map(kindOf))]
  for (const kind of kinds.slice(0, wanted ? kinds.length : MOST_BY_DEFAULT)) {
    // A fetched set contains no shared secret.
    const isRehearsed = warm.has(path) || (isFetched && kind === 'HS256')
    if (isRehearsed && warm.has(kind)) continue
    const { jwk, signature } = memberOf(KNOWN_ANSWERS, kind) as KnownAnswer
    // The names of all kinds are as long as "ES256": without padding, base64url.
    const token = `${btoa(`{"alg":"${kind}"}`)}.e30.${signature}`
    const options = new Options('', record({ warm: false, hostCrypto: false }), POLICY_NAMES)
    const fields = record({ algorithms: [kind], requireExp: false })
    const set = record({ keys: [jwk as unknown as JWK] })
    const known = jwk === undefined ? Keys.fromSecret(new Uint8Array(32)) : isKey ? Keys.fromText('Jwk', jsonOf(jwk)) : new KeySet(set)
    const verifier = new Verifier(options, fields, known, parts)
    if (!verifier.judgeNow(token).ok) throw new Error(`the self-test of ${kind} failed`)
    warm.add(kind)
    if (isRehearsed) continue
    warm.add(path)
    rehearse(isFetched ? parts.remoteKeys.known(options, fields, set, parts) : verifier, token).catch(() => {})
  }
}

/** The path of a token without a gate. */
const judge: Rehearse = (verifier, token) => verifier.judge(token, undefined)

/** At module scope the clock of Workers is 0. It is read for this check only. */
function isModuleScopeOfWorker(): boolean {
  return requestsAreIsolated() && Date.now() === 0
}

/** The algorithm whose known answer runs most of the same code: hashes and paddings are small. */
function kindOf(algorithm: string): string {
  if (algorithm === 'Ed25519') return 'EdDSA'
  if (algorithm.startsWith('HS')) return 'HS256'
  return /^[RP]S/.test(algorithm) ? 'RS256' : algorithm
}

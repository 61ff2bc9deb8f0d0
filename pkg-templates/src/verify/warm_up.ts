/**
 * Verifies a known token before the first real one arrives, so that the engine has already compiled the code. This is a self-test at the
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

/** The kinds of signatures and the code paths that this isolate has warmed up. */
const warm = new Set<string>()

/** The class of the verifiers with keys in hand. */
type VerifierClass = new (options: Options, fields: PolicyFields, keys: Keys | KeySet, parts: Parts) => Judge

/**
 * Warms up each kind of signature among these algorithms, and with the first of them the path of a token, each once per isolate.
 *
 * @param wanted - the option `warm`. By default this runs only at a worker's module scope, where start-up time is hidden behind the TLS
 *   handshake, and never inside a request
 * @param keys - the keys for real tokens, to test with a known key of the same form; `undefined` if they are fetched
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
    // All kinds have five characters, so `btoa` adds no padding and returns base64url.
    const token = `${btoa(`{"alg":"${kind}"}`)}.e30.${signature}`
    const options = new Options('', record({ warm: false, hostCrypto: false }), POLICY_NAMES)
    const fields = record({ algorithms: [kind], requireExp: false })
    const set = record({ keys: [jwk as unknown as JWK] })
    const known = jwk === undefined ? Keys.fromSecret(new Uint8Array(32)) : isKey ? Keys.fromText('Jwk', jsonOf(jwk)) : new KeySet(set)
    const verifier = new Verifier(options, fields, known, parts)
    if (!verifier.judgeNow(token).ok) throw new Error(`the self-test of ${kind} failed: do not use this instance of the core`)
    warm.add(kind)
    if (isRehearsed) continue
    warm.add(path)
    rehearse(isFetched ? parts.remoteKeys.known(options, fields, set, parts) : verifier, token).catch(() => {})
  }
}

/** Passes a token through a verifier alone, without a gate. */
const judge: Rehearse = (verifier, token) => verifier.judge(token, undefined)

/** Whether this code runs at a worker's module scope, where the clock is 0. */
function isModuleScopeOfWorker(): boolean {
  return requestsAreIsolated() && Date.now() === 0
}

/** The algorithm whose known answer runs most of the same code: hashes and paddings are small. */
function kindOf(algorithm: string): string {
  if (algorithm === 'Ed25519') return 'EdDSA'
  if (algorithm.startsWith('HS')) return 'HS256'
  return /^[RP]S/.test(algorithm) ? 'RS256' : algorithm
}

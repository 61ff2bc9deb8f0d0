/**
 * Verifies a known signature before the first token arrives, so that the engine has compiled what the verification runs. It is a self-test
 * at the same time.
 */
import { jsonOf, memberOf, record } from '../base/record.js'
import { requestsAreIsolated } from '../base/runtime.js'
import type { JWK } from '../base/types.js'
import { KeySet, setHandle } from '../keys/key_set.js'
import type { Keys } from '../wasm/bindings.js'
import { verify } from '../wasm/calls.js'
import { boot } from '../wasm/instance.js'
import { KNOWN_ANSWERS, type KnownAnswer } from './known_answers.js'
import { policyFrom } from './policy.js'

/** The most kinds of signatures to warm up by default: each costs start-up time. */
const MOST_BY_DEFAULT = 3

/** The kinds that this isolate has warmed up. */
const warm = new Set<string>()

/**
 * Warms up each kind of signature among these algorithms, once per isolate.
 *
 * @param wanted - the option `warm`. Without it only at a worker's module scope, where start-up time is hidden behind the TLS handshake;
 *   never inside a request.
 * @param asSet - whether the keys of tokens come in a set: then the code that reads sets is compiled, too
 * @throws `Error` if a known answer is wrong: this instance of the core must not be used
 */
export function warmUp(algorithms: readonly string[], wanted: boolean | undefined, asSet: boolean): void {
  if (!(wanted ?? isModuleScopeOfWorker())) return
  const kinds = new Set(algorithms.map(kindOf))
  for (const kind of [...kinds].slice(0, wanted === true ? kinds.size : MOST_BY_DEFAULT)) {
    if (warm.has(kind)) continue
    selfTest(kind, asSet)
    warm.add(kind)
  }
}

/** At module scope the clock of Workers stands at 0. Read for this alone. */
function isModuleScopeOfWorker(): boolean {
  return requestsAreIsolated() && Date.now() === 0
}

/** The algorithm whose known answer runs most of the same code: hashes and paddings are small. */
function kindOf(algorithm: string): string {
  if (algorithm === 'Ed25519') return 'EdDSA'
  if (algorithm.startsWith('HS')) return 'HS256'
  return /^[RP]S/.test(algorithm) ? 'RS256' : algorithm
}

function selfTest(kind: string, asSet: boolean): void {
  const { jwk, signature } = memberOf(KNOWN_ANSWERS, kind) as KnownAnswer
  const policy = policyFrom(jsonOf(record({ algorithms: [kind], requireExp: false })))
  const message = `${btoa(`{"alg":"${kind}"}`).replace(/=+$/, '')}.e30`
  const { ok } = verify(policy, knownKeys(jwk, asSet), `${message}.${signature}`, 0)
  if (!ok) throw new Error(`the self-test of ${kind} failed`)
}

function knownKeys(jwk: KnownAnswer['jwk'], asSet: boolean): Keys {
  const { Keys } = boot()
  if (jwk === undefined) return Keys.fromSecret(new Uint8Array(32))
  return asSet ? setHandle(new KeySet(record({ keys: [jwk as unknown as JWK] }))) : Keys.fromText('Jwk', jsonOf(jwk))
}

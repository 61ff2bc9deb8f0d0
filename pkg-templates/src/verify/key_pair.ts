/** A secret and public keys for one issuer: each serves only the algorithms of its kind (RFC 8725 §2.1). */
import type { Options } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { WaitUntil } from '../remote/source_options.js'
import { Keys, type Policy } from '../wasm/bindings.js'
import { decode } from '../wasm/calls.js'
import { verifierOf } from './issuer_verifier.js'
import type { KeyedVerdict, PolicyJudge } from './judge.js'
import type { VerifierKeys } from './keys_option.js'
import type { Parts } from './parts.js'
import type { PolicyFields } from './policy.js'

/** Makes the verifier for these keys. */
export function verifierFor(options: Options, fields: PolicyFields, keys: VerifierKeys | VerifierKeys[], parts: Parts): PolicyJudge {
  return Array.isArray(keys) ? new KeyPair(options, fields, keys, parts) : verifierOf(options, fields, keys, parts)
}

/** Two verifiers that share no algorithm: a token's `alg` chooses one, and the other's keys are never tried. */
export class KeyPair implements PolicyJudge {
  readonly #secret: PolicyJudge
  readonly #public: PolicyJudge

  constructor(options: Options, fields: PolicyFields, keys: VerifierKeys[], parts: Parts) {
    const secret = keys.filter(isSecret)
    const others = keys.filter((key) => !isSecret(key))
    const [secretKey, publicKeys] = [secret[0], others[0]]
    if (keys.length !== 2 || secretKey === undefined || publicKeys === undefined) {
      throw optionError('keys', 'must contain one secret and one set of public keys, if it is an array')
    }
    const verifier = (keys: VerifierKeys, symmetric: boolean) => {
      const algorithms = fields.algorithms?.filter((name) => name.startsWith('HS') === symmetric) ?? []
      if (algorithms.length === 0) throw optionError('algorithms', 'must contain algorithms for the secret and for the public keys')
      return verifierOf(options, record({ ...fields, algorithms }), keys, parts)
    }
    this.#secret = verifier(secretKey, true)
    this.#public = verifier(publicKeys, false)
  }

  get policy(): Policy {
    return this.#public.policy
  }

  judgeNow(token: unknown): KeyedVerdict {
    return this.#verifierOf(token).judgeNow(token)
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    return this.#verifierOf(token).judge(token, waitUntil)
  }

  /** Returns the verifier for the token's algorithm. A token that cannot be decoded is refused by both. */
  #verifierOf(token: unknown): PolicyJudge {
    const decoded = decode(token, this.policy)
    const alg: unknown = decoded.ok ? memberOf(decoded.header, 'alg') : undefined
    return typeof alg === 'string' && alg.startsWith('HS') ? this.#secret : this.#public
  }
}

function isSecret(keys: VerifierKeys): boolean {
  return keys instanceof Keys && (JSON.parse(keys.describe()) as { kty?: string }).kty === 'oct'
}

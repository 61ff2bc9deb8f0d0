/** A secret and public keys for one issuer: each serves only the algorithms of its kind (RFC 8725 §2.1). */
import type { Options } from '../base/options.js'
import { memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { WaitUntil } from '../remote/source_options.js'
import { Keys, type Policy } from '../wasm/bindings.js'
import { decode } from '../wasm/calls.js'
import { Engine } from './engine.js'
import type { Judge, Judgement } from './judge.js'
import type { EngineKeys } from './keys_option.js'
import type { PolicyFields } from './policy.js'

/** The engine for these keys. */
export function engineFor(options: Options, fields: PolicyFields, keys: EngineKeys | EngineKeys[]): Engine | KeyPair {
  return Array.isArray(keys) ? new KeyPair(options, fields, keys) : new Engine(options, fields, keys)
}

/** Two engines that share no algorithm: a token's `alg` chooses one, and the other's keys are never tried. */
export class KeyPair implements Judge {
  readonly #secret: Engine
  readonly #public: Engine

  constructor(options: Options, fields: PolicyFields, keys: EngineKeys[]) {
    const secret = keys.filter(isSecret)
    const others = keys.filter((key) => !isSecret(key))
    const [secretKey, publicKeys] = [secret[0], others[0]]
    if (keys.length !== 2 || secretKey === undefined || publicKeys === undefined) {
      throw optionError('keys', 'must be one secret and one set of public keys, if it is an array')
    }
    const engine = (keys: EngineKeys, symmetric: boolean) => {
      const algorithms = fields.algorithms?.filter((name) => name.startsWith('HS') === symmetric) ?? []
      if (algorithms.length === 0) throw optionError('algorithms', 'must name some for the secret and some for the public keys')
      return new Engine(options, record({ ...fields, algorithms }), keys)
    }
    this.#secret = engine(secretKey, true)
    this.#public = engine(publicKeys, false)
  }

  get policy(): Policy {
    return this.#public.policy
  }

  judgeNow(token: unknown): Judgement {
    return this.#engineOf(token).judgeNow(token)
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<Judgement> {
    return this.#engineOf(token).judge(token, waitUntil)
  }

  /** The engine of the token's algorithm. What can't be decoded is refused by either. */
  #engineOf(token: unknown): Engine {
    const decoded = decode(token, this.policy)
    const alg: unknown = decoded.ok ? memberOf(decoded.header, 'alg') : undefined
    return typeof alg === 'string' && alg.startsWith('HS') ? this.#secret : this.#public
  }
}

function isSecret(keys: EngineKeys): boolean {
  return keys instanceof Keys && (JSON.parse(keys.describe()) as { kty?: string }).kty === 'oct'
}

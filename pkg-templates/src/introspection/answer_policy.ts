/**
 * Checks responses of the introspection endpoint by the policy of the core. Each response becomes the payload of a JWT that only this object
 * can sign. The core's strict JSON reader and the gate's policy therefore apply as for a JWT of the issuer.
 */
import { base64url } from '../base/bytes.js'
import { jsonOf, record } from '../base/record.js'
import { TextEncoder } from '../base/runtime.js'
import { type PolicyFields, policyFrom } from '../verify/policy.js'
import type { Keys, Policy } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import { verify, type Verdict } from '../wasm/calls.js'

/** The longest JWT, in bytes: the longest response in three-byte characters, in base64url, with header and signature. */
const MAX_JWT = 300_000

/** The policy of one issuer, for responses of its introspection endpoint. */
export class AnswerPolicy {
  readonly #policy: Policy
  #secret: Secret | undefined

  constructor(fields: PolicyFields) {
    const { typ, typOptional, crit, minSecretLength, ...rules } = fields
    this.#policy = policyFrom(jsonOf(record({ ...rules, algorithms: ['HS256'], maxTokenLength: MAX_JWT })))
  }

  /** Returns the JWT with this answer as its payload. */
  async seal(answer: string): Promise<string> {
    // Made at first use, because randomness is not available at the top of a Worker's module.
    const secret = (this.#secret ??= newSecret())
    const algorithm = record({ name: 'HMAC', hash: 'SHA-256' })
    secret.signer ??= await crypto.subtle.importKey('raw', secret.bytes, algorithm, false, ['sign'])
    const encoder = new TextEncoder()
    const input = `${HEADER}.${base64url(encoder.encode(answer))}`
    return `${input}.${base64url(new Uint8Array(await crypto.subtle.sign('HMAC', secret.signer, encoder.encode(input))))}`
  }

  /** Checks a JWT that {@link seal} returned. `now` is in seconds since 1970. */
  judge(sealed: string, now: number): Verdict {
    return verify(this.#policy, (this.#secret ??= newSecret()).keys, sealed, now)
  }
}

/** A secret in the forms of the core and of WebCrypto. */
interface Secret {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly keys: Keys
  /** Imported at the first answer. */
  signer: CryptoKey | undefined
}

function newSecret(): Secret {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return { bytes, keys: boot().Keys.fromSecret(bytes), signer: undefined }
}

/** `{"alg":"HS256"}` */
const HEADER = 'eyJhbGciOiJIUzI1NiJ9'

/** Reads a DPoP proof: a JWS whose header contains the key that verifies it (RFC 9449 §4.2). */
import { isGiven, jsonOf, memberOf, record } from '../base/record.js'
import type { RefusalCode } from '../base/refusal_codes.js'
import { TextDecoder } from '../base/runtime.js'
import type { JWK } from '../base/types.js'
import { handle, jwkMembers, keyFromText, PRIVATE_MEMBERS } from '../keys/imported_key.js'
import { type Keys, type Policy, thumbprint } from '../wasm/bindings.js'
import { decodeHeader, verifySignature } from '../wasm/calls.js'

/** The accepted algorithms by default: those that `jotgate-keys` accepts. All are asymmetric. */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256', 'PS384', 'PS512'] as const

/** The claims of a proof. They are not checked yet. */
export interface ProofClaims {
  readonly htm?: unknown
  readonly htu?: unknown
  readonly iat?: unknown
  readonly ath?: unknown
  readonly nonce?: unknown
  readonly jti?: unknown
}

/** A proof with a valid signature, or why there is none. */
export type ReadProof =
  | { readonly ok: true; readonly claims: ProofClaims; readonly thumbprint: string }
  | { readonly ok: false; readonly code: RefusalCode; readonly detail: string }

/**
 * Reads the value of the header field `DPoP` and verifies the signature with the key in the proof. A value of `null` means that the field is
 * missing.
 *
 * @param policy - the accepted algorithms and the longest proof
 */
export function readProof(value: string | null, policy: Policy, algorithms: readonly string[]): ReadProof {
  const text = value?.trim() ?? ''
  if (text === '') return failed('dpop_proof_missing', 'the request has no DPoP proof')
  // Repeated fields arrive joined by commas, which no proof contains.
  if (text.includes(',')) return failed('dpop_proof_repeated', 'the request has more than one DPoP proof')
  if (!COMPACT.test(text)) return MALFORMED
  const decoded = decodeHeader(text)
  if (!decoded.ok) return MALFORMED
  const { header } = decoded
  if (memberOf(header, 'typ') !== 'dpop+jwt') return failed('dpop_proof_type', "the proof's typ is not dpop+jwt")
  const alg: unknown = memberOf(header, 'alg')
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return ALGORITHM
  const jwk: unknown = memberOf(header as { jwk?: unknown }, 'jwk')
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return failed('dpop_proof_key', 'the proof has no jwk')
  if (PRIVATE_MEMBERS.some((name) => isGiven(jwk, name))) {
    return failed('dpop_proof_private_key', "the proof's jwk has private members")
  }
  let key: Keys
  try {
    key = handle(keyFromText('EmbeddedJwk', jsonOf(jwkMembers(jwk as JWK)), alg))
  } catch {
    return KEY
  }
  try {
    const verdict = verifySignature(policy, key, text)
    if (!verdict.ok) return signatureFailure(verdict.refusal.code)
    const claims = objectFrom(verdict.payload)
    return claims === undefined ? MALFORMED : { ok: true, claims, thumbprint: thumbprint(key, 'sha256') }
  } finally {
    key.free()
  }
}

const COMPACT = /^[\w-]{1,8192}\.[\w-]{1,8192}\.[\w-]{1,8192}$/

function signatureFailure(code: RefusalCode): ReadProof {
  if (code === 'signature_mismatch') return failed('dpop_proof_signature', "the proof's signature does not match its jwk")
  return code.startsWith('key_') ? KEY : MALFORMED
}

/** Returns the own members of a JSON object. Returns `undefined` for any other bytes. */
function objectFrom(payload: Uint8Array): ProofClaims | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', record({ fatal: true })).decode(payload))
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
    return Object.assign(Object.create(null) as object, parsed)
  } catch {
    return undefined
  }
}

function failed(code: RefusalCode, detail: string): ReadProof {
  return { ok: false, code, detail }
}

const MALFORMED = /* @__PURE__ */ failed('dpop_proof_malformed', 'the DPoP proof is not a JWT, or is too long')
const ALGORITHM = /* @__PURE__ */ failed('dpop_proof_algorithm', "the proof's algorithm is not accepted")
const KEY = /* @__PURE__ */ failed('dpop_proof_key', "the proof's jwk cannot be used for its algorithm")

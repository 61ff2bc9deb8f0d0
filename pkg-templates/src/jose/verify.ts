/** `jwtVerify` and `compactVerify`. */
import { isBytes } from '../base/bytes.js'
import { secondsUpTo } from '../base/duration.js'
import { Options } from '../base/options.js'
import { jsonOf } from '../base/record.js'
import { errorFrom, NOT_TEXT, type Refusal } from '../base/refusal.js'
import { TextDecoder } from '../base/runtime.js'
import { handle, type ImportedKey } from '../keys/imported_key.js'
import { precheck } from '../verify/remote_verifier.js'
import { clockFrom, type PolicyFields, policyFields, policyFrom } from '../verify/policy.js'
import type { Policy } from '../wasm/bindings.js'
import { decodeHeader, type Token, verify, verifySignature } from '../wasm/calls.js'
import { newerKey } from './key_sets.js'
import { keyFromInput, resolvedKey } from './keys.js'
import type {
  CompactJWSHeaderParameters,
  CompactVerifyGetKey,
  CompactVerifyResult,
  JWTPayload,
  JWTVerifyGetKey,
  JWTVerifyOptions,
  JWTVerifyResult,
  KeyInput,
  ResolvedKey,
  VerifyOptions,
} from './types.js'

/**
 * Verifies a JWT: its signature, then its claims.
 *
 * @param jwt - the token, as text or bytes
 * @param key - the key, or a function that finds it, such as {@link createLocalJWKSet} makes
 * @throws one of jose's error classes, with `refusal`. `TypeError` for invalid options and keys
 */
export async function jwtVerify<Claims = JWTPayload>(
  jwt: string | Uint8Array,
  key: KeyInput,
  options?: JWTVerifyOptions,
): Promise<JWTVerifyResult<Claims>>
export async function jwtVerify<Claims = JWTPayload>(
  jwt: string | Uint8Array,
  getKey: JWTVerifyGetKey,
  options?: JWTVerifyOptions,
): Promise<JWTVerifyResult<Claims> & ResolvedKey>
export async function jwtVerify<Claims = JWTPayload>(
  jwt: string | Uint8Array,
  key: KeyInput | JWTVerifyGetKey,
  options?: JWTVerifyOptions,
): Promise<JWTVerifyResult<Claims> & Partial<ResolvedKey>>
export async function jwtVerify<Claims = JWTPayload>(
  jwt: string | Uint8Array,
  key: KeyInput | JWTVerifyGetKey,
  options?: JWTVerifyOptions,
): Promise<JWTVerifyResult<Claims> & Partial<ResolvedKey>> {
  const token = copyBytes(jwt)
  const given = new Options('jwtVerify', options ?? {}, [...CLAIM_OPTIONS, 'currentDate'], 'ignored')
  // jose requires `exp` only if `requiredClaims` contains it.
  const policy = cachedPolicy({ ...policyFields(given, CLAIM_OPTIONS, CHECKS), requireExp: false })
  const now = clockFrom(given)
  const verifyKey = (key: ImportedKey) => verify(policy, handle(key), token, now())
  const { found, verdict } = await verifyWith(await find(policy, token, key), verifyKey)
  if (!verdict.ok) throw errorFrom(verdict.refusal, verdict.payload)
  const payload = verdict.payload as Claims & JWTPayload
  return { payload, protectedHeader: verdict.header as JWTVerifyResult['protectedHeader'], ...found.resolved }
}

/**
 * Verifies the signature of a compact JWS (RFC 7515 §7.1) with any payload.
 *
 * @throws like {@link jwtVerify}, except the errors about claims
 */
export async function compactVerify(
  jws: string | Uint8Array,
  key: KeyInput,
  options?: VerifyOptions,
): Promise<CompactVerifyResult>
export async function compactVerify(
  jws: string | Uint8Array,
  getKey: CompactVerifyGetKey,
  options?: VerifyOptions,
): Promise<CompactVerifyResult & ResolvedKey>
export async function compactVerify(
  jws: string | Uint8Array,
  key: KeyInput | CompactVerifyGetKey,
  options?: VerifyOptions,
): Promise<CompactVerifyResult & Partial<ResolvedKey>>
export async function compactVerify(
  jws: string | Uint8Array,
  key: KeyInput | CompactVerifyGetKey,
  options?: VerifyOptions,
): Promise<CompactVerifyResult & Partial<ResolvedKey>> {
  const token = copyBytes(jws)
  const given = new Options('compactVerify', options ?? {}, SIGNATURE_OPTIONS, 'ignored')
  const policy = cachedPolicy(policyFields(given, SIGNATURE_OPTIONS))
  const verifyKey = (key: ImportedKey) => verifySignature(policy, handle(key), token)
  const { found, verdict } = await verifyWith(await find(policy, token, key), verifyKey)
  if (!verdict.ok) throw errorFrom(verdict.refusal)
  return { payload: verdict.payload, protectedHeader: verdict.header, ...found.resolved }
}

const SIGNATURE_OPTIONS = ['algorithms', 'crit', 'maxTokenLength'] as const
/** The options of `jwtVerify`. `minSecretLength` is not one of them: to lower that limit, use a `Verifier`. */
const CLAIM_OPTIONS = [
  ...SIGNATURE_OPTIONS,
  'issuer',
  'audience',
  'subject',
  'typ',
  'requiredClaims',
  'clockTolerance',
  'maxTokenAge',
] as const

/** jose accepts any tolerance. More than a day is a mistake, for example milliseconds. */
const CHECKS = { clockTolerance: secondsUpTo(86_400) }

/** A key to verify with. */
interface Found {
  readonly key: ImportedKey
  /** The part of the result about the key, if a function found it. */
  readonly resolved: ResolvedKey | undefined
  /** Whether the key was made from bytes for this call. */
  readonly temporary: boolean
  /** Finds the key of a newer remote set. */
  readonly newer: (() => Promise<Found | undefined>) | undefined
}

type Judged = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal }

/** Verifies with the key, or if the signature does not match, with the key of a newer remote set. */
async function verifyWith<V extends Judged>(
  found: Found,
  verify: (key: ImportedKey) => V,
): Promise<{ found: Found; verdict: V }> {
  const verdict = useKey(found, verify)
  if (verdict.ok || verdict.refusal.code !== 'signature_mismatch') return { found, verdict }
  const newer = await found.newer?.()
  return newer === undefined ? { found, verdict } : { found: newer, verdict: useKey(newer, verify) }
}

/** Uses a key. A key that was made for this call is freed at once. */
function useKey<T>({ key, temporary }: Found, call: (key: ImportedKey) => T): T {
  try {
    return call(key)
  } finally {
    if (temporary) handle(key).free()
  }
}

/** Finds the key to verify with. */
async function find(policy: Policy, token: Token, key: KeyInput | JWTVerifyGetKey): Promise<Found> {
  if (typeof key !== 'function') {
    return { key: await keyFromInput(key), resolved: undefined, temporary: isBytes(key), newer: undefined }
  }
  // The caller's function is not called for a token that any key refuses.
  const early = precheck(policy, token)
  if (early !== undefined && !early.ok) throw errorFrom(early.refusal)
  const decoded = decodeHeader(token)
  if (!decoded.ok) throw errorFrom(decoded.refusal)
  const [header = '', payload = '', signature = ''] = (isBytes(token) ? ascii(token) : token).split('.')
  const asked = [decoded.header as CompactJWSHeaderParameters, { payload, protected: header, signature }] as const
  const input = await key(...asked)
  const found = await keyFromInput(input)
  const newer = async (): Promise<Found | undefined> => {
    const next = await newerKey(key, found, ...asked)
    return next && { key: next, resolved: { key: resolvedKey(next, next) }, temporary: false, newer: undefined }
  }
  return { key: found, resolved: { key: resolvedKey(input, found) }, temporary: isBytes(input), newer }
}

/** Copies bytes, because the caller may change them before the verdict. Returns text unchanged. */
function copyBytes(token: Token): Token {
  return isBytes(token) ? new Uint8Array(token) : token
}

function ascii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) throw errorFrom(NOT_TEXT)
  return new TextDecoder().decode(bytes)
}

/** Caches policies, because callers write the options as literals at each call. */
function cachedPolicy(fields: PolicyFields): Policy {
  const text = jsonOf(fields)
  let policy = policies.get(text)
  if (policy === undefined) {
    policy = policyFrom(text)
    if (policies.size >= 100) policies.clear()
    policies.set(text, policy)
  }
  return policy
}

const policies = new Map<string, Policy>()

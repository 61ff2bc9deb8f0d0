/**
 * jose's verification half over jotgate's core: change the import, keep the code. Options, results, error classes,
 * codes and members are jose's; where jose accepts what jotgate always refuses, the refusal wins. `docs/jose.md` lists
 * each difference.
 *
 * @packageDocumentation
 */
import type { Policy } from '../wasm/bindings.js'
import { decodeHeader, isBytes, type Token, verifySignature, verifyWithKey } from '../wasm/calls.js'
import { noNeeds, precheck } from '../verify/engine.js'
import { JOSENotSupported, JWKSInvalid, JWSInvalid } from '../base/errors.js'
import {
  handle,
  ImportedKey,
  jwkMembers,
  keyFromCertificate,
  keyFromEmbeddedJwk,
  keyFromJwk,
  keyFromPem,
} from '../keys/imported_key.js'
import { joined, keyOf, newerKey } from './key_sets.js'
import { exportedJwk, keyFromInput, resolvedKey, tagOf } from './keys.js'
import type {
  CompactJWSHeaderParameters,
  CompactVerifyGetKey,
  CompactVerifyResult,
  CryptoKey,
  FlattenedJWSInput,
  JSONWebKeySet,
  JWK,
  JWSHeaderParameters,
  JWTPayload,
  JWTVerifyGetKey,
  JWTVerifyOptions,
  JWTVerifyResult,
  KeyInput,
  KeyObject,
  ResolvedKey,
  VerifyOptions,
} from './types.js'
import { jwksText, KeySet } from '../keys/key_set.js'
import { tolerance } from '../base/duration.js'
import { Options } from '../base/options.js'
import { isGiven, jsonOf, memberOf, record } from '../base/record.js'
import { errorFrom, NOT_TEXT, type Refusal } from '../base/refusal.js'

export { decodeJwt, decodeProtectedHeader } from '../decode/decode.js'
export * as errors from './errors.js'
export {
  createRemoteJWKSet,
  customFetch,
  type ExportedJWKSCache,
  type FetchImplementation,
  jwksCache,
  type JWKSCacheInput,
  type RemoteJWKSet,
  type RemoteJWKSetOptions,
} from './key_sets.js'
export type * from './types.js'
import { TextDecoder } from '../base/text_coding.js'
import { clockFrom, type PolicyFields, policyFields, policyFrom } from '../verify/policy.js'

/**
 * Verifies a JWT: its signature, then its claims.
 *
 * @param jwt - the token, as text or bytes
 * @param key - the key, or a function that finds it, such as {@link createLocalJWKSet} makes
 * @throws jose's error classes; each carries `refusal` besides. `TypeError` for options and keys that make no sense
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
  const token = unchanging(jwt)
  const given = new Options('jwtVerify', options ?? {}, [...CLAIM_OPTIONS, 'currentDate'], 'ignored')
  // jose asks for `exp` only where `requiredClaims` does.
  const policy = rememberedPolicy({ ...policyFields(given, CLAIM_OPTIONS, CHECKS), requireExp: false })
  const now = clockFrom(given)
  const verify = (key: ImportedKey) => verifyWithKey(policy, handle(key), noNeeds(), token, now())
  const { found, verdict } = await judged(await find(policy, token, key), verify)
  if (!verdict.ok) throw errorFrom(verdict.refusal, verdict.payload)
  const payload = verdict.payload as Claims & JWTPayload
  return { payload, protectedHeader: verdict.header as JWTVerifyResult['protectedHeader'], ...found.resolved }
}

/**
 * Verifies the signature of a compact JWS (RFC 7515 §7.1), whatever its payload is.
 *
 * @throws as {@link jwtVerify}, less what claims can cause
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
  const token = unchanging(jws)
  const given = new Options('compactVerify', options ?? {}, SIGNATURE_OPTIONS, 'ignored')
  const policy = rememberedPolicy(policyFields(given, SIGNATURE_OPTIONS))
  const verify = (key: ImportedKey) => verifySignature(policy, handle(key), token)
  const { found, verdict } = await judged(await find(policy, token, key), verify)
  if (!verdict.ok) throw errorFrom(verdict.refusal)
  return { payload: verdict.payload, protectedHeader: verdict.header, ...found.resolved }
}

/** A function that finds the key of a set for a token; {@link createLocalJWKSet} makes it. */
export interface LocalJWKSet {
  (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey>
  /** A copy of the set that it was made from. */
  jwks: () => JSONWebKeySet
}

/**
 * Makes a function that finds the key of a set for a token, to be given to {@link jwtVerify}. The set is copied.
 *
 * @throws {@link JWKSInvalid} if it is no key set. The function throws {@link JWKSNoMatchingKey},
 *   {@link JWKSMultipleMatchingKeys} (iterate over it to try each key) or {@link JOSENotSupported}
 */
export function createLocalJWKSet(jwks: JSONWebKeySet): LocalJWKSet {
  const { text, copy } = copied(jwks)
  const set = new KeySet(text)
  const find = async (protectedHeader?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<ImportedKey> =>
    keyOf(set, protectedHeader, token)
  return Object.assign(find, { jwks: () => structuredClone(copy) })
}

/**
 * Imports a JWK: public, or a secret. The key is opaque; its material can't be read back.
 *
 * @param alg - what the key is for, where the JWK does not say so; needed for all but secrets
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that can't be used, `TypeError` for what is no JWK
 */
export async function importJWK(jwk: JWK, alg?: string, _options?: { extractable?: boolean }): Promise<ImportedKey> {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new TypeError('the JWK must be an object')
  if (alg !== undefined && typeof alg !== 'string') throw new TypeError('`alg` must be a string')
  const members = jwkMembers(jwk)
  if (alg !== undefined) members.alg = alg
  if (members.kty !== 'oct' && !members.alg) throw new TypeError('`alg` is required where the JWK has none')
  return fit(keyFromJwk(jsonOf(members)))
}

/**
 * Imports the PEM text of a public key (`-----BEGIN PUBLIC KEY-----`, SPKI). Text around the block, quotation marks and line breaks
 * written as `\n` are read, as environment variables hold them.
 *
 * @param alg - what the key is for
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that can't be used, `TypeError` for what is no SPKI
 */
export async function importSPKI(
  spki: string,
  alg: string,
  _options?: { extractable?: boolean },
): Promise<ImportedKey> {
  if (typeof alg !== 'string' || alg === '') throw new JOSENotSupported('`alg` must name an algorithm')
  return fit(pem('spki', spki, 'PUBLIC KEY', (text) => keyFromPem(text, alg)))
}

/**
 * Imports the public key of an X.509 certificate in PEM (`-----BEGIN CERTIFICATE-----`, RFC 5280 §4.1).
 *
 * Only the key is taken, of a chain that of its first certificate. The certificate's signature, dates, names and chain are **not** checked: give one that is
 * trusted already, never one that came with a token.
 *
 * @param alg - what the key is for
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that can't be used, `TypeError` for what is no
 *   certificate
 */
export async function importX509(
  x509: string,
  alg: string,
  _options?: { extractable?: boolean },
): Promise<ImportedKey> {
  if (typeof alg !== 'string' || alg === '') throw new JOSENotSupported('`alg` must name an algorithm')
  return fit(pem('x509', x509, 'CERTIFICATE', (text) => keyFromCertificate(text, alg)))
}

/**
 * The thumbprint of a key (RFC 7638), base64url.
 *
 * @param digestAlgorithm - default: `sha256`
 * @throws {@link JWKInvalid} or {@link JOSENotSupported} for a key that can't be used, `TypeError` for what is no key
 */
export async function calculateJwkThumbprint(
  key: JWK | ImportedKey | CryptoKey | KeyObject,
  digestAlgorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): Promise<string> {
  if (!['sha256', 'sha384', 'sha512'].includes(digestAlgorithm)) {
    throw new TypeError('`digestAlgorithm` must be one of sha256, sha384, sha512')
  }
  if (key instanceof ImportedKey) return handle(key).thumbprint(digestAlgorithm)
  const exporting = exportedByHost(key)
  // A JWK is read now: its owner may change it while this function waits.
  const text = exporting === undefined ? thumbprintText(jwkOf(key)) : thumbprintText(await exporting)
  const prepared = handle(keyFromJwk(text))
  try {
    return prepared.thumbprint(digestAlgorithm)
  } finally {
    // It may be a secret: not left to whenever it is collected.
    prepared.free()
  }
}

/**
 * The thumbprint of a key as a URI (RFC 9278): `urn:ietf:params:oauth:jwk-thumbprint:sha-256:…`.
 *
 * @param digestAlgorithm - default: `sha256`
 * @throws as {@link calculateJwkThumbprint}
 */
export async function calculateJwkThumbprintUri(
  key: JWK | ImportedKey | CryptoKey | KeyObject,
  digestAlgorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): Promise<string> {
  const thumbprint = await calculateJwkThumbprint(key, digestAlgorithm)
  return `urn:ietf:params:oauth:jwk-thumbprint:${digestAlgorithm.replace('sha', 'sha-')}:${thumbprint}`
}

/**
 * Finds the key that a token brings along in `jwk` (RFC 7515 §4.1.3), to be given to {@link jwtVerify}. Whoever made the
 * token chose that key: it proves that they hold it, never who they are. For proofs of possession, not for access.
 *
 * @throws {@link JWSInvalid} unless `jwk` is there and a public key, {@link JWKInvalid} or {@link JOSENotSupported} for a
 *   key that can't be used, or whose `alg` is not the header's
 */
export async function EmbeddedJWK(
  protectedHeader?: JWSHeaderParameters,
  token?: FlattenedJWSInput,
): Promise<ImportedKey> {
  const { alg, jwk } = joined(protectedHeader, token) as { alg?: string; jwk?: JWK }
  // RFC 7515 §4.1.3: the public key; what carries a private half, or is a secret, was not meant to be shown.
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk) || isGiven(jwk, 'd') || isGiven(jwk, 'k')) {
    const error = new JWSInvalid('`jwk` in the header must be a public key')
    error.refusal = 'embedded_jwk'
    throw error
  }
  if (typeof alg !== 'string' || alg === '') throw new TypeError('`alg` is required in the header')
  const key = keyFromEmbeddedJwk(jsonOf(jwkMembers(jwk)), alg)
  // RFC 7517 §4.4: the key is for its own algorithm, whatever the header says.
  return fit(key, alg)
}

/** Reads PEM text of a kind; text that holds no such block is a mistake of the program, and the message names what it is. */
function pem(name: string, text: unknown, label: string, read: (text: string) => ImportedKey): ImportedKey {
  if (typeof text !== 'string') throw new TypeError(`\`${name}\` must be PEM text`)
  if (text.includes(`-----BEGIN ${label}-----`)) return read(text)
  let found = 'found another kind of key'
  try {
    read(text)
  } catch (thrown) {
    found = (thrown as Error).message
  }
  throw new TypeError(`\`${name}\` must be PEM text with \`-----BEGIN ${label}-----\`: ${found}`)
}

/** A public key that can verify something, or that algorithm; a secret shows its fitness at use, as with jose. */
function fit(key: ImportedKey, alg?: string): ImportedKey {
  if (key.type === 'secret' || key.algorithms.some((known) => alg === undefined || known === alg)) return key
  const error = new JOSENotSupported("the key is not for this algorithm, or its `use` or `key_ops` don't let it verify")
  error.refusal = 'key_does_not_fit'
  throw error
}

const SIGNATURE_OPTIONS = ['algorithms', 'crit', 'maxTokenLength'] as const
/** `minSecretLength` is not among them: jose's users lower no limit without saying so to a `Verifier`. */
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

/** jose takes any tolerance. More than a day can only be a mistake, such as milliseconds. */
const CHECKS = { clockTolerance: tolerance(86_400) }

interface Found {
  readonly key: ImportedKey
  /** What the result says of the key when a function found it. */
  readonly resolved: ResolvedKey | undefined
  /** The key was made of bytes for this one call: nobody else holds it. */
  readonly passing: boolean
  /** The key of a newer remote set, where there is one. */
  readonly newer: (() => Promise<Found | undefined>) | undefined
}

type Judged = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal }

/** The verdict with the key, or with that of a newer remote set where its signature does not match. */
async function judged<V extends Judged>(
  found: Found,
  verify: (key: ImportedKey) => V,
): Promise<{ found: Found; verdict: V }> {
  const verdict = used(found, verify)
  if (verdict.ok || verdict.refusal.code !== 'signature_mismatch') return { found, verdict }
  const newer = await found.newer?.()
  return newer === undefined ? { found, verdict } : { found: newer, verdict: used(newer, verify) }
}

/** Uses a key; one that was made for this call does not wait in the core's memory until it is collected. */
function used<T>({ key, passing }: Found, call: (key: ImportedKey) => T): T {
  try {
    return call(key)
  } finally {
    if (passing) handle(key).free()
  }
}

/** The key to verify with. */
async function find(policy: Policy, token: Token, key: KeyInput | JWTVerifyGetKey): Promise<Found> {
  if (typeof key !== 'function') {
    return { key: await keyFromInput(key), resolved: undefined, passing: isBytes(key), newer: undefined }
  }
  // What would be refused anyway does not get as far as the caller's function.
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
    return next && { key: next, resolved: { key: resolvedKey(next, next) }, passing: false, newer: undefined }
  }
  return { key: found, resolved: { key: resolvedKey(input, found) }, passing: isBytes(input), newer }
}

/** Bytes are copied: their owner may change them before the verdict is there. */
function unchanging(token: Token): Token {
  return isBytes(token) ? new Uint8Array(token) : token
}

function ascii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) throw errorFrom(NOT_TEXT)
  return new TextDecoder().decode(bytes)
}

/** Options are written as literals at each call: policies that were seen before are not made again. */
function rememberedPolicy(fields: PolicyFields): Policy {
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

function copied(jwks: JSONWebKeySet): { text: string; copy: JSONWebKeySet } {
  let text: string | undefined
  try {
    const keys = typeof jwks === 'object' && jwks !== null ? memberOf(jwks, 'keys') : undefined
    if (Array.isArray(keys) && keys.every(isPlain)) text = jwksText(jwks)
  } catch {
    // A cycle, a BigInt or a throwing getter: no key set either.
  }
  if (text === undefined) {
    const error = new JWKSInvalid('the key set has no array `keys` of objects')
    error.refusal = 'jwks_keys'
    throw error
  }
  return { text, copy: JSON.parse(text) as JSONWebKeySet }
}

/** Whether a member of a key set is an object, and neither an array nor bytes. */
function isPlain(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** The JWK of a key object of the host; `undefined` for all else. */
function exportedByHost(key: unknown): Promise<JWK> | undefined {
  const tag = typeof key === 'object' && key !== null ? tagOf(key) : undefined
  return tag === 'CryptoKey' || tag === 'KeyObject' ? exportedJwk(key as CryptoKey) : undefined
}

function jwkOf(key: unknown): JWK {
  if (typeof key !== 'object' || key === null || typeof memberOf(key as JWK, 'kty') !== 'string') {
    throw new TypeError('the key must be a JWK, an imported key, a CryptoKey or a KeyObject')
  }
  return key as JWK
}

/** The members that a thumbprint is made of (RFC 7638 §3.2), so that nothing else in a JWK can stand in its way. */
function thumbprintText(jwk: JWK): string {
  const { kty, crv, x, y, n, e, k } = jwkMembers(jwk)
  return jsonOf(record({ kty, crv, x, y, n, e, k }))
}

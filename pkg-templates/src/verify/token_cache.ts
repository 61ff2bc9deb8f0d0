/**
 * Caches accepted tokens, for verifiers with the option `tokenCache`. Only the same text is a hit, and only while its times are valid and
 * the key set still has its key.
 */
import { handle, type ImportedKey } from '../keys/imported_key.js'
import { type KeySet, setKey } from '../keys/key_set.js'
import { Options, size } from '../base/options.js'
import { isFlat, jsonOf, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'
import { thumbprint } from '../wasm/bindings.js'
import type { KeyedVerdict } from './judge.js'
import { Part, type Parts, type VerdictCache } from './parts.js'
import type { PolicyFields, TokenCacheOptions } from './policy.js'

/** The time that a token without `exp` is cached, in seconds. */
const WITHOUT_END = 300

/** The number of a token's last characters that are its key in the cache. They belong to the signature, which differs most. */
const CACHE_KEY_CHARS = 24

/** A token that was accepted. */
interface Entry {
  /** The whole token. Another token may have the same key in the cache. */
  readonly token: string
  /** Its header, without nested members. */
  readonly header: ProtectedHeader
  /** Its claims as JSON text. */
  readonly claims: string
  /** Copies the parsed claims for each hit; made at the first hit. */
  copies: (() => JWTPayload) | undefined
  /** The time from which the claims are valid, in seconds since 1970. */
  readonly from: number
  /** The time from which they are no longer valid, in seconds since 1970. */
  readonly to: number
  /** The key's thumbprint and its use; empty for a key given directly, which never changes. */
  readonly identity: string
  /** The set in which the key was found last, and its index there. */
  set: number
  index: number
  readonly bytes: number
}

/** The part `tokenCache`. */
export const TOKEN_CACHE: Required<Parts>['tokenCache'] = (bounds, fields) => new TokenCache(bounds as TokenCacheOptions, fields)

/** Makes the part that enables the option `tokenCache`: accepted tokens are not verified again. */
export function tokenCache(): Part<'tokenCache'> {
  return new Part('tokenCache', TOKEN_CACHE)
}

/** The tokens that one verifier accepted. */
class TokenCache implements VerdictCache {
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #tolerance: number
  readonly #maxAge: number | undefined
  #bytes = 0

  constructor(options: TokenCacheOptions, fields: PolicyFields) {
    const given = new Options('tokenCache', options, ['maxEntries', 'maxBytes'])
    this.#maxEntries = given.read('maxEntries', entries) ?? 1_000
    this.#maxBytes = given.read('maxBytes', size) ?? 8 * 1024 * 1024
    this.#tolerance = memberOf(fields, 'clockTolerance') ?? 0
    this.#maxAge = memberOf(fields, 'maxTokenAge')
  }

  has(token: unknown): boolean {
    return this.#entry(token) !== undefined
  }

  #entry(token: unknown): Entry | undefined {
    if (typeof token !== 'string') return undefined
    const entry = this.#entries.get(cacheKey(token))
    return entry?.token === token ? entry : undefined
  }

  find(token: unknown, set: KeySet | undefined, now: number): KeyedVerdict | undefined {
    const entry = this.#entry(token)
    if (entry === undefined || !(now >= entry.from && now < entry.to)) return undefined
    if (set !== undefined && entry.set !== numberOf(set)) {
      // The set was replaced. The new one must have the same key for the same use.
      const index = identitiesOf(set).get(entry.identity)
      if (index === undefined) {
        this.#forget(entry)
        return undefined
      }
      entry.set = numberOf(set)
      entry.index = index
    }
    const { header, claims, index } = entry
    const payload = (entry.copies ??= copiesOf(claims))()
    const key = set === undefined ? undefined : setKey(set, index)
    return { ok: true, header: { ...header }, payload, claims, keyIndex: index, key, fetchable: false }
  }

  keep(token: unknown, verdict: KeyedVerdict, set: KeySet | undefined, now: number): void {
    // Bytes are not cached, because the caller may change them.
    if (typeof token !== 'string' || !verdict.ok) return
    const known = this.#entries.get(cacheKey(token))
    const { header, claims, payload, keyIndex } = verdict
    const identity = verdict.key === undefined ? '' : identityOf(verdict.key)
    if (known?.token === token && known.identity === identity && now >= known.from && now < known.to) return
    if (known !== undefined) this.#forget(known)
    if (!isFlat(header)) return
    const bytes = 2 * token.length + 8 * claims.length
    if (bytes > this.#maxBytes) return
    const { from, to } = this.#times(payload, now)
    this.#entries.set(cacheKey(token), {
      token,
      header: { ...header },
      claims,
      copies: undefined,
      from,
      to,
      identity,
      set: set === undefined ? 0 : numberOf(set),
      index: keyIndex,
      bytes,
    })
    this.#bytes += bytes
    if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
    // Removes the oldest entries: a Map keeps the order of insertion.
    for (const entry of this.#entries.values()) {
      this.#forget(entry)
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
    }
  }

  /** Returns the time span in which the core accepts these claims (RFC 7519 §4.1.4, §4.1.5). It may be shorter, but never longer. */
  #times(payload: JWTPayload, now: number): { from: number; to: number } {
    const tolerance = this.#tolerance
    const [exp, nbf, iat] = (['exp', 'nbf', 'iat'] as const).map((name) => memberOf(payload, name))
    let from = Number.NEGATIVE_INFINITY
    let to = exp === undefined ? now + WITHOUT_END : exp + tolerance
    if (nbf !== undefined) from = nbf - tolerance
    if (this.#maxAge !== undefined && iat !== undefined) {
      from = Math.max(from, iat - tolerance)
      to = Math.min(to, iat + this.#maxAge + tolerance)
    }
    return { from, to }
  }

  #forget(entry: Entry): void {
    this.#entries.delete(cacheKey(entry.token))
    this.#bytes -= entry.bytes
  }
}

/** The most entries that a `Map` can have in every runtime. */
const LARGEST_MAP = 2 ** 24 - 1

function entries(name: string, value: unknown): number {
  const number = size(name, value)
  if (number > LARGEST_MAP) throw optionError(name, `must be at most ${LARGEST_MAP}`)
  return number
}

function cacheKey(token: string): string {
  return token.slice(-CACHE_KEY_CHARS)
}

/** Returns a function that makes deep copies of the claims. Copying is faster than parsing again. */
function copiesOf(claims: string): () => JWTPayload {
  const read = JSON.parse(claims) as JWTPayload
  const nested = Object.keys(read).filter((name) => typeof read[name] === 'object')
  return () => withCopies({ ...read }, nested)
}

/** Replaces these members of a new object by copies. */
function withCopies<T extends Record<string, unknown>>(object: T, names: readonly string[]): T {
  for (const name of names) {
    const value = deepCopy(object[name])
    // An assignment to `__proto__` would set the prototype.
    if (name === '__proto__') Object.defineProperty(object, name, record({ value }))
    else (object as Record<string, unknown>)[name] = value
  }
  return object
}

function deepCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(deepCopy)
  return withCopies({ ...value }, Object.keys(value))
}

/** Numbers the sets, so that entries do not keep a set in memory. */
const numbers = new WeakMap<KeySet, number>()
let last = 0

function numberOf(set: KeySet): number {
  let number = numbers.get(set)
  if (number === undefined) numbers.set(set, (number = ++last))
  return number
}

/** The indexes of a set's keys, by their identity. */
const identities = new WeakMap<KeySet, Map<string, number>>()

function identitiesOf(set: KeySet): Map<string, number> {
  let found = identities.get(set)
  if (found === undefined) {
    found = new Map(set.keys.map(({ index }) => [identityOf(setKey(set, index)), index]))
    identities.set(set, found)
  }
  return found
}

/** The key's thumbprint (RFC 7638) and its use. Its `kid` does not count: it is only a name. */
function identityOf(key: ImportedKey): string {
  let identity = named.get(key)
  if (identity === undefined) {
    const [alg, use, operations] = (['alg', 'use', 'key_ops'] as const).map((name) => memberOf(key, name))
    identity = jsonOf([thumbprint(handle(key), 'sha256'), alg, use, operations])
    named.set(key, identity)
  }
  return identity
}

const named = new WeakMap<ImportedKey, string>()

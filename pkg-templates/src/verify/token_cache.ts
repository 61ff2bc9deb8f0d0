/**
 * Accepted tokens enter, and leave again without being verified again: a verifier's memory, for those who switch it on. Only the
 * same text hits, and only while its times, its key and what is asked of it are as they were when it was accepted.
 */
import type { Needs } from '../wasm/bindings.js'
import { handle, type ImportedKey } from '../keys/imported_key.js'
import { type KeySet, setKey } from '../keys/key_set.js'
import { Options, size } from '../base/options.js'
import { isFlat, jsonOf, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'
import type { Judgement } from './judge.js'
import type { PolicyFields, TokenCacheOptions } from './policy.js'

/** How long a token without `exp` is remembered, in seconds. */
const WITHOUT_END = 300

/** How many of a token's last letters pick its place: of all that a token has, its signature is least like another's. */
const TAIL = 24

/** A token that was accepted. */
interface Entry {
  /** All of it: what else bears its tail is another token. */
  readonly token: string
  /** Its header, which has no member with members. */
  readonly header: ProtectedHeader
  /** Its claims as JSON text. */
  readonly claims: string
  /** What was read of it at the first hit: each hit gets a copy. */
  copies: (() => JWTPayload) | undefined
  /** From when and until when the policy's times hold, in seconds. */
  readonly from: number
  readonly to: number
  /** What was asked of it besides, and met; and the last of it, which is what is asked for next. */
  readonly met: WeakSet<Needs>
  last: Needs
  /** The key's material and what it is for; empty for a key given directly, which never changes. */
  readonly identity: string
  /** The set in which the key was found last, and its place there. */
  set: number
  index: number
  readonly bytes: number
}

/** The tokens that one verifier accepted. */
export class TokenCache {
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

  /** Whether the text is remembered, be it still good or not. */
  has(token: unknown): boolean {
    return this.#entry(token) !== undefined
  }

  #entry(token: unknown): Entry | undefined {
    if (typeof token !== 'string') return undefined
    const entry = this.#entries.get(tail(token))
    return entry?.token === token ? entry : undefined
  }

  /** The judgement of that very text, if all that it rests on still holds. `now` is in seconds. */
  find(token: unknown, set: KeySet | undefined, needs: Needs, now: number): Judgement | undefined {
    const entry = this.#entry(token)
    if (entry === undefined || !(now >= entry.from && now < entry.to)) return undefined
    if (entry.last !== needs) {
      if (!entry.met.has(needs)) return undefined
      entry.last = needs
    }
    if (set !== undefined && entry.set !== numberOf(set)) {
      // Another set was published: the key must be in it, as it was and for what it was.
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

  /** Remembers what was accepted. Bytes are not remembered: they could be others by the next time. */
  keep(token: unknown, judgement: Judgement, set: KeySet | undefined, needs: Needs, now: number): void {
    if (typeof token !== 'string' || !judgement.ok) return
    const known = this.#entries.get(tail(token))
    const { header, claims, payload, keyIndex } = judgement
    const identity = judgement.key === undefined ? '' : identityOf(judgement.key)
    if (known?.token === token && known.identity === identity && now >= known.from && now < known.to) {
      known.met.add(needs)
      known.last = needs
      return
    }
    if (known !== undefined) this.#forget(known)
    if (!isFlat(header)) return
    const bytes = 2 * token.length + 8 * claims.length
    if (bytes > this.#maxBytes) return
    const { from, to } = this.#times(payload, now)
    this.#entries.set(tail(token), {
      token,
      header: { ...header },
      claims,
      copies: undefined,
      from,
      to,
      met: new WeakSet([needs]),
      last: needs,
      identity,
      set: set === undefined ? 0 : numberOf(set),
      index: keyIndex,
      bytes,
    })
    this.#bytes += bytes
    if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
    // The oldest goes: a Map keeps the order in which its entries came.
    for (const entry of this.#entries.values()) {
      this.#forget(entry)
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
    }
  }

  /** When the core would accept these times again (RFC 7519 §4.1.4, §4.1.5), to the second or a second less. */
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
    this.#entries.delete(tail(entry.token))
    this.#bytes -= entry.bytes
  }
}

/** How many entries a `Map` can hold in every runtime. */
const LARGEST_MAP = 2 ** 24 - 1

function entries(name: string, value: unknown): number {
  const number = size(name, value)
  if (number > LARGEST_MAP) throw optionError(name, `must be at most ${LARGEST_MAP}`)
  return number
}

function tail(token: string): string {
  return token.slice(-TAIL)
}

/** What gives copies of the claims, with nothing in them that another copy has too: a third of the time that reading takes. */
function copiesOf(claims: string): () => JWTPayload {
  const read = JSON.parse(claims) as JWTPayload
  const nested = Object.keys(read).filter((name) => typeof read[name] === 'object')
  return () => withCopies({ ...read }, nested)
}

/** An object that was just made, with copies of these of its members in their place. */
function withCopies<T extends Record<string, unknown>>(object: T, names: readonly string[]): T {
  for (const name of names) {
    const value = copied(object[name])
    // By assignment it would become the prototype.
    if (name === '__proto__') Object.defineProperty(object, name, record({ value }))
    else (object as Record<string, unknown>)[name] = value
  }
  return object
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copied)
  return withCopies({ ...value }, Object.keys(value))
}

/** A number for each set, so that what is remembered of one does not keep it in memory. */
const numbers = new WeakMap<KeySet, number>()
let last = 0

function numberOf(set: KeySet): number {
  let number = numbers.get(set)
  if (number === undefined) numbers.set(set, (number = ++last))
  return number
}

/** The places of a set's keys, by what they are. */
const identities = new WeakMap<KeySet, Map<string, number>>()

function identitiesOf(set: KeySet): Map<string, number> {
  let found = identities.get(set)
  if (found === undefined) {
    found = new Map(set.keys.map(({ index }) => [identityOf(setKey(set, index)), index]))
    identities.set(set, found)
  }
  return found
}

/** The key's material (RFC 7638) and what it was given for; not its `kid`, which names and does not vouch. */
function identityOf(key: ImportedKey): string {
  let identity = named.get(key)
  if (identity === undefined) {
    const [alg, use, operations] = (['alg', 'use', 'key_ops'] as const).map((name) => memberOf(key, name))
    identity = jsonOf([handle(key).thumbprint('sha256'), alg, use, operations])
    named.set(key, identity)
  }
  return identity
}

const named = new WeakMap<ImportedKey, string>()

/**
 * The running core's exports enter, handles and functions leave. wasm-bindgen generates such a file too, of several times the
 * size; this one keeps to the conventions of the version that `build.mjs` insists on: a string or a list is handed over as
 * its place and length, for the core to free; what could not be made is place 0, and the answer says why.
 */
import { again, enter, failed, left, watch } from './call_guard.js'
import { record } from '../base/record.js'
import { errorFrom, type Refusal } from '../base/refusal.js'
import { TextDecoder, TextEncoder } from '../base/runtime.js'

/** A place and a length in the core's memory; place 0: nothing. */
type Span = [at: number, length: number]
type Time = [there: number, seconds: number]
type Kind = 'key' | 'keyset' | 'keycache' | 'policy' | 'needs'

/** What the core exports; `build.mjs` refuses to build when a name that stands here is not there. */
interface Exports extends Record<`__wbg_${Kind}_free`, (at: number, later: number) => void> {
  memory: WebAssembly.Memory
  __stack_pointer: WebAssembly.Global<'i32'>
  __wbindgen_malloc(length: number, align: number): number
  __wbindgen_free(at: number, length: number, align: number): void
  __wbindgen_start(): void

  key_fromJwk(...text: [...Span, ...alg: Span]): number
  key_fromEmbeddedJwk(...text: [...Span, ...alg: Span]): number
  key_fromPem(...text: [...Span, ...alg: Span]): number
  key_fromCertificate(...text: [...Span, ...alg: Span]): number
  key_fromSecret(...bytes: [...Span, ...alg: Span]): number
  key_describe(key: number): Span
  key_thumbprint(key: number, ...hash: Span): Span
  key_publicJwk(key: number): Span

  keyset_fromJwks(...text: Span): number
  keyset_describe(set: number): Span
  keyset_candidates(set: number, ...kid: [...Span, ...alg: Span]): Span
  keyset_key(set: number, index: number): number

  keycache_fromSettings(...text: Span): number
  keycache_lookup(cache: number, now: number, found: number): number
  keycache_retryAfter(cache: number, now: number, found: number): number
  keycache_started(cache: number, now: number, purpose: number): void
  keycache_asksPastCaches(cache: number, now: number, kept: number, ...cacheControl: Span): number
  keycache_renewed(
    cache: number,
    now: number,
    purpose: number,
    kept: number,
    fetching: number,
    ...cacheControl: [...Span, ...etag: Span]
  ): number
  keycache_confirmed(
    cache: number,
    now: number,
    purpose: number,
    kept: number,
    fetching: number,
    ...cacheControl: Span
  ): number
  keycache_hydrated(
    cache: number,
    now: number,
    sent: number,
    arrived: number,
    ...cacheControl: [...Span, ...etag: Span]
  ): number
  keycache_failed(cache: number, now: number, purpose: number, retryAfter: number): void
  keycache_superseded(cache: number, now: number, purpose: number): void
  keycache_isTrusted(cache: number, now: number): number
  keycache_isFresh(cache: number, now: number): number
  keycache_isCoolingDown(cache: number, now: number): number
  keycache_etag(cache: number): Span
  keycache_sent(cache: number): Time
  keycache_arrived(cache: number): Time
  keycache_trustedTo(cache: number): Time

  policy_fromOptions(...text: Span): number
  policy_admit(policy: number, codeUnits: number): number
  policy_checkKey(policy: number, key: number): number
  needs_fromLists(...text: Span): number
  needs_none(): number

  verifyWithKey(policy: number, key: number, needs: number, length: number, now: number, host: number): number
  verifyWithSet(policy: number, set: number, needs: number, length: number, now: number, host: number): number
  verifyWithoutKeys(policy: number, needs: number, length: number): void
  verifyBatchWithKey(policy: number, key: number, needs: number, ...lengths: [...Span, now: number, host: number]): void
  verifyBatchWithSet(policy: number, set: number, needs: number, ...lengths: [...Span, now: number, host: number]): void
  questionWithKey(policy: number, key: number, length: number): number
  questionWithSet(policy: number, set: number, length: number): number
  verifySignature(policy: number, key: number, length: number): number
  decode(length: number): number
  decodeHeader(length: number): number
  admitBatch(length: number): number
  admitUnverified(codeUnits: number): number
  inputPointer(): number
  answerPointer(): number
  speakLatin1(): void
  findRoom(): number
  setTableMemory(bytes: number): void
}

let core: Exports
/** The exports that every token needs, for functions which do by themselves what {@link guarded} does. */
let bare: Exports

/** @internal Takes the exports of the one instance, and lets it set itself up. */
export function start(exports: WebAssembly.Exports): WebAssembly.Memory {
  bare = exports as unknown as Exports
  watch(bare)
  core = Object.fromEntries(Object.entries(exports).map(guarded)) as unknown as Exports
  core.__wbindgen_start()
  return core.memory
}

function guarded([name, value]: [string, unknown]): [string, unknown] {
  if (typeof value !== 'function') return [name, value]
  const call = (...numbers: unknown[]): unknown => {
    const before = enter()
    let result: unknown
    try {
      result = value(...numbers)
    } catch (thrown) {
      throw failed(thrown, before)
    }
    left(before)
    return result
  }
  return [name, call]
}

/** What lies in the core's memory until nobody holds this any more. */
class Handle {
  readonly #kind: Kind
  /** Where it lies; 0 once it is freed, which the core refuses to use. */
  at: number

  constructor(kind: Kind, at: number) {
    this.#kind = kind
    this.at = at
    unused?.register(this, [kind, at], this)
  }

  free(): void {
    unused?.unregister(this)
    freed(this.#kind, this.at)
    this.at = 0
  }
}

/** Not every host has one: there the core keeps what it has. */
const unused =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<[Kind, number]>(([kind, at]) => freed(kind, at))

/** Gives the memory back; none where the call that used it was broken off. */
function freed(kind: Kind, at: number): void {
  try {
    core[`__wbg_${kind}_free`](at, 1)
  } catch {}
}

/** A key, checked and prepared. */
export class Key extends Handle {
  constructor(at: number) {
    super('key', at)
  }

  static fromJwk(text: string, alg?: string): Key {
    return new Key(made(core.key_fromJwk(...lent(text), ...lent(alg))))
  }

  static fromEmbeddedJwk(text: string, alg?: string): Key {
    return new Key(made(core.key_fromEmbeddedJwk(...lent(text), ...lent(alg))))
  }

  static fromPem(text: string, alg?: string): Key {
    return new Key(made(core.key_fromPem(...lent(text), ...lent(alg))))
  }

  static fromCertificate(text: string, alg?: string): Key {
    return new Key(made(core.key_fromCertificate(...lent(text), ...lent(alg))))
  }

  static fromSecret(bytes: Uint8Array, alg?: string): Key {
    return new Key(made(core.key_fromSecret(...lentBytes(bytes), ...lent(alg))))
  }

  /** What may be said of the key, as JSON text: no number of it. */
  describe(): string {
    return taken(core.key_describe(this.at))
  }

  /** The RFC 7638 thumbprint, base64url; `hash` is `sha256`, `sha384` or `sha512`. */
  thumbprint(hash: string): string {
    const [at, length] = core.key_thumbprint(this.at, ...lent(hash))
    return taken([made(at), length])
  }

  /** The key as a JWK with nothing but what makes it up; none for a secret. */
  publicJwk(): string | undefined {
    return takenIfThere(core.key_publicJwk(this.at))
  }
}

/** The usable keys of a JWKS. */
export class KeySet extends Handle {
  constructor(text: string) {
    super('keyset', made(core.keyset_fromJwks(...lent(text))))
  }

  /** The keys and the skipped members, as JSON text. */
  describe(): string {
    return taken(core.keyset_describe(this.at))
  }

  /** The places in the set of every key that may have signed a token of that `kid` and `alg`. */
  candidates(kid: string | undefined, alg: string): Uint32Array {
    const [at, length] = core.keyset_candidates(this.at, ...lent(kid), ...lent(alg))
    const places = new Uint32Array(core.memory.buffer, at >>> 0, length).slice()
    core.__wbindgen_free(at, length * 4, 4)
    return places
  }

  /** The key at that place in the set, if it is a usable one. */
  key(index: number): Key | undefined {
    const at = core.keyset_key(this.at, index)
    return at === 0 ? undefined : new Key(at)
  }
}

/** When to use, refresh, fetch or give up a remote key set. Times are seconds since 1970-01-01T00:00:00Z. */
export class KeyCache extends Handle {
  /** @param settings - an object's JSON text */
  constructor(settings: string) {
    super('keycache', made(core.keycache_fromSettings(...lent(settings))))
  }

  /** What a request is to do that found this in the set in hand. */
  lookup(now: number, found: Purpose): Decision {
    return DECISIONS[core.keycache_lookup(this.at, now, PURPOSES.indexOf(found))] as Decision
  }

  /** After how many seconds an `unavailable` set is worth asking for again; 0 for every other decision. */
  retryAfter(now: number, found: Purpose): number {
    return core.keycache_retryAfter(this.at, now, PURPOSES.indexOf(found))
  }

  /** A fetch begins. */
  started(now: number, purpose: Purpose): void {
    core.keycache_started(this.at, now, PURPOSES.indexOf(purpose))
  }

  /** Whether an answer that just arrived is reason to ask once more, past caches; `kept` is its `Age`, in seconds. */
  asksPastCaches(now: number, kept: number, cacheControl?: string): boolean {
    return core.keycache_asksPastCaches(this.at, now, kept, ...lent(cacheControl)) !== 0
  }

  /** A set arrived that holds keys; `kept` is its `Age` and `fetching` how long the fetch took, in seconds. */
  renewed(
    now: number,
    purpose: Purpose,
    kept: number,
    fetching: number,
    cacheControl: string,
    etag?: string,
  ): Renewal {
    const text = [...lent(cacheControl), ...lent(etag)] as const
    return RENEWALS[core.keycache_renewed(this.at, now, PURPOSES.indexOf(purpose), kept, fetching, ...text)] as Renewal
  }

  /** The set in hand is still the current one: 304. Without a `cacheControl` what was said before goes on. */
  confirmed(now: number, purpose: Purpose, kept: number, fetching: number, cacheControl?: string): Renewal {
    const text = lent(cacheControl)
    return RENEWALS[core.keycache_confirmed(this.at, now, PURPOSES.indexOf(purpose), kept, fetching, ...text)] as Renewal
  }

  /** A set that was fetched elsewhere or earlier; whether it is the set in hand from now on. */
  hydrated(now: number, sent: number, arrived: number, cacheControl: string, etag?: string): boolean {
    return core.keycache_hydrated(this.at, now, sent, arrived, ...lent(cacheControl), ...lent(etag)) !== 0
  }

  /** The fetch failed, or its answer is no key set; `retryAfter` is how many seconds the issuer asks to be left alone, or 0. */
  failed(now: number, purpose: Purpose, retryAfter: number): void {
    core.keycache_failed(this.at, now, PURPOSES.indexOf(purpose), retryAfter)
  }

  /** The issuer answered, but a later fetch brought a newer answer before. */
  superseded(now: number, purpose: Purpose): void {
    core.keycache_superseded(this.at, now, PURPOSES.indexOf(purpose))
  }

  /** Whether the set in hand may be used. */
  isTrusted(now: number): boolean {
    return core.keycache_isTrusted(this.at, now) !== 0
  }

  /** Whether the set in hand is fresh. */
  isFresh(now: number): boolean {
    return core.keycache_isFresh(this.at, now) !== 0
  }

  /** Whether there is no other fetch for an unknown key now. */
  isCoolingDown(now: number): boolean {
    return core.keycache_isCoolingDown(this.at, now) !== 0
  }

  /** The entity tag of the set in hand. */
  etag(): string | undefined {
    return takenIfThere(core.keycache_etag(this.at))
  }

  /** When the origin sent the set in hand. */
  sent(): number | undefined {
    return timeIfThere(core.keycache_sent(this.at))
  }

  /** When the set in hand arrived at whoever fetched it. */
  arrived(): number | undefined {
    return timeIfThere(core.keycache_arrived(this.at))
  }

  /** When the trust in the set in hand ends, unless it is renewed. */
  trustedTo(): number | undefined {
    return timeIfThere(core.keycache_trustedTo(this.at))
  }
}

/** What a request is to do about a remote key set, in the core's order. */
const DECISIONS = [
  'use',
  'refresh',
  'refuse',
  'unavailable',
  'fetch',
  'fetch_key',
  'fetch_signature',
  'wait',
  'wait_key',
  'wait_signature',
] as const
export type Decision = (typeof DECISIONS)[number]
/**
 * Why a fetch is made, and what a look into the set came to: `scheduled` (nothing was looked for yet), no `key` for the
 * token, a `signature` that no key verifies.
 */
const PURPOSES = ['scheduled', 'key', 'signature'] as const
export type Purpose = (typeof PURPOSES)[number]
/** What became of an answer: `older`, the set in hand is newer and stays; `stale`, it is too old to be trusted. */
const RENEWALS = ['taken', 'older', 'stale'] as const
export type Renewal = (typeof RENEWALS)[number]

/** What is asked of every token. */
export class Policy extends Handle {
  /** @param options - an object's JSON text */
  constructor(options: string) {
    super('policy', made(core.policy_fromOptions(...lent(options))))
  }

  /** Makes room for a token and says where; 0: longer than the policy allows, the refusal stands in the output. */
  admit(codeUnits: number): number {
    const { at } = this
    const before = enter()
    let room: number
    try {
      room = bare.policy_admit(at, codeUnits)
    } catch (thrown) {
      throw failed(thrown, before)
    }
    left(before)
    return room >>> 0
  }

  /** Whether the key could ever verify a token under this policy; throws if not. */
  checkKey(key: Key): void {
    made(core.policy_checkKey(this.at, key.at))
  }
}

/** What a request needs of a token. */
export class Needs extends Handle {
  constructor(at: number) {
    super('needs', at)
  }

  /** @param lists - an object's JSON text */
  static fromLists(lists: string): Needs {
    return new Needs(made(core.needs_fromLists(...lent(lists))))
  }

  /** The needs of those who have none. */
  static none(): Needs {
    return new Needs(core.needs_none())
  }
}

/** Verifies the token of `length` bytes in the input; `host`: what a host says of its signature. */
export function verifyWithKey(
  policy: Policy,
  key: Key,
  needs: Needs,
  length: number,
  now: number,
  host: number,
): boolean {
  const before = again()
  let accepted: number
  try {
    accepted = bare.verifyWithKey(policy.at, key.at, needs.at, length, now, host)
  } catch (thrown) {
    throw failed(thrown, before)
  }
  left(before)
  return accepted !== 0
}

export function verifyWithSet(
  policy: Policy,
  set: KeySet,
  needs: Needs,
  length: number,
  now: number,
  host: number,
): boolean {
  const before = again()
  let accepted: number
  try {
    accepted = bare.verifyWithSet(policy.at, set.at, needs.at, length, now, host)
  } catch (thrown) {
    throw failed(thrown, before)
  }
  left(before)
  return accepted !== 0
}

/** Refuses the token of `length` bytes in the input, for want of a key where nothing else is wrong with it. */
export function verifyWithoutKeys(policy: Policy, needs: Needs, length: number): void {
  core.verifyWithoutKeys(policy.at, needs.at, length)
}

/** Verifies the tokens of these lengths, one behind the other in the input. */
export function verifyBatchWithKey(
  policy: Policy,
  key: Key,
  needs: Needs,
  lengths: Uint32Array,
  now: number,
  host: number,
): void {
  core.verifyBatchWithKey(policy.at, key.at, needs.at, ...lentNumbers(lengths), now, host)
}

export function verifyBatchWithSet(
  policy: Policy,
  set: KeySet,
  needs: Needs,
  lengths: Uint32Array,
  now: number,
  host: number,
): void {
  core.verifyBatchWithSet(policy.at, set.at, needs.at, ...lentNumbers(lengths), now, host)
}

/** What a host could compute for the token in the input: the place of its algorithm, 0 for nothing. */
export function questionWithKey(policy: Policy, key: Key, length: number): number {
  return core.questionWithKey(policy.at, key.at, length)
}

export function questionWithSet(policy: Policy, set: KeySet, length: number): number {
  return core.questionWithSet(policy.at, set.at, length)
}

/** Verifies the signature of the token in the input, whatever its payload. */
export function verifySignature(policy: Policy, key: Key, length: number): boolean {
  return core.verifySignature(policy.at, key.at, length) !== 0
}

/** Decodes header and claims of the token in the input, verifying nothing. */
export function decode(length: number): boolean {
  return core.decode(length) !== 0
}

/** Decodes the header of the token in the input, verifying nothing. */
export function decodeHeader(length: number): boolean {
  return core.decodeHeader(length) !== 0
}

/** Makes room for several tokens, `length` bytes in all, and says where. */
export function admitBatch(length: number): number {
  return core.admitBatch(length) >>> 0
}

/** Makes room for a token that will be decoded without being verified; 0 as in `Policy.admit`. */
export function admitUnverified(codeUnits: number): number {
  return core.admitUnverified(codeUnits) >>> 0
}

export function inputPointer(): number {
  return core.inputPointer() >>> 0
}

/** Where the answers to all calls stand: a place and six numbers, of four bytes each, as `src/wasm/output.rs` orders them. */
export function answerPointer(): number {
  return core.answerPointer() >>> 0
}

/** From now on claims are written as Latin-1 where they can be. */
export function speakLatin1(): void {
  core.speakLatin1()
}

/** How many bytes the tables of all keys together may take from now on, below 2³². */
export function setTableMemory(bytes: number): void {
  core.setTableMemory(bytes)
}

/** What the core throws where a handle is used that was freed, or is in use. */
export function thrown(at: number, length: number): never {
  throw new Error(text([at, length]))
}

/** What the core calls for a table of the host's objects: none ever enters it. */
export function nothing(): void {}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', record({ ignoreBOM: true }))

/** Where something was made; throws the error that its refusal tells of. */
function made(at: number): number {
  if (at === 0) throw errorFrom(refusal())
  return at
}

/** Why the last answer is a refusal. */
export function refusal(): Refusal {
  const numbers = new Uint32Array(core.memory.buffer, answerPointer(), 4)
  const [place, header, payload, length] = numbers as unknown as [number, number, number, number]
  return JSON.parse(text([place + header + payload, length])) as Refusal
}

/** Bytes in the core's memory, where it frees them; numbers of more bytes lie at multiples of their size. */
function lentBytes(bytes: Uint8Array, align = 1): Span {
  const { length } = bytes
  const at = core.__wbindgen_malloc(length, align) >>> 0
  // Within its room, whatever a `length` of its own says.
  new Uint8Array(core.memory.buffer, at, length).set(bytes)
  return [at, length]
}

function lentNumbers(numbers: Uint32Array): Span {
  const [at] = lentBytes(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), 4)
  return [at, numbers.length]
}

function lent(text: string | undefined): Span {
  return text === undefined ? [0, 0] : lentBytes(encoder.encode(text))
}

/** Text that the core gave away, which is freed. */
function taken(span: Span): string {
  const found = text(span)
  core.__wbindgen_free(...span, 1)
  return found
}

function text([at, length]: Span): string {
  return decoder.decode(new Uint8Array(core.memory.buffer, at >>> 0, length))
}

function takenIfThere(text: Span): string | undefined {
  return text[0] === 0 ? undefined : taken(text)
}

function timeIfThere([there, seconds]: Time): number | undefined {
  return there === 0 ? undefined : seconds
}

/** The exports of the WebAssembly module. `build.mjs` fails if the module lacks a function of this list. */

/** An address and a length in the core's memory; address 0 is `None`. */
export type Span = [address: number, length: number]
/** An optional number: the second is valid if the first is not 0. */
export type OptionalNumber = [isSome: number, value: number]
/** The classes whose values live in the core's memory. */
export type HandleKind = 'keys' | 'keycache' | 'policy'

/** @internal The exports, by the conventions of the version of wasm-bindgen that `build.mjs` accepts. */
export interface Exports extends Record<`__wbg_${HandleKind}_free`, (address: number, later: number) => void> {
  memory: WebAssembly.Memory
  __stack_pointer: WebAssembly.Global<'i32'>
  __wbindgen_malloc(length: number, align: number): number
  __wbindgen_free(address: number, length: number, align: number): void
  __wbindgen_start(): void

  keys_none(): number
  keys_fromJwk(...text: [...Span, ...alg: Span]): number
  keys_fromEmbeddedJwk(...text: [...Span, ...alg: Span]): number
  keys_fromPem(...text: [...Span, ...alg: Span]): number
  keys_fromCertificate(...text: [...Span, ...alg: Span]): number
  keys_fromSecret(...bytes: [...Span, ...alg: Span]): number
  keys_fromJwks(...text: Span): number
  keys_describe(keys: number): Span
  keys_thumbprint(keys: number, ...hash: Span): Span
  keys_publicJwk(keys: number): Span
  keys_candidates(keys: number, ...kid: [...Span, ...alg: Span]): Span
  keys_member(keys: number, index: number): number

  keycache_fromSettings(...text: Span): number
  keycache_lookup(cache: number, now: number, found: number): number
  keycache_retryAfter(cache: number, now: number, found: number): number
  keycache_started(cache: number, now: number, purpose: number): void
  keycache_asksPastCaches(cache: number, now: number, age: number, ...cacheControl: Span): number
  keycache_renewed(
    cache: number,
    now: number,
    purpose: number,
    age: number,
    fetching: number,
    ...cacheControl: [...Span, ...etag: Span]
  ): number
  keycache_confirmed(
    cache: number,
    now: number,
    purpose: number,
    age: number,
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
  keycache_sent(cache: number): OptionalNumber
  keycache_arrived(cache: number): OptionalNumber
  keycache_trustedTo(cache: number): OptionalNumber

  policy_fromOptions(...text: Span): number
  policy_admit(policy: number, codeUnits: number): number
  policy_checkKey(policy: number, keys: number): number

  verify(policy: number, keys: number, length: number, now: number): number
  question(policy: number, keys: number, length: number): number
  resume(policy: number, now: number, holds: number): number
  verifySignature(policy: number, keys: number, length: number): number
  decode(length: number): number
  decodeHeader(length: number): number
  admitUnverified(codeUnits: number): number
  resultPointer(): number
  probeStack(): number
  setTableMemory(bytes: number): void
}

/**
 * The boundary: what the generated `jotgate_bg.js` exports. The Rust crate `jotgate-wasm` is the other side;
 * `build.mjs` refuses to build when a name that stands here is not there.
 */

export declare class Key {
  private constructor()
  static fromJwk(text: string, alg?: string): Key
  static fromPem(text: string, alg?: string): Key
  static fromCertificate(text: string, alg?: string): Key
  static fromSecret(bytes: Uint8Array, alg?: string): Key
  describe(): string
  thumbprint(hash: string): string
  publicJwk(): string | undefined
  free(): void
}

export declare class KeySet {
  constructor(text: string)
  describe(): string
  candidates(kid: string | undefined, alg: string): Uint32Array
  key(index: number): Key | undefined
  free(): void
}

export declare class KeyCache {
  constructor(settings: object)
  lookup(
    now: number,
    noKey: boolean,
  ): 'use' | 'refresh' | 'fetch' | 'fetch_key' | 'wait' | 'wait_key' | 'refuse_key' | 'unavailable'
  retryAfter(now: number, noKey: boolean): number
  started(now: number, forKey: boolean): void
  renewed(now: number, forKey: boolean, age: number, cacheControl: string, etag?: string): 'taken' | 'older' | 'stale'
  confirmed(now: number, forKey: boolean, age: number, cacheControl?: string): 'taken' | 'older' | 'stale'
  hydrated(now: number, sent: number, arrived: number, cacheControl: string, etag?: string): boolean
  failed(now: number, forKey: boolean): void
  isTrusted(now: number): boolean
  isFresh(now: number): boolean
  isCoolingDown(now: number): boolean
  etag(): string | undefined
  sent(): number | undefined
  arrived(): number | undefined
  trustedTo(): number | undefined
  free(): void
}

export declare class Policy {
  constructor(options: object)
  admit(codeUnits: number): number
  checkKey(key: Key): void
  free(): void
}

export declare class Needs {
  constructor(options: object)
  free(): void
}

export declare function verifyWithKey(
  policy: Policy,
  key: Key,
  needs: Needs,
  length: number,
  now: number,
  host: number,
): boolean
export declare function verifyWithSet(
  policy: Policy,
  set: KeySet,
  needs: Needs,
  length: number,
  now: number,
  host: number,
): boolean
export declare function admitBatch(length: number): number
export declare function verifyBatchWithKey(
  policy: Policy,
  key: Key,
  needs: Needs,
  lengths: Uint32Array,
  now: number,
  host: number,
): void
export declare function verifyBatchWithSet(
  policy: Policy,
  set: KeySet,
  needs: Needs,
  lengths: Uint32Array,
  now: number,
  host: number,
): void
export declare function questionWithKey(policy: Policy, key: Key, length: number): number
export declare function questionWithSet(policy: Policy, set: KeySet, length: number): number
export declare function verifySignature(policy: Policy, key: Key, length: number): boolean
export declare function decode(length: number): boolean
export declare function decodeHeader(length: number): boolean
export declare function admitUnverified(codeUnits: number): number

export declare function inputPointer(): number
export declare function outputPointer(): number
export declare function headerLength(): number
export declare function payloadLength(): number
export declare function refusalLength(): number
export declare function keyIndex(): number

export declare function __wbg_set_wasm(exports: object): void

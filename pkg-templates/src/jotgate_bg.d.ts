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
  free(): void
}

export declare class KeySet {
  constructor(text: string)
  describe(): string
  candidates(kid: string | undefined, alg: string): Uint32Array
  key(index: number): Key | undefined
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

export declare function verifyWithKey(policy: Policy, key: Key, needs: Needs, length: number, now: number): boolean
export declare function verifyWithSet(policy: Policy, set: KeySet, needs: Needs, length: number, now: number): boolean
export declare function verifySignature(policy: Policy, key: Key, length: number): boolean
export declare function decode(length: number): boolean
export declare function decodeHeader(length: number): boolean
export declare function admitUnverified(codeUnits: number): number

export declare function outputPointer(): number
export declare function headerLength(): number
export declare function payloadLength(): number
export declare function refusalLength(): number
export declare function keyIndex(): number

export declare function __wbg_set_wasm(exports: object): void

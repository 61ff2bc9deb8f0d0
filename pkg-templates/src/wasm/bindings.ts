/**
 * Classes and functions over the core's exports. wasm-bindgen could generate such a file, but a much larger one. This file follows the
 * conventions of the version that `build.mjs` accepts. A string or list is passed as address and length, and the core frees it. Address 0
 * as a result means that the value was refused; the refusal is then in the output buffer.
 */
import { abortCall, beginCall, beginNextCall, endCall, guard } from './call_guard.js'
import type { Exports, HandleKind, OptionalNumber, Span } from './exports.js'
import { record } from '../base/record.js'
import { errorFrom, type Refusal } from '../base/refusal.js'
import { TextDecoder, TextEncoder } from '../base/runtime.js'

/** @internal The core's exports. Their functions are called by {@link call}, `callNext` and {@link Policy.admit} only. */
export let core: Exports

/** @internal Stores the exports of the instance, and initialises it. */
export function start(exports: WebAssembly.Exports): void {
  core = exports as unknown as Exports
  guard(core)
  call('__wbindgen_start')
}

/** The names of the exported functions. */
type FunctionName = { [Name in keyof Exports]: Exports[Name] extends (...numbers: never[]) => unknown ? Name : never }[keyof Exports]

/** @internal Calls a function of the core under the guard. */
export function call<Name extends FunctionName>(name: Name, ...numbers: Parameters<Exports[Name]>): ReturnType<Exports[Name]> {
  beginCall()
  let result: unknown
  try {
    result = (core[name] as (...numbers: unknown[]) => unknown)(...numbers)
  } catch (thrown) {
    throw abortCall(thrown)
  }
  endCall()
  return result as ReturnType<Exports[Name]>
}

/** A value in the core's memory. It is freed when this object is garbage-collected, or by {@link free}. */
export class Handle {
  readonly #kind: HandleKind
  /** Its address. 0 after it was freed: the core rejects that address. */
  address: number

  constructor(kind: HandleKind, address: number) {
    this.#kind = kind
    this.address = address
    registry?.register(this, [kind, address], this)
  }

  /** Frees the value now. */
  free(): void {
    registry?.unregister(this)
    freeHandle(this.#kind, this.address)
    this.address = 0
  }
}

/** Frees the values of collected handles. Some runtimes have no `FinalizationRegistry`: there, values stay in memory. */
const registry =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<[HandleKind, number]>(([kind, address]) => freeHandle(kind, address))

/** Frees a value. Does nothing after an interrupted call. */
function freeHandle(kind: HandleKind, address: number): void {
  try {
    call(`__wbg_${kind}_free`, address, 1)
  } catch {}
}

/**
 * The form of a key as text. `EmbeddedJwk`: the JWK in a token or a proof, whose numbers must be in canonical form. `Pem`: a public key, SPKI or
 * PKCS#1. `Certificate`: X.509 in PEM; only its key is read.
 */
export type KeyForm = 'Jwk' | 'EmbeddedJwk' | 'Pem' | 'Certificate'

/** No key, one key, or the usable keys of a set; checked and prepared. */
export class Keys extends Handle {
  private constructor(address: number) {
    super('keys', address)
  }

  static none(): Keys {
    return new Keys(call('keys_none'))
  }

  /** Imports a key. `alg` is the algorithm for a key without its own. Throws the refusal of the core. */
  static fromText(form: KeyForm, text: string, alg?: string): Keys {
    return new Keys(checkedAddress(call(`keys_from${form}`, ...passString(text), ...passString(alg))))
  }

  /** Imports a shared secret. Throws the refusal of the core. */
  static fromSecret(bytes: Uint8Array, alg?: string): Keys {
    return new Keys(checkedAddress(call('keys_fromSecret', ...passBytes(bytes), ...passString(alg))))
  }

  /** Imports the usable keys of a set. Throws if the text is not a key set. */
  static fromJwks(text: string): Keys {
    return new Keys(checkedAddress(call('keys_fromJwks', ...passString(text))))
  }

  /** Returns the description of the key, or of the set and its skipped members, as JSON text without key material. */
  describe(): string {
    return takeString(call('keys_describe', this.address))
  }

  /** Returns the key at this index of the set, or `undefined` if it is not usable. */
  member(index: number): Keys | undefined {
    const address = call('keys_member', this.address, index)
    return address === 0 ? undefined : new Keys(address)
  }
}

/** Returns the thumbprint of one key (RFC 7638), in base64url. `hash` is `sha256`, `sha384` or `sha512`. */
export function thumbprint(keys: Keys, hash: string): string {
  const [address, length] = call('keys_thumbprint', keys.address, ...passString(hash))
  return takeString([checkedAddress(address), length])
}

/** Returns one key as a JWK with only its public numbers. Returns `undefined` for a secret. */
export function publicJwk(keys: Keys): string | undefined {
  return takeOptionalString(call('keys_publicJwk', keys.address))
}

/** Returns the indexes of the keys of a set that may have signed a token with this `kid` and `alg`. */
export function candidates(keys: Keys, kid: string | undefined, alg: string): Uint32Array {
  const [address, length] = call('keys_candidates', keys.address, ...passString(kid), ...passString(alg))
  const indexes = new Uint32Array(core.memory.buffer, address >>> 0, length).slice()
  call('__wbindgen_free', address, length * 4, 4)
  return indexes
}

/** The rules that every token must fulfil. */
export class Policy extends Handle {
  /** @param options - the JSON text of `PolicyFields`. Throws the refusal of the core */
  constructor(options: string) {
    super('policy', checkedAddress(call('policy_fromOptions', ...passString(options))))
  }

  /** Reserves the input buffer for a token. Returns its address, or 0 if the token is longer than the policy allows. */
  admit(codeUnits: number): number {
    // Does the same as `call`, which would be slower: this code runs for every token.
    const { address } = this
    beginCall()
    let input: number
    try {
      input = core.policy_admit(address, codeUnits)
    } catch (thrown) {
      throw abortCall(thrown)
    }
    endCall()
    return input >>> 0
  }

  /** Throws if the one key cannot verify any token under this policy. */
  checkKey(keys: Keys): void {
    checkedAddress(call('policy_checkKey', this.address, keys.address))
  }
}

/** Calls a function of the core after {@link Policy.admit}, which has already probed the stack. Runs for every token. */
function callNext(name: 'verify' | 'question' | 'resume', first: number, second: number, third: number, now = 0): number {
  beginNextCall()
  let result: number
  try {
    result = core[name](first, second, third, now)
  } catch (thrown) {
    throw abortCall(thrown)
  }
  endCall()
  return result
}

/** Verifies the token of `length` bytes in the input. */
export function verify(policy: Policy, keys: Keys, length: number, now: number): boolean {
  return callNext('verify', policy.address, keys.address, length, now) !== 0
}

/** Returns the number of the algorithm whose signature the host may check for the token in the input. Returns 0 if there is none. */
export function question(policy: Policy, keys: Keys, length: number): number {
  return callNext('question', policy.address, keys.address, length)
}

/** Verifies the token of the last {@link question}. `holds` is the host's answer: whether the signature is valid. */
export function resume(policy: Policy, now: number, holds: boolean): boolean {
  return callNext('resume', policy.address, now, holds ? 1 : 0) !== 0
}

/** Verifies the signature of the token in the input, whatever its payload. */
export function verifySignature(policy: Policy, keys: Keys, length: number): boolean {
  return call('verifySignature', policy.address, keys.address, length) !== 0
}

/** Decodes header and claims of the token in the input, without verifying them. */
export function decode(length: number): boolean {
  return call('decode', length) !== 0
}

/** Decodes the header of the token in the input, without verifying it. */
export function decodeHeader(length: number): boolean {
  return call('decodeHeader', length) !== 0
}

/** Reserves the input buffer for a token that will not be verified. Returns its address, or 0 if the token is too long. */
export function admitUnverified(codeUnits: number): number {
  return call('admitUnverified', codeUnits) >>> 0
}

/** Returns the address of the result of every call: an address and six numbers of four bytes, in the order of `src/wasm/output.rs`. */
export function resultPointer(): number {
  return call('resultPointer') >>> 0
}

/** Limits the memory of the tables of all keys together, in bytes below 2³². */
export function setTableMemory(bytes: number): void {
  call('setTableMemory', bytes)
}

/** Throws an error. The core calls this function if a handle was freed or is in use. */
export function throwFromCore(address: number, length: number): never {
  throw new Error(stringAt([address, length]))
}

/** Does nothing. The core calls this function to make a table of JavaScript objects, but no object is passed to the core. */
export function initExternrefTable(): void {}

/** @internal */
export const encoder = new TextEncoder()
/** @internal */
export const decoder = new TextDecoder('utf-8', record({ ignoreBOM: true }))

/** Returns the address of a new value. Throws the refusal in the output if the address is 0. */
export function checkedAddress(address: number): number {
  if (address === 0) throw errorFrom(refusal())
  return address
}

/** Returns the refusal in the output buffer. */
export function refusal(): Refusal {
  const numbers = new Uint32Array(core.memory.buffer, resultPointer(), 4)
  const [address, header, payload, length] = numbers as unknown as [number, number, number, number]
  return JSON.parse(stringAt([address + header + payload, length])) as Refusal
}

/** Copies bytes into the core's memory. The core frees them. */
function passBytes(bytes: Uint8Array): Span {
  const { length } = bytes
  const address = call('__wbindgen_malloc', length, 1) >>> 0
  // The view limits the write to the allocation, even if `bytes` has an own property `length` with another value.
  new Uint8Array(core.memory.buffer, address, length).set(bytes)
  return [address, length]
}

/** Copies an optional string into the core's memory. The core frees it. */
export function passString(text: string | undefined): Span {
  return text === undefined ? [0, 0] : passBytes(encoder.encode(text))
}

/** Reads a string that the core returned, and frees it. */
function takeString(span: Span): string {
  const text = stringAt(span)
  call('__wbindgen_free', ...span, 1)
  return text
}

/** Reads an optional string that the core returned, and frees it. */
export function takeOptionalString(span: Span): string | undefined {
  return span[0] === 0 ? undefined : takeString(span)
}

/** Reads an optional number that the core returned. */
export function optionalNumber([isSome, value]: OptionalNumber): number | undefined {
  return isSome === 0 ? undefined : value
}

function stringAt([address, length]: Span): string {
  return decoder.decode(new Uint8Array(core.memory.buffer, address >>> 0, length))
}

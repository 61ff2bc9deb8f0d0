/**
 * Classes and functions over the core's exports. wasm-bindgen could generate such a file, of several times the size. This
 * one follows the conventions of the version that `build.mjs` accepts: a string or list is passed as address and length,
 * and the core frees it; address 0 means that the value was refused, and the refusal is in the output.
 */
import { abortCall, beginCall, beginNextCall, endCall, guard } from './call_guard.js'
import type { Exports, HandleKind, OptionalNumber, Span } from './exports.js'
import { record } from '../base/record.js'
import { errorFrom, type Refusal } from '../base/refusal.js'
import { TextDecoder, TextEncoder } from '../base/runtime.js'

/** @internal The exports. Their functions are called by {@link call} and `callNext`, and once inline. */
export let core: Exports

/** @internal Takes the exports of the one instance, and initialises it. */
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

/** A value in the core's memory. It is freed when this object is. */
export class Handle {
  readonly #kind: HandleKind
  /** Its address; 0 once it is freed, which the core rejects. */
  address: number

  constructor(kind: HandleKind, address: number) {
    this.#kind = kind
    this.address = address
    registry?.register(this, [kind, address], this)
  }

  free(): void {
    registry?.unregister(this)
    freeHandle(this.#kind, this.address)
    this.address = 0
  }
}

/** Some runtimes lack it: there, the core keeps what it has. */
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
 * The form of a key as text. `EmbeddedJwk`: the JWK of a token or a proof, whose numbers must be in canonical form. `Pem`: a public key, SPKI or
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

  /** `alg` is the algorithm of a key that names none. */
  static fromText(form: KeyForm, text: string, alg?: string): Keys {
    return new Keys(checkedAddress(call(`keys_from${form}`, ...passString(text), ...passString(alg))))
  }

  static fromSecret(bytes: Uint8Array, alg?: string): Keys {
    return new Keys(checkedAddress(call('keys_fromSecret', ...passBytes(bytes), ...passString(alg))))
  }

  static fromJwks(text: string): Keys {
    return new Keys(checkedAddress(call('keys_fromJwks', ...passString(text))))
  }

  /** A description as JSON text, without key material: of the one key, or of the set and its skipped members. */
  describe(): string {
    return takeString(call('keys_describe', this.address))
  }

  /** The key at this index of the set, or `undefined` if it is not usable. */
  member(index: number): Keys | undefined {
    const address = call('keys_member', this.address, index)
    return address === 0 ? undefined : new Keys(address)
  }
}

/** The RFC 7638 thumbprint of one key, base64url; `hash` is `sha256`, `sha384` or `sha512`. */
export function thumbprint(keys: Keys, hash: string): string {
  const [address, length] = call('keys_thumbprint', keys.address, ...passString(hash))
  return takeString([checkedAddress(address), length])
}

/** One key as a JWK with only its public numbers; `undefined` for a secret. */
export function publicJwk(keys: Keys): string | undefined {
  return takeOptionalString(call('keys_publicJwk', keys.address))
}

/** The indices in a set of the keys that may have signed a token with this `kid` and `alg`. */
export function candidates(keys: Keys, kid: string | undefined, alg: string): Uint32Array {
  const [address, length] = call('keys_candidates', keys.address, ...passString(kid), ...passString(alg))
  const indices = new Uint32Array(core.memory.buffer, address >>> 0, length).slice()
  call('__wbindgen_free', address, length * 4, 4)
  return indices
}

/** What every token must fulfil. */
export class Policy extends Handle {
  /** @param options - the JSON text of an object */
  constructor(options: string) {
    super('policy', checkedAddress(call('policy_fromOptions', ...passString(options))))
  }

  /** Reserves input for a token and returns its address; 0 if the token is longer than the policy allows. */
  admit(codeUnits: number): number {
    // On the path of every token: `call` would be slower.
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

/** Calls a function of the core after {@link Policy.admit}, whose guard has looked at the stack. On the path of every token. */
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

/** The number of the algorithm whose signature the host may check for the token in the input; 0 for none. */
export function question(policy: Policy, keys: Keys, length: number): number {
  return callNext('question', policy.address, keys.address, length)
}

/** Verifies the token of the last {@link question}. `holds` is the host's answer. */
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

/** Reserves input for a token that will not be verified; 0 as in {@link Policy.admit}. */
export function admitUnverified(codeUnits: number): number {
  return call('admitUnverified', codeUnits) >>> 0
}

/** The address of every call's result: an address and six numbers of four bytes, in the order of `src/wasm/output.rs`. */
export function resultPointer(): number {
  return call('resultPointer') >>> 0
}

/** Limits the bytes that the tables of all keys may use together, below 2³². */
export function setTableMemory(bytes: number): void {
  call('setTableMemory', bytes)
}

/** Called by the core if a handle is used that was freed or is in use. */
export function throwFromCore(address: number, length: number): never {
  throw new Error(stringAt([address, length]))
}

/** Called by the core for a table of JavaScript objects. No object enters the core, so there is nothing to do. */
export function initExternrefTable(): void {}

/** @internal */
export const encoder = new TextEncoder()
/** @internal */
export const decoder = new TextDecoder('utf-8', record({ ignoreBOM: true }))

/** The address of a new value. Throws the error of its refusal if there is none. */
export function checkedAddress(address: number): number {
  if (address === 0) throw errorFrom(refusal())
  return address
}

/** The refusal in the output. */
export function refusal(): Refusal {
  const numbers = new Uint32Array(core.memory.buffer, resultPointer(), 4)
  const [address, header, payload, length] = numbers as unknown as [number, number, number, number]
  return JSON.parse(stringAt([address + header + payload, length])) as Refusal
}

/** Copies bytes into the core's memory. The core frees them. */
function passBytes(bytes: Uint8Array): Span {
  const { length } = bytes
  const address = call('__wbindgen_malloc', length, 1) >>> 0
  // Writes within the allocation, even if `length` is an own property with another value.
  new Uint8Array(core.memory.buffer, address, length).set(bytes)
  return [address, length]
}

/** Copies an optional string into the core's memory. The core frees it. */
export function passString(text: string | undefined): Span {
  return text === undefined ? [0, 0] : passBytes(encoder.encode(text))
}

/** A string that the core returned. Frees it. */
function takeString(span: Span): string {
  const text = stringAt(span)
  call('__wbindgen_free', ...span, 1)
  return text
}

/** An optional string that the core returned. Frees it. */
export function takeOptionalString(span: Span): string | undefined {
  return span[0] === 0 ? undefined : takeString(span)
}

export function optionalNumber([isSome, value]: OptionalNumber): number | undefined {
  return isSome === 0 ? undefined : value
}

function stringAt([address, length]: Span): string {
  return decoder.decode(new Uint8Array(core.memory.buffer, address >>> 0, length))
}

/**
 * Writes a token into the core's memory, and reads the verdict.
 *
 * INVARIANT: nothing here awaits. Another call between writing and reading would return the claims of another request.
 */
import * as bindings from './bindings.js'
import type { Keys, Policy } from './bindings.js'
import { claimsFrom } from './claims_outline.js'
import { knownHeader, rememberHeader } from './header_cache.js'
import { boot } from './instance.js'
import type { Buffer, Buffers } from './host.js'
import { nodeBuffers } from '#wasm'
import { isBytes } from '../base/bytes.js'
import { NOT_TEXT, type Refusal } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'

/** A token as callers pass it. Bytes are accepted only where jose accepts them. */
export type Token = string | Uint8Array

/** The core's verdict. Its objects are new for each call. */
export type Verdict =
  | {
      readonly ok: true
      readonly header: ProtectedHeader
      readonly payload: JWTPayload
      /** The claims as JSON text. */
      readonly claims: string
      /** The index of the key in its set, −1 for a single key. */
      readonly keyIndex: number
    }
  | {
      readonly ok: false
      readonly refusal: Refusal
      /** The claims, if the signature is valid and only the claims were refused. */
      readonly payload: JWTPayload | undefined
    }

/** The core's verdict on a signature over any bytes. */
export type SignatureVerdict =
  | { readonly ok: true; readonly header: ProtectedHeader; readonly payload: Uint8Array }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * Asks the host about the RSA signature of the token in the input, which has `length` bytes. Returns whether the signature is valid, or
 * `undefined` if the core has to check it.
 */
export type HostAnswer = (policy: Policy, keys: Keys, length: number) => boolean | undefined

/** Verifies a token. `now` is in seconds since 1970-01-01T00:00:00Z. `host` may check the signature instead of the core: see `questions.ts`. */
export function verify(policy: Policy, keys: Keys, token: unknown, now: number, host?: HostAnswer): Verdict {
  boot()
  const length = write(token, policy)
  if (typeof length === 'object') return withRefusal(length)
  const own = writes
  const holds = host?.(policy, keys, length)
  // The host called the core again, so the input contains another token. Start again without the host.
  if (own !== writes) return verify(policy, keys, token, now)
  if (holds !== undefined) bindings.resume(policy, now, holds)
  else bindings.verify(policy, keys, length, now)
  return verdict()
}

/** Verifies the signature of a compact JWS with one key, whatever its payload is. */
export function verifySignature(policy: Policy, keys: Keys, token: unknown): SignatureVerdict {
  boot()
  const length = write(token, policy)
  if (typeof length === 'object') return withRefusal(length)
  if (!bindings.verifySignature(policy, keys, length)) return withRefusal(bindings.refusal())
  const [address, header, payload] = resultOf() as unknown as ResultNumbers
  const from = address + header
  return { ok: true, header: json(address, header), payload: view().slice(from, from + payload) }
}

/** Decodes header and claims of a token without verifying them. `policy` limits its length. */
export function decode(token: unknown, policy?: Policy): Verdict {
  boot()
  const length = write(token, policy)
  if (typeof length === 'object') return withRefusal(length)
  bindings.decode(length)
  return verdict()
}

/** Decodes the header of a token without verifying it and without reading the payload. */
export function decodeHeader(
  token: unknown,
): { readonly ok: true; readonly header: ProtectedHeader } | { readonly ok: false; readonly refusal: Refusal } {
  boot()
  const length = write(token, undefined)
  if (typeof length === 'object') return withRefusal(length)
  if (!bindings.decodeHeader(length)) return withRefusal(bindings.refusal())
  const [address, header] = resultOf() as unknown as ResultNumbers
  return { ok: true, header: json(address, header) }
}

/** The core's memory as bytes. It is replaced when the memory has grown, because that detaches the old view. */
let bytes: Uint8Array<ArrayBuffer> | undefined
/** The core's memory from the address of the last token. */
let input: Uint8Array<ArrayBuffer> | undefined
/** The numbers of the result: unsigned addresses and lengths, and one {@link signed} number. */
let numbers: Uint32Array<ArrayBuffer> | undefined
/** The core's memory as words, for outlines. */
let words: Uint32Array<ArrayBuffer> | undefined
/** The core's memory as a Buffer, if the runtime has fast ones. */
let buffer: Buffer | undefined
let buffers: Buffers | undefined

/** Returns the core's memory as bytes, and replaces all views if the memory has grown. */
export function view(): Uint8Array<ArrayBuffer> {
  // Checks the length of the view, because `memory.buffer` is a call into the runtime.
  if (bytes === undefined || bytes.length === 0) {
    const { buffer: memory } = bindings.core.memory
    words = new Uint32Array(memory as ArrayBuffer)
    numbers = new Uint32Array(memory as ArrayBuffer, bindings.resultPointer(), 1 + RESULT_NUMBERS)
    if (bytes === undefined) buffers = nodeBuffers?.(memory as ArrayBuffer)
    buffer = buffers?.from(memory as ArrayBuffer)
    // Assigned last: after an interruption before this line, the next call makes all views again.
    bytes = new Uint8Array(memory as ArrayBuffer)
  }
  return bytes
}

/** Returns the numbers of the last result, in the order of {@link ResultNumbers}. */
export function resultOf(): Uint32Array<ArrayBuffer> {
  view()
  return numbers as Uint32Array<ArrayBuffer>
}

/** The number of values that follow the address. */
const RESULT_NUMBERS = 6
/** The address of the texts, their lengths, and the numbers of a verdict. */
export type ResultNumbers = [
  address: number,
  header: number,
  payload: number,
  refusal: number,
  keyIndex: number,
  headerId: number,
  outline: number,
]

/** The address of the last token. */
export let inputAddress = 0
/** The number of tokens that were written. */
let writes = 0

/** Writes the token into the input buffer. Returns its length in bytes, or a refusal if it is too long or not a string. */
export function write(token: unknown, policy: Policy | undefined): number | Refusal {
  const isText = typeof token === 'string'
  if (!isText && !isBytes(token)) return NOT_TEXT
  const { length } = token
  const pointer = admit(policy, length)
  if (pointer === 0) return bindings.refusal()
  inputAddress = pointer
  writes++
  const memory = view()
  if (isText) {
    // Three bytes per code unit are reserved, the most that UTF-8 needs. The core refuses bytes above 0x7F, so characters beyond ASCII
    // are refused.
    if (buffer !== undefined) return buffer.utf8Write(token, pointer, length * 3)
    if (input?.buffer !== memory.buffer || input.byteOffset !== pointer) input = memory.subarray(pointer)
    return bindings.encoder.encodeInto(token, input).written
  }
  // The view limits the write to the reserved bytes, even if `token` has an own property `length` with another value.
  memory.subarray(pointer, pointer + length).set(token)
  return length
}

/** Reserves the input buffer for a token. Returns its address, or 0 if the token is too long. */
function admit(policy: Policy | undefined, length: number): number {
  return policy === undefined ? bindings.admitUnverified(length) : policy.admit(length)
}

/** Reads the verdict of the last call. */
function verdict(): Verdict {
  const result = resultOf()
  // Reads by index, because destructuring uses an iterator, which is much slower.
  const from = result[0] as number
  const header = result[1] as number
  const payload = result[2] as number
  const refused = result[3] as number
  const keyIndex = signed(result[4] as number)
  const headerId = result[5] as number
  const outline = result[6] as number
  const claimsAddress = from + header
  if (refused !== 0) {
    const refusal = json<Refusal>(claimsAddress + payload, refused)
    return withRefusal(refusal, payload === 0 ? undefined : claimsOf(claimsAddress, payload))
  }
  const claims = buffer === undefined ? text(claimsAddress, payload) : buffer.latin1Slice(claimsAddress, claimsAddress + payload)
  return {
    ok: true,
    header: knownHeader(headerId) ?? rememberHeader(headerId, json(from, header)),
    payload: outline === 0 ? (JSON.parse(claims) as JWTPayload) : claimsFrom(claims, words as Uint32Array, outline),
    claims,
    keyIndex,
  }
}

function withRefusal(refusal: Refusal, payload?: JWTPayload): Verdict & { readonly ok: false } {
  return { ok: false, refusal, payload }
}

/** Converts the index of a key, which may be −1, from an unsigned number. */
export function signed(keyIndex: number): number {
  return keyIndex | 0
}

/** Returns the claims of a refused token, or `{}` if they are not valid JSON. */
function claimsOf(from: number, length: number): JWTPayload {
  try {
    return json(from, length)
  } catch {
    return {}
  }
}

function json<T>(from: number, length: number): T {
  return JSON.parse(text(from, length)) as T
}

function text(from: number, length: number): string {
  return bindings.decoder.decode(view().subarray(from, from + length))
}

/**
 * Writes a token into the core's memory, and reads its verdict. Nothing here awaits: another call between writing and
 * reading would make one request read another's claims.
 */
import type { Keys, Policy } from './bindings.js'
import { claimsFrom } from './claims_outline.js'
import { knownHeader, rememberHeader } from './header_cache.js'
import { boot, type Core } from './instance.js'
import { isBytes } from '../base/bytes.js'
import { memberOf, record } from '../base/record.js'
import { hostGlobal, requestsAreIsolated, TextDecoder, TextEncoder } from '../base/runtime.js'
import { NOT_TEXT, type Refusal } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'

/** A token as users pass it; as bytes only where jose accepts bytes. */
export type Token = string | Uint8Array

/** The core's verdict. Every object in it is new. */
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

/** An RSA signature that the host may verify instead of the core. */
export interface SignatureQuestion {
  /** `RS256`, `RS384`, `RS512`, `PS256`, `PS384` or `PS512`. */
  readonly alg: string
  /** The index of the key in its set, −1 for a single key. */
  readonly keyIndex: number
  /** The message that was signed. */
  readonly signed: Uint8Array<ArrayBuffer>
  /** The signature, as long as the modulus. */
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Returns whether the signature holds, or `undefined` if the core has to check it. */
export type SignatureCheck = (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | undefined

/**
 * Returns the function that checks signatures for this algorithm and key, if the runtime offers one. Its arguments are
 * views into the core's memory: it must not keep them.
 */
export type SignatureOracle = (alg: string, keyIndex: number) => SignatureCheck | undefined

/**
 * Verifies a token. `now` is in seconds since 1970-01-01T00:00:00Z. `host` is the host's answer about this token's RSA
 * signature, or the function that asks the host:
 *
 *     write ─▶ question ─▶ the host's answer ─▶ resume ─▶ verdict
 *          └─────────────▶ verify ──────────────────────▶ verdict    without a question or an answer
 */
export function verify(
  policy: Policy,
  keys: Keys,
  token: unknown,
  now: number,
  host?: boolean | SignatureOracle,
): Verdict {
  const core = boot()
  const length = write(core, token, policy)
  if (typeof length === 'object') return withRefusal(length)
  const own = writes
  const holds = host === undefined ? undefined : hostAnswer(core, policy, keys, length, host)
  // The host called the core again, so the question is gone and the input holds another token.
  if (own !== writes) return verify(policy, keys, token, now)
  if (holds !== undefined) core.bindings.resume(policy, now, holds)
  else core.bindings.verify(policy, keys, length, now)
  return verdict(core)
}

/** The host's answer about the token in the input; `undefined` if the core has to check the signature. */
function hostAnswer(
  core: Core,
  policy: Policy,
  keys: Keys,
  length: number,
  host: boolean | SignatureOracle,
): boolean | undefined {
  const algorithm = core.bindings.question(policy, keys, length)
  if (algorithm === 0) return undefined
  if (typeof host !== 'function') return host
  const result = resultOf(core)
  const from = result[0] as number
  const signatureLength = result[2] as number
  const input = inputAddress
  try {
    const check = host(QUESTION_ALGORITHMS[algorithm] as string, signed(result[4] as number))
    // The views are made last: the oracle may have let the core's memory grow.
    const memory = view(core)
    const holds = check?.(
      memory.subarray(input, input + signedLength(length, signatureLength)),
      memory.subarray(from, from + signatureLength),
    )
    // If the check itself let the memory grow, the views were detached and it checked nothing.
    return memory.length > 0 && typeof holds === 'boolean' ? holds : undefined
  } catch {
    return undefined
  }
}

/** The length of the signed message: the token is the message, a dot, and the signature in base64url. */
function signedLength(length: number, signatureLength: number): number {
  return length - 1 - Math.ceil((signatureLength * 4) / 3)
}

/** What the host could check for a token. The bytes are copies, which stay valid after other calls. */
export function question(policy: Policy, keys: Keys, token: string): SignatureQuestion | undefined {
  const core = boot()
  const length = write(core, token, policy)
  if (typeof length === 'object') return undefined
  const algorithm = core.bindings.question(policy, keys, length)
  if (algorithm === 0) return undefined
  const [address, , bytes, , keyIndex] = resultOf(core) as unknown as ResultNumbers
  return {
    alg: QUESTION_ALGORITHMS[algorithm] as string,
    keyIndex: signed(keyIndex),
    signed: view(core).slice(inputAddress, inputAddress + signedLength(length, bytes)),
    signature: view(core).slice(address, address + bytes),
  }
}

/** The algorithms of questions, in the core's order from 1. */
const QUESTION_ALGORITHMS = ['', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

/** Verifies the signature of a compact JWS with one key, whatever its payload is. */
export function verifySignature(policy: Policy, keys: Keys, token: unknown): SignatureVerdict {
  const core = boot()
  const length = write(core, token, policy)
  if (typeof length === 'object') return withRefusal(length)
  if (!core.bindings.verifySignature(policy, keys, length)) return withRefusal(core.bindings.refusal())
  const [address, header, payload] = resultOf(core) as unknown as ResultNumbers
  const from = address + header
  return { ok: true, header: json(core, address, header), payload: view(core).slice(from, from + payload) }
}

/** Decodes header and claims of a token without verifying them. `policy` limits its length. */
export function decode(token: unknown, policy?: Policy): Verdict {
  const core = boot()
  const length = write(core, token, policy)
  if (typeof length === 'object') return withRefusal(length)
  core.bindings.decode(length)
  return verdict(core)
}

/** Decodes the header of a token without verifying it or looking at the payload. */
export function decodeHeader(
  token: unknown,
): { readonly ok: true; readonly header: ProtectedHeader } | { readonly ok: false; readonly refusal: Refusal } {
  const core = boot()
  const length = write(core, token, undefined)
  if (typeof length === 'object') return withRefusal(length)
  if (!core.bindings.decodeHeader(length)) return withRefusal(core.bindings.refusal())
  const [address, header] = resultOf(core) as unknown as ResultNumbers
  return { ok: true, header: json(core, address, header) }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', record({ ignoreBOM: true }))

/** The core's memory as bytes. Made again when the memory has grown, which detaches the old view. */
let bytes: Uint8Array<ArrayBuffer> | undefined
/** The same, from the address of the last token. */
let input: Uint8Array<ArrayBuffer> | undefined
/** The numbers of the result: addresses and lengths, without sign, and {@link signed} ones. */
let numbers: Uint32Array<ArrayBuffer> | undefined
/** The core's memory as words, for outlines. */
let words: Uint32Array<ArrayBuffer> | undefined
/** The core's memory as a Buffer, where the runtime has fast ones. */
let buffer: Buffer | undefined
let buffers: Buffers | undefined

/** A Buffer of Node or Bun. */
interface Buffer {
  /** Decodes ASCII, which is all that the core writes, faster than a TextDecoder. */
  latin1Slice(from: number, to: number): string
  /** Does what `TextEncoder.encodeInto` does, faster. */
  utf8Write(text: string, offset: number, length: number): number
}

interface Buffers {
  from(memory: ArrayBuffer): Buffer
}

function view(core: Core): Uint8Array<ArrayBuffer> {
  // Checks the length of the view, because `memory.buffer` is a call into the runtime.
  if (bytes === undefined || bytes.length === 0) {
    const { buffer: memory } = core.memory
    words = new Uint32Array(memory as ArrayBuffer)
    numbers = new Uint32Array(memory as ArrayBuffer, core.bindings.resultPointer(), 1 + RESULT_NUMBERS)
    if (bytes === undefined) buffers = findBuffers(memory as ArrayBuffer)
    buffer = buffers?.from(memory as ArrayBuffer)
    // Last: an interruption before makes the next call begin again.
    bytes = new Uint8Array(memory as ArrayBuffer)
  }
  return bytes
}

function findBuffers(memory: ArrayBuffer): Buffers | undefined {
  // Workers load their Buffer at first use, which would delay the first verdict.
  if (requestsAreIsolated()) return undefined
  const Buffer = hostGlobal<{ from(memory: ArrayBuffer): Partial<Buffer> }>('Buffer')
  const from = Buffer && memberOf(Buffer, 'from')
  const found = typeof from === 'function' ? from(memory) : undefined
  const isWhole = typeof found?.latin1Slice === 'function' && typeof found.utf8Write === 'function'
  return isWhole ? (Buffer as Buffers) : undefined
}

/** The numbers of the last result, in the order of {@link ResultNumbers}. */
function resultOf(core: Core): Uint32Array<ArrayBuffer> {
  view(core)
  return numbers as Uint32Array<ArrayBuffer>
}

/** How many numbers follow the address. */
const RESULT_NUMBERS = 6
/** The address of the texts, their lengths, and the numbers of a verdict. */
type ResultNumbers = [
  address: number,
  header: number,
  payload: number,
  refusal: number,
  keyIndex: number,
  headerId: number,
  outline: number,
]

/** The address of the last token. */
let inputAddress = 0
/** How many tokens were written. */
let writes = 0

/** Writes the token. Returns how many bytes it has, or why it is too long. */
function write(core: Core, token: unknown, policy: Policy | undefined): number | Refusal {
  if (typeof token === 'string') {
    const pointer = admit(core, policy, token.length)
    if (pointer === 0) return core.bindings.refusal()
    inputAddress = pointer
    writes++
    // Three bytes per code unit are reserved, the most that UTF-8 needs. Characters beyond ASCII arrive as bytes above
    // 0x7F and are refused.
    const memory = view(core)
    if (buffer !== undefined) return buffer.utf8Write(token, pointer, token.length * 3)
    if (input?.buffer !== memory.buffer || input.byteOffset !== pointer) input = memory.subarray(pointer)
    return encoder.encodeInto(token, input).written
  }
  if (!isBytes(token)) return NOT_TEXT
  const { length } = token
  const pointer = admit(core, policy, length)
  if (pointer === 0) return core.bindings.refusal()
  inputAddress = pointer
  writes++
  // Writes within the reserved bytes, even if `length` is an own property with another value.
  view(core)
    .subarray(pointer, pointer + length)
    .set(token)
  return length
}

/** Reserves input for a token. Returns its address, or 0 if the token is too long. */
function admit(core: Core, policy: Policy | undefined, length: number): number {
  return policy === undefined ? core.bindings.admitUnverified(length) : policy.admit(length)
}

function verdict(core: Core): Verdict {
  const result = resultOf(core)
  // By index: destructuring uses an iterator, which costs as much as everything else here.
  const from = result[0] as number
  const header = result[1] as number
  const payload = result[2] as number
  const refused = result[3] as number
  const keyIndex = signed(result[4] as number)
  const headerId = result[5] as number
  const outline = result[6] as number
  const at = from + header
  if (refused !== 0) {
    const refusal = json<Refusal>(core, at + payload, refused)
    return withRefusal(refusal, payload === 0 ? undefined : claimsOf(core, at, payload))
  }
  const claims = buffer === undefined ? text(core, at, payload) : buffer.latin1Slice(at, at + payload)
  return {
    ok: true,
    header: knownHeader(headerId) ?? rememberHeader(headerId, json(core, from, header)),
    payload: outline === 0 ? (JSON.parse(claims) as JWTPayload) : claimsFrom(claims, words as Uint32Array, outline),
    claims,
    keyIndex,
  }
}

function withRefusal(refusal: Refusal, payload?: JWTPayload): Verdict & { readonly ok: false } {
  return { ok: false, refusal, payload }
}

/** The index of a key in its set, which may be −1. */
function signed(keyIndex: number): number {
  return keyIndex | 0
}

/** The claims of a refused token, or `{}` if they are not valid JSON. */
function claimsOf(core: Core, from: number, length: number): JWTPayload {
  try {
    return json(core, from, length)
  } catch {
    return {}
  }
}

function json<T>(core: Core, from: number, length: number): T {
  return JSON.parse(text(core, from, length)) as T
}

function text(core: Core, from: number, length: number): string {
  return decoder.decode(view(core).subarray(from, from + length))
}

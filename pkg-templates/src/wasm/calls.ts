/**
 * A token enters the core's memory, its verdict is read out of it. Nothing in here awaits: between `admit` and the last
 * read no other call may come in between, or one request would read another's claims.
 */
import type { Key, KeySet, Needs, Policy } from './bindings.js'
import { boot, type Core } from './instance.js'
import { claimsFrom } from './claims_outline.js'
import { answering, type Asked } from './host_callback.js'
import { isBytes } from '../base/bytes.js'
import { isFlat, memberOf, record } from '../base/record.js'
import { hostGlobal, requestsAreIsolated, TextDecoder, TextEncoder } from '../base/runtime.js'
import { NOT_TEXT, type Refusal } from '../base/refusal.js'
import type { JWTPayload, ProtectedHeader } from '../base/types.js'

/** A token as users hand it over; bytes only where jose takes them. */
export type Token = string | Uint8Array

/** What the core says of a token. Every object in it is made for this one answer. */
export type Verdict =
  | {
      readonly ok: true
      readonly header: ProtectedHeader
      readonly payload: JWTPayload
      /** The claims as JSON text. */
      readonly claims: string
      /** The place of the key in its set, −1 for a key given directly. */
      readonly keyIndex: number
    }
  | {
      readonly ok: false
      readonly refusal: Refusal
      /** The claims, where the signature held and only they were refused. */
      readonly payload: JWTPayload | undefined
    }

/** What the core says of a signature over bytes that need not be claims. */
export type SignatureVerdict =
  | { readonly ok: true; readonly header: ProtectedHeader; readonly payload: Uint8Array }
  | { readonly ok: false; readonly refusal: Refusal }

/** An RSA signature that the host may verify in place of the core. */
export interface Question {
  /** `RS256`, `RS384`, `RS512`, `PS256`, `PS384` or `PS512`. */
  readonly alg: string
  /** The place of the key in its set, −1 for a key given directly. */
  readonly keyIndex: number
  /** What was signed. */
  readonly signed: Uint8Array<ArrayBuffer>
  /** The signature, as long as the modulus. */
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Whether the signature holds, or `undefined` where the core has to find out by itself. */
export type Check = (signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | undefined

/**
 * What answers for an algorithm and the key at a place, if anybody does. The check is handed views that the next call to
 * the core makes worthless.
 */
export type Answer = (alg: string, keyIndex: number) => Check | undefined

/**
 * Verifies a token under one key. `now` is in seconds since 1970-01-01T00:00:00Z. `told` is whether an RSA signature holds, of
 * which a host was asked about this token and this key, or the function that asks one.
 */
export function verifyWithKey(
  policy: Policy,
  key: Key,
  needs: Needs,
  token: unknown,
  now: number,
  told?: boolean | Answer,
): Verdict {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return withRefusal(written)
  const verify = (host: number) => core.bindings.verifyWithKey(policy, key, needs, written, now, host)
  tell(core, told, verify)
  return verdict(core)
}

/** Verifies a token under the keys of a set; all else as {@link verifyWithKey}. */
export function verifyWithSet(
  policy: Policy,
  set: KeySet,
  needs: Needs,
  token: unknown,
  now: number,
  told?: boolean | Answer,
): Verdict {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return withRefusal(written)
  const verify = (host: number) => core.bindings.verifyWithSet(policy, set, needs, written, now, host)
  tell(core, told, verify)
  return verdict(core)
}

/** What is said of a token while there is no key in hand. */
export function verifyWithoutKeys(policy: Policy, needs: Needs, token: unknown): Verdict {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return withRefusal(written)
  core.bindings.verifyWithoutKeys(policy, needs, written)
  return verdict(core)
}

/** How much room the tokens of one crossing may take, in bytes. */
const ROOM_OF_A_BATCH = 192 * 1024

/**
 * Verifies many tokens in one crossing, or in a few where they are long. Those that can't go along – no text, or too long for a
 * crossing – are left out: their places stay `undefined`.
 */
export function verifyBatch(
  policy: Policy,
  keys: Key | KeySet,
  needs: Needs,
  tokens: readonly unknown[],
  now: number,
  told?: Answer,
): (Verdict | undefined)[] {
  const core = boot()
  const verdicts = new Array<Verdict | undefined>(tokens.length).fill(undefined)
  for (let next = 0; next < tokens.length; ) {
    const places: number[] = []
    for (let room = 0; next < tokens.length; next++) {
      const token = tokens[next]
      if (typeof token !== 'string' || token.length * 3 > ROOM_OF_A_BATCH) continue
      if ((room += token.length * 3) > ROOM_OF_A_BATCH) break
      places.push(next)
    }
    const pointer = core.bindings.admitBatch(ROOM_OF_A_BATCH)
    const lengths = new Uint32Array(places.length)
    let end = pointer
    places.forEach((place, order) => {
      const room = view(core).subarray(end, end + (tokens[place] as string).length * 3)
      lengths[order] = encoder.encodeInto(tokens[place] as string, room).written
      end += lengths[order] as number
    })
    const verify = (host: number) => {
      if (keys instanceof core.bindings.Key) core.bindings.verifyBatchWithKey(policy, keys, needs, lengths, now, host)
      else core.bindings.verifyBatchWithSet(policy, keys, needs, lengths, now, host)
    }
    tell(core, told, verify)
    // The table and the outlines stand where a single answer has its outline; nothing below calls the core, so that they stay.
    let at = answer(core)[PLACE] as number
    const table = (answer(core)[PLACE + NUMBERS] as number) * 4
    const numbers = new Uint32Array(core.memory.buffer, table)
    places.forEach((place, order) => {
      const own = order * NUMBERS
      verdicts[place] = read(core, at, numbers, own, numbers)
      for (const text of numbers.subarray(own, own + 3)) at += text
    })
  }
  return verdicts
}

/** How the core is told of an answer: 0 nobody was asked, 2 it holds, 3 it does not. */
const TOLD = (told: boolean | undefined) => (told === undefined ? 0 : told ? 2 : 3)
/** It may ask. */
const ASK = 1

/** Calls the core with what a host said, or with one that may be asked meanwhile. */
function tell(core: Core, told: boolean | Answer | undefined, verify: (host: number) => void): void {
  if (typeof told !== 'function') {
    verify(TOLD(told))
    return
  }
  const asked: Asked = (place, keyIndex, from, length, signatureFrom, signatureLength) => {
    try {
      // Views are made last: what comes before may let the core's memory grow.
      const check = told(ASKED[place] as string, keyIndex)
      const bytes = view(core)
      const holds = check?.(
        bytes.subarray(from, from + length),
        bytes.subarray(signatureFrom, signatureFrom + signatureLength),
      )
      // Who called the core meanwhile may have let it grow, which empties views: then it was nothing that was checked.
      return bytes.length === 0 ? undefined : holds
    } catch {
      // Nothing may be thrown through the core, which is in the middle of something: it finds out by itself.
      return undefined
    }
  }
  answering(asked, () => verify(ASK))
}

/** What a host could compute for a token under one key, copied, so that it outlives other calls. */
export function questionWithKey(policy: Policy, key: Key, token: string): Question | undefined {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return undefined
  return question(core, core.bindings.questionWithKey(policy, key, written), written)
}

/** The same under the keys of a set. */
export function questionWithSet(policy: Policy, set: KeySet, token: string): Question | undefined {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return undefined
  return question(core, core.bindings.questionWithSet(policy, set, written), written)
}

/** The algorithms of questions, in the core's order from 1. */
const ASKED = ['', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

function question(core: Core, place: number, length: number): Question | undefined {
  if (place === 0) return undefined
  const [at, , bytes, , keyIndex] = answer(core) as unknown as Numbers
  const from = core.bindings.inputPointer()
  return {
    alg: ASKED[place] as string,
    keyIndex: signed(keyIndex),
    // The token is what was signed, a dot, and the signature in base64url.
    signed: view(core).slice(from, from + length - 1 - Math.ceil((bytes * 4) / 3)),
    signature: view(core).slice(at, at + bytes),
  }
}

/** Verifies the signature of a compact JWS under one key, whatever its payload is. */
export function verifySignature(policy: Policy, key: Key, token: unknown): SignatureVerdict {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return withRefusal(written)
  if (!core.bindings.verifySignature(policy, key, written)) return withRefusal(core.bindings.refusal())
  const [at, header, payload] = answer(core) as unknown as Numbers
  const from = at + header
  return { ok: true, header: json(core, at, header), payload: view(core).slice(from, from + payload) }
}

/** Reads header and claims of a token; nothing is verified. `door` is who lets it in: a policy, where there is one. */
export function decode(token: unknown, door: Door = UNVERIFIED): Verdict {
  const core = boot()
  const written = write(core, token, door)
  if (typeof written === 'object') return withRefusal(written)
  core.bindings.decode(written)
  return verdict(core)
}

/** Reads the header of a token; nothing is verified, the payload is not looked at. */
export function decodeHeader(
  token: unknown,
): { readonly ok: true; readonly header: ProtectedHeader } | { readonly ok: false; readonly refusal: Refusal } {
  const core = boot()
  const written = write(core, token, UNVERIFIED)
  if (typeof written === 'object') return withRefusal(written)
  if (!core.bindings.decodeHeader(written)) return withRefusal(core.bindings.refusal())
  const [at, header] = answer(core) as unknown as Numbers
  return { ok: true, header: json(core, at, header) }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', record({ ignoreBOM: true }))

/** The core's memory as bytes; made again when the memory has grown and left the old view empty. */
let bytes: Uint8Array<ArrayBuffer> | undefined
/** The same, from the place on where the last token was written. */
let input: Uint8Array<ArrayBuffer> | undefined
/** The answer's numbers: places, which have no sign, lengths, and one that has, see {@link signed}. */
let numbers: Uint32Array<ArrayBuffer> | undefined
/** The core's memory as words, for outlines. */
let words: Uint32Array<ArrayBuffer> | undefined
/** How the host reads Latin-1 out of the memory and writes UTF-8 into it, if it does so at once. */
let buffer: Buffer | undefined
/** Who makes one, if the host has any. */
let buffers: Buffers | undefined

/** A Buffer of Node or Bun. */
interface Buffer {
  latin1Slice(from: number, to: number): string
  /** As `TextEncoder.encodeInto` does, which takes fifteen times as long in Node 24. */
  utf8Write(text: string, at: number, room: number): number
}

interface Buffers {
  from(memory: ArrayBuffer): Buffer
}

function view(core: Core): Uint8Array<ArrayBuffer> {
  // Asked for its length rather than the memory for its buffer: that is a call into the host.
  if (bytes === undefined || bytes.length === 0) {
    const { buffer: memory } = core.memory
    words = new Uint32Array(memory as ArrayBuffer)
    numbers = new Uint32Array(memory as ArrayBuffer, core.bindings.answerPointer(), 1 + NUMBERS)
    if (bytes === undefined) {
      // Looked for once, since the core is told once what to write.
      buffers = findBuffers(memory as ArrayBuffer)
      if (buffers !== undefined) core.bindings.speakLatin1()
    }
    buffer = buffers?.from(memory as ArrayBuffer)
    // Last: who is interrupted before begins again.
    bytes = new Uint8Array(memory as ArrayBuffer)
  }
  return bytes
}

function findBuffers(memory: ArrayBuffer): Buffers | undefined {
  // Workers load theirs when it is first asked for: two of the milliseconds up to the first verdict.
  if (requestsAreIsolated()) return undefined
  const Buffer = hostGlobal<{ from(memory: ArrayBuffer): Partial<Buffer> }>('Buffer')
  const from = Buffer && memberOf(Buffer, 'from')
  const found = typeof from === 'function' ? from(memory) : undefined
  const isWhole = typeof found?.latin1Slice === 'function' && typeof found.utf8Write === 'function'
  return isWhole ? (Buffer as Buffers) : undefined
}

/** The numbers of the last answer: where its texts stand, then what {@link read} takes. */
function answer(core: Core): Uint32Array<ArrayBuffer> {
  view(core)
  return numbers as Uint32Array<ArrayBuffer>
}

/** The place of the texts among an answer's numbers, and how many numbers follow it. */
const PLACE = 0
const NUMBERS = 6
type Numbers = [place: number, header: number, payload: number, refusal: number, keyIndex: number]

/** Who makes room for a token, or finds it too long. */
export type Door = Pick<Policy, 'admit'>

/** What lets a token in that will not be verified. */
const UNVERIFIED: Door = { admit: (units: number) => boot().bindings.admitUnverified(units) }

/** Writes the token; how many bytes it took, or why there is no room for it. */
function write(core: Core, token: unknown, door: Door): number | Refusal {
  if (typeof token === 'string') {
    const pointer = door.admit(token.length)
    if (pointer === 0) return core.bindings.refusal()
    // There is room for three bytes a code unit, the most that UTF-8 needs: what is not ASCII arrives as bytes above
    // 0x7F, never cut or changed into something else, and is refused.
    const memory = view(core)
    if (buffer !== undefined) return buffer.utf8Write(token, pointer, token.length * 3)
    if (input?.buffer !== memory.buffer || input.byteOffset !== pointer) input = memory.subarray(pointer)
    return encoder.encodeInto(token, input).written
  }
  if (!isBytes(token)) return NOT_TEXT
  const { length } = token
  const pointer = door.admit(length)
  if (pointer === 0) return core.bindings.refusal()
  // Within its room, whatever a `length` of its own says.
  view(core)
    .subarray(pointer, pointer + length)
    .set(token)
  return length
}

function verdict(core: Core): Verdict {
  const numbers = answer(core)
  return read(core, numbers[PLACE] as number, numbers, PLACE + 1, words as Uint32Array)
}

/** A verdict whose texts stand one behind the other, by the numbers from a place on; its outline stands among `words`. */
function read(core: Core, from: number, numbers: Uint32Array, place: number, words: Uint32Array): Verdict {
  // By index: a list of names on the left would ask for an iterator, which costs as much as all of this.
  const header = numbers[place] as number
  const payload = numbers[place + 1] as number
  const refused = numbers[place + 2] as number
  const keyIndex = signed(numbers[place + 3] as number)
  const headerNumber = numbers[place + 4] as number
  const outline = numbers[place + 5] as number
  const at = from + header
  if (refused !== 0) {
    const refusal = json<Refusal>(core, at + payload, refused)
    return withRefusal(refusal, payload === 0 ? undefined : claimsOf(core, at, payload))
  }
  // Latin-1 for those that read it, ASCII for all others.
  const claims = buffer === undefined ? text(core, at, payload) : buffer.latin1Slice(at, at + payload)
  return {
    ok: true,
    header: headerOf(core, headerNumber, from, header),
    payload: outline === 0 ? (JSON.parse(claims) as JWTPayload) : claimsFrom(claims, words, outline),
    claims,
    keyIndex,
  }
}

function withRefusal(refusal: Refusal, payload?: JWTPayload): Verdict & { readonly ok: false } {
  return { ok: false, refusal, payload }
}

/** A key's place in its set, which may be −1. */
function signed(keyIndex: number): number {
  return keyIndex | 0
}

/** Headers that were read before, by the numbers that the core gives them: an issuer writes few. */
const headers = new Map<number, ProtectedHeader>()
/** How many of them are remembered. */
const HEADERS = 64

/** The header of an accepted token, an object of its own each time. */
function headerOf(core: Core, number: number, from: number, length: number): ProtectedHeader {
  const known = headers.get(number)
  if (known !== undefined) return { ...known }
  const header = json<ProtectedHeader>(core, from, length)
  // A copy of one level is a whole copy where nothing has members of its own.
  if (number !== 0 && isFlat(header)) {
    if (headers.size === HEADERS) headers.clear()
    headers.set(number, { ...header })
  }
  return header
}

/** The claims of a refused token; none where it was the claims' JSON that was refused. */
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

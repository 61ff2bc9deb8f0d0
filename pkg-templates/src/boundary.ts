/**
 * A token enters the core's memory, its verdict is read out of it. Nothing in here awaits: between `admit` and the last
 * read no other call may come in between, or one request would read another's claims.
 */
import { boot, type Core } from './boot.js'
import { answering, type Asked } from './host_answer.js'
import type { Key, KeySet, Needs, Policy } from './jotgate_bg.js'
import { NOT_TEXT, type Refusal } from './refusal.js'
import { TextDecoder, TextEncoder } from './text_coding.js'
import type { JWTPayload, ProtectedHeader } from './types.js'

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
      readonly payload?: JWTPayload
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
  /** What was signed: a view that the next call to the core makes worthless, or a copy. */
  readonly signed: () => Uint8Array<ArrayBuffer>
  /** The signature, as long as the modulus; like the other. */
  readonly signature: () => Uint8Array<ArrayBuffer>
}

/** Whether the signature holds, or `undefined` where the core has to find out by itself. */
export type Answer = (question: Question) => boolean | undefined

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
  if (typeof written === 'object') return { ok: false, refusal: written }
  const verify = (host: number) => core.bindings.verifyWithKey(policy, key, needs, written, now, host)
  return verdict(core, typeof told === 'function' ? asking(core, told, verify) : verify(TOLD(told)), token)
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
  if (typeof written === 'object') return { ok: false, refusal: written }
  const verify = (host: number) => core.bindings.verifyWithSet(policy, set, needs, written, now, host)
  return verdict(core, typeof told === 'function' ? asking(core, told, verify) : verify(TOLD(told)), token)
}

/** How much room the tokens of one crossing may take, in bytes. */
const ROOM_OF_A_BATCH = 192 * 1024

/**
 * Verifies many tokens in one crossing, or in a few where they are long. Those that can't go along – no text, or too long for a
 * crossing – are left out: their places stay `undefined`.
 */
export function verifyBatch(
  policy: Policy,
  keys: { key: Key } | { set: KeySet },
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
      if ('key' in keys) core.bindings.verifyBatchWithKey(policy, keys.key, needs, lengths, now, host)
      else core.bindings.verifyBatchWithSet(policy, keys.set, needs, lengths, now, host)
      return true
    }
    if (told === undefined) verify(TOLD(undefined))
    else asking(core, told, verify)
    const from = core.bindings.outputPointer()
    const table = new DataView(core.memory.buffer, from, places.length * 20)
    let at = from + places.length * 20
    places.forEach((place, order) => {
      const [ok = 0, header = 0, payload = 0, refused = 0] = [0, 4, 8, 12].map((byte) =>
        table.getUint32(order * 20 + byte, true),
      )
      const keyIndex = table.getInt32(order * 20 + 16, true)
      verdicts[place] = read(core, tokens[place], ok === 1, at, header, payload, refused, keyIndex)
      at += header + payload + refused
    })
  }
  return verdicts
}

/** How the core is told of an answer: 0 nobody was asked, 2 it holds, 3 it does not. */
const TOLD = (told: boolean | undefined) => (told === undefined ? 0 : told ? 2 : 3)
/** It may ask. */
const ASK = 1

function asking(core: Core, answer: Answer, verify: (host: number) => boolean): boolean {
  const asked: Asked = (place, keyIndex, from, length, signatureFrom, signatureLength) =>
    answer({
      alg: ASKED[place] as string,
      keyIndex,
      signed: () => view(core).subarray(from, from + length),
      signature: () => view(core).subarray(signatureFrom, signatureFrom + signatureLength),
    })
  return answering(asked, () => verify(ASK))
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
  const { inputPointer, keyIndex, outputPointer, payloadLength } = core.bindings
  const bytes = payloadLength()
  const from = inputPointer()
  // The token is what was signed, a dot, and the signature in base64url.
  const signed = view(core).slice(from, from + length - 1 - Math.ceil((bytes * 4) / 3))
  const signature = view(core).slice(outputPointer(), outputPointer() + bytes)
  return { alg: ASKED[place] as string, keyIndex: keyIndex(), signed: () => signed, signature: () => signature }
}

/** Verifies the signature of a compact JWS under one key, whatever its payload is. */
export function verifySignature(policy: Policy, key: Key, token: unknown): SignatureVerdict {
  const core = boot()
  const written = write(core, token, policy)
  if (typeof written === 'object') return { ok: false, refusal: written }
  if (!core.bindings.verifySignature(policy, key, written)) return { ok: false, refusal: refusal(core) }
  const { headerLength, outputPointer, payloadLength } = core.bindings
  const from = outputPointer() + headerLength()
  return {
    ok: true,
    header: json(core, outputPointer(), headerLength()),
    payload: view(core).slice(from, from + payloadLength()),
  }
}

/** Reads header and claims of a token; nothing is verified. */
export function decode(token: unknown): Verdict {
  const core = boot()
  const written = write(core, token, UNVERIFIED)
  if (typeof written === 'object') return { ok: false, refusal: written }
  return verdict(core, core.bindings.decode(written), token)
}

/** Reads the header of a token; nothing is verified, the payload is not looked at. */
export function decodeHeader(token: unknown): { header: ProtectedHeader } | { refusal: Refusal } {
  const core = boot()
  const written = write(core, token, UNVERIFIED)
  if (typeof written === 'object') return { refusal: written }
  if (!core.bindings.decodeHeader(written)) return { refusal: refusal(core) }
  return { header: json(core, core.bindings.outputPointer(), core.bindings.headerLength()) }
}

/** Whether a value is a `Uint8Array`, be it of another realm (Jest, `vm`, frames). */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The core's memory as bytes; made again when the memory has grown and left the old view empty. */
let bytes: Uint8Array<ArrayBuffer> | undefined

function view(core: Core): Uint8Array<ArrayBuffer> {
  const { buffer } = core.memory
  if (bytes?.buffer !== buffer) bytes = new Uint8Array(buffer as ArrayBuffer)
  return bytes
}

/** What lets a token in that will not be verified. */
const UNVERIFIED = { admit: (units: number) => boot().bindings.admitUnverified(units) }

/** Writes the token; how many bytes it took, or why there is no room for it. */
function write(core: Core, token: unknown, door: Pick<Policy, 'admit'>): number | Refusal {
  if (typeof token === 'string') {
    const pointer = door.admit(token.length)
    if (pointer === 0) return refusal(core)
    // There is room for three bytes a code unit, the most that UTF-8 needs: what is not ASCII arrives as bytes above
    // 0x7F, never cut or changed into something else, and is refused.
    return encoder.encodeInto(token, view(core).subarray(pointer, pointer + token.length * 3)).written
  }
  if (!isBytes(token)) return NOT_TEXT
  const pointer = door.admit(token.length)
  if (pointer === 0) return refusal(core)
  view(core).set(token, pointer)
  return token.length
}

function verdict(core: Core, ok: boolean, token: unknown): Verdict {
  const { headerLength, keyIndex, outputPointer, payloadLength, refusalLength } = core.bindings
  return read(core, token, ok, outputPointer(), headerLength(), payloadLength(), refusalLength(), keyIndex())
}

/** A verdict whose texts stand one behind the other, with these lengths. */
function read(
  core: Core,
  token: unknown,
  ok: boolean,
  from: number,
  length: number,
  payload: number,
  refused: number,
  keyIndex: number,
): Verdict {
  if (ok) {
    const header = headerOf(core, token, from, length)
    const claims = text(core, from + length, payload)
    return { ok, header, payload: JSON.parse(claims) as JWTPayload, claims, keyIndex }
  }
  const refusal = json<Refusal>(core, from + length + payload, refused)
  return payload === 0 ? { ok, refusal } : { ok, refusal, payload: claims(core, from + length, payload) }
}

/** Headers that were read before, by their encoded text: an issuer writes few. */
const headers = new Map<string, ProtectedHeader>()
/** How many of them are remembered, and how long one may be, in characters. */
const HEADERS = 32
const LONGEST_HEADER = 512

/** The header of an accepted token, an object of its own each time. */
function headerOf(core: Core, token: unknown, from: number, length: number): ProtectedHeader {
  if (typeof token !== 'string') return json(core, from, length)
  const encoded = token.slice(0, token.indexOf('.'))
  const known = headers.get(encoded)
  if (known !== undefined) return { ...known }
  const header = json<ProtectedHeader>(core, from, length)
  // A copy of one level is a whole copy where nothing has members of its own.
  const flat = Object.values(header).every((value) => typeof value !== 'object')
  if (flat && encoded.length <= LONGEST_HEADER) {
    if (headers.size === HEADERS) headers.clear()
    headers.set(encoded, { ...header })
  }
  return header
}

/** The claims of a refused token; none where it was the claims' JSON that was refused. */
function claims(core: Core, from: number, length: number): JWTPayload {
  try {
    return json(core, from, length)
  } catch {
    return {}
  }
}

function refusal(core: Core): Refusal {
  const { headerLength, outputPointer, payloadLength, refusalLength } = core.bindings
  return json(core, outputPointer() + headerLength() + payloadLength(), refusalLength())
}

function json<T>(core: Core, from: number, length: number): T {
  return JSON.parse(text(core, from, length)) as T
}

function text(core: Core, from: number, length: number): string {
  return decoder.decode(view(core).subarray(from, from + length))
}

/** Reads the body of a request as JSON. Its size is bounded, and it must not have duplicate members. */
import { isBytes } from '../base/bytes.js'
import { memberOf, record } from '../base/record.js'
import { TextDecoder, TextEncoder } from '../base/runtime.js'
import type { NodeRequest, StandardRequest } from '../gate/request.js'
import { memberProblem } from './json_members.js'
import { Problem } from './problem.js'

/** A request of Node's `http` whose body has not been read, or of Express, which may have read it. */
export interface NodeBodyRequest extends NodeRequest {
  /** The result of a body parser, such as `express.json()`. */
  body?: unknown
  on?(event: 'data' | 'end' | 'error' | 'close', listener: (value?: unknown) => void): unknown
  off?(event: 'data' | 'end' | 'error' | 'close', listener: (value?: unknown) => void): unknown
  /** Whether the stream was read to its end before. */
  readonly readableEnded?: boolean
  /** Reads the rest of the stream and discards it. */
  resume?(): unknown
}

/** A standard request with its body. */
export type WebBodyRequest = StandardRequest & Pick<Request, 'arrayBuffer' | 'body' | 'bodyUsed'>

/**
 * Returns the JSON value of the body. The result of a body parser is returned unchanged. The server gets the same value, so both see the
 * same members even if the parser dropped duplicates.
 *
 * @param limit - the largest body, in bytes
 * @throws `Problem` for a body that is too large, not UTF-8, not JSON, too deep, or has a duplicate member
 */
export async function jsonBody(request: WebBodyRequest | NodeBodyRequest, limit: number): Promise<unknown> {
  const left = isWeb(request) ? undefined : leftBody(request)
  if (left !== undefined && typeof left !== 'string' && !isBytes(left)) return left
  const bytes = left !== undefined ? bounded(left, limit) : isWeb(request) ? await webBytes(request, limit) : await nodeBytes(request, limit)
  let text: string
  try {
    text = new TextDecoder('utf-8', record({ fatal: true })).decode(bytes)
  } catch {
    throw new Problem('body_not_utf8')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('body_not_json')
  }
  const problem = memberProblem(text)
  if (problem !== undefined) throw new Problem(`body_${problem}`)
  return value
}

/**
 * Returns the result of a body parser: a value, or text or bytes. Returns `undefined` if the stream can still be read. Express 4 then has
 * `{}` as its `body`, which a later reader of the stream would not get.
 */
function leftBody(request: NodeBodyRequest): unknown {
  return memberOf(request, 'readableEnded') === false ? undefined : memberOf(request, 'body')
}

function bounded(body: string | Uint8Array, limit: number): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  if (bytes.length > limit) throw new Problem('body_too_large')
  return bytes
}

/** Whether the request is a standard one: its headers have `get`. */
export function isWeb(request: WebBodyRequest | NodeBodyRequest): request is WebBodyRequest {
  return typeof (request.headers as { get?: unknown }).get === 'function'
}

const READ_BEFORE = 'the body of `request` has already been read: call `check` first'

async function webBytes(request: WebBodyRequest, limit: number): Promise<Uint8Array> {
  const { body, bodyUsed } = request
  if (bodyUsed) throw new TypeError(READ_BEFORE)
  const pieces = new Pieces(limit)
  if (body === null) return pieces.joined()
  if (body === undefined) {
    // Firefox has no `body` on requests.
    if (!pieces.add(new Uint8Array(await request.arrayBuffer().catch(brokenOff)))) throw new Problem('body_too_large')
    return pieces.joined()
  }
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const read = () => reader.read().catch(brokenOff)
  for (let piece = await read(); !piece.done; piece = await read()) {
    if (pieces.add(piece.value)) continue
    reader.cancel().catch(() => {})
    throw new Problem('body_too_large')
  }
  return pieces.joined()
}

/** Throws the problem of a connection that ended before the body was complete. */
function brokenOff(): never {
  throw new Problem('body_incomplete')
}

function nodeBytes(request: NodeBodyRequest, limit: number): Promise<Uint8Array> {
  if (typeof request.on !== 'function') {
    throw new TypeError('`request` has neither a `body` nor a stream: pass a request of Node, of Express or a standard one')
  }
  if (request.readableEnded === true) throw new TypeError(READ_BEFORE)
  const pieces = new Pieces(limit)
  return new Promise((settle, reject) => {
    const stop = () => {
      for (const [event, listener] of Object.entries(listeners)) request.off?.(event as keyof typeof listeners, listener)
    }
    const listeners = {
      data: (piece?: unknown) => {
        if (pieces.add(piece as Uint8Array)) return
        stop()
        // The request is not destroyed, because the response uses the same connection.
        request.resume?.()
        reject(new Problem('body_too_large'))
      },
      end: () => (stop(), settle(pieces.joined())),
      error: () => (stop(), reject(new Problem('body_incomplete'))),
      close: () => (stop(), reject(new Problem('body_incomplete'))),
    }
    for (const [event, listener] of Object.entries(listeners)) request.on?.(event as keyof typeof listeners, listener)
  })
}

/** Pieces of a body, up to a limit in bytes. */
class Pieces {
  readonly #pieces: Uint8Array[] = []
  readonly #limit: number
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Adds a piece. Returns `false` if the pieces exceed the limit. */
  add(piece: Uint8Array): boolean {
    this.#length += piece.length
    this.#pieces.push(piece)
    return this.#length <= this.#limit
  }

  joined(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let offset = 0
    for (const piece of this.#pieces) {
      whole.set(piece, offset)
      offset += piece.length
    }
    return whole
  }
}

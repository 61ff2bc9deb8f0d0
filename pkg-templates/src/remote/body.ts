/** Reads the body of a response as text. It must be valid UTF-8 and not larger than 1 MiB. */
import { jsonOf, record } from '../base/record.js'
import { TextDecoder } from '../base/runtime.js'

/**
 * The part of a response that is used. The runtime's `Response` has all of them. Other clients and mocks need `status` and one
 * source of the text: a `body` that can be iterated, `arrayBuffer`, `text` or `json`.
 */
export interface FetchedResponse {
  readonly status: number
  readonly type?: string
  readonly headers?: { get(name: string): string | null | undefined }
  readonly body?: unknown
  arrayBuffer?(): Promise<ArrayBuffer>
  text?(): Promise<string>
  json?(): Promise<unknown>
}

/** The errors for a body that cannot be read. */
export interface BodyErrors {
  tooLarge(bytes: number): Error
  notUtf8(): Error
  notJson(): Error
}

/** The largest body that is read, in bytes. */
const MAXIMUM_BYTES = 1 << 20

/** A Web stream, or the stream of another client: `node-fetch` has Node's streams. */
interface Stream {
  getReader?: () => ReadableStreamDefaultReader<Uint8Array>
  destroy?: () => unknown
  [Symbol.asyncIterator]?: () => AsyncIterator<Uint8Array | string>
}

/** Reads the body. Cancels the stream when the signal aborts. */
export async function bodyText(response: FetchedResponse, signal: AbortSignal, errors: BodyErrors): Promise<string> {
  const decoder = new TextDecoder('utf-8', record({ fatal: true }))
  let text = ''
  let length = 0
  const add = (piece: Uint8Array | string | undefined) => {
    length += piece?.length ?? 0
    if (length > MAXIMUM_BYTES) throw errors.tooLarge(MAXIMUM_BYTES)
    if (typeof piece === 'string') {
      text += piece
      return
    }
    try {
      text += decoder.decode(piece, record({ stream: piece !== undefined }))
    } catch {
      throw errors.notUtf8()
    }
  }
  const stream = streamOf(response)
  if (stream !== undefined) {
    const { next, cancel } = piecesOf(stream)
    // The runtime's `fetch` cancels the body when the signal aborts. The caller's `fetch` may not.
    signal.addEventListener('abort', cancel, record({ once: true }))
    try {
      for (let piece = await next(); piece.done !== true; piece = await next()) add(piece.value)
    } catch (thrown) {
      cancel()
      throw thrown
    }
  } else if (typeof response.arrayBuffer === 'function') add(new Uint8Array(await response.arrayBuffer()))
  else if (typeof response.text === 'function') add(await response.text())
  else if (typeof response.json === 'function') add(await jsonText(response.json.bind(response), errors))
  add(undefined)
  return text
}

/** Cancels a body that is not read. */
export function discard(response: FetchedResponse): void {
  const stream = streamOf(response)
  if (stream !== undefined) piecesOf(stream).cancel()
}

/** Returns the body as a stream. Returns `undefined` for anything else, such as the text or the buffer of a mock. */
function streamOf({ body }: FetchedResponse): Stream | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const stream = body as Stream
  return typeof stream.getReader === 'function' || typeof stream[Symbol.asyncIterator] === 'function'
    ? stream
    : undefined
}

function piecesOf(stream: Stream): {
  next: () => Promise<{ done?: boolean | undefined; value?: Uint8Array | string | undefined }>
  cancel: () => void
} {
  if (typeof stream.getReader === 'function') {
    const reader = stream.getReader()
    return { next: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) }
  }
  const iterator = (stream[Symbol.asyncIterator] as () => AsyncIterator<Uint8Array | string>).call(stream)
  const cancel = () => {
    // `return` would wait for the next chunk.
    if (typeof stream.destroy === 'function') stream.destroy()
    else void iterator.return?.().catch(() => {})
  }
  return { next: () => iterator.next(), cancel }
}

async function jsonText(json: () => Promise<unknown>, errors: BodyErrors): Promise<string> {
  try {
    return jsonOf(await json()) ?? ''
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? errors.notJson() : thrown
  }
}

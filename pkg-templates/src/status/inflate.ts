/** Decompresses ZLIB data (RFC 1950) up to a bound, by the stream of the runtime. */
import { hostGlobal } from '../base/runtime.js'

/** The bytes, or why there are none. */
export type Inflated = Uint8Array | 'damaged' | 'too large'

/** Whether the runtime can decompress. */
export function canInflate(): boolean {
  return hostGlobal('DecompressionStream') !== undefined
}

/** Decompresses the data. No more than `max` bytes are kept. */
export async function inflate(data: Uint8Array<ArrayBuffer>, max: number): Promise<Inflated> {
  const stream = new DecompressionStream('deflate')
  const writer = stream.writable.getWriter()
  // A write or a close that fails makes a read fail.
  const ignore = () => {}
  writer.write(data).catch(ignore)
  writer.close().catch(ignore)
  const reader = stream.readable.getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      length += value.length
      if (length > max) {
        reader.cancel().catch(ignore)
        return 'too large'
      }
      pieces.push(value)
    }
  } catch {
    return 'damaged'
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  // Node 20 accepts data after the end, and Deno accepts data without an end: both have another checksum there.
  return hasChecksum(data, adler32(bytes)) ? bytes : 'damaged'
}

/** Whether the data ends with this checksum, in big-endian order (RFC 1950 §2.2). */
function hasChecksum(data: Uint8Array<ArrayBuffer>, checksum: number): boolean {
  return data.length > 6 && new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0) === checksum
}

/** The checksum of RFC 1950 §8.2. */
function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let index = 0; index < bytes.length; ) {
    // So many sums stay below 2³².
    for (const end = Math.min(index + 3_800, bytes.length); index < end; index++) {
      a += bytes[index] as number
      b += a
    }
    a %= 65_521
    b %= 65_521
  }
  return b * 65_536 + a
}

/** Makes and checks nonces for DPoP proofs without a store (RFC 9449 §8, §9). A nonce is a time and its HMAC. */
import { base64url, bytesOf, isBytes } from '../base/bytes.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { TextEncoder } from '../base/runtime.js'

/** The number of seconds for which the same nonce is returned. It is accepted twice as long. */
const BUCKET = 300
/** The shortest secret, in bytes. */
const SHORTEST_SECRET = 32

/** Makes and checks nonces with one secret. */
export interface Nonces {
  /** Returns the current nonce. */
  current(now: number): Promise<string>
  /** Whether a nonce belongs to the current time span or to the one before. */
  accepts(nonce: string, now: number): Promise<boolean>
}

/** Reads the secret of the option `nonce`: text or bytes, at least 32. */
export function noncesFrom(name: string, value: unknown): Nonces {
  const secret = typeof value === 'string' ? new TextEncoder().encode(value) : isBytes(value) ? new Uint8Array(value) : undefined
  if (secret === undefined || secret.length < SHORTEST_SECRET) {
    throw optionError(name, `must be a secret of at least ${SHORTEST_SECRET} bytes`)
  }
  let key: CryptoKey | undefined
  // Caches the key and not a promise: in Workers, one request must not await a promise of another.
  const hmac = async () => {
    const algorithm = record({ name: 'HMAC', hash: 'SHA-256' })
    return (key ??= await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify']))
  }
  const make = async (bucket: number) => {
    const time = timeBytes(bucket)
    const mac = new Uint8Array(await crypto.subtle.sign('HMAC', await hmac(), time))
    return `${base64url(time)}.${base64url(mac)}`
  }
  const bucketOf = (now: number) => Math.floor(now / BUCKET)
  return {
    current: (now) => make(bucketOf(now)),
    async accepts(nonce, now) {
      const bucket = bucketOf(now)
      for (const valid of [bucket, bucket - 1]) {
        const [time, mac] = nonce.split('.')
        if (time !== base64url(timeBytes(valid))) continue
        const bytes = macOf(mac ?? '')
        // The runtime compares in constant time.
        return bytes !== undefined && crypto.subtle.verify('HMAC', await hmac(), bytes, timeBytes(valid))
      }
      return false
    },
  }
}

function timeBytes(bucket: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, bucket)
  return bytes
}

/** Decodes a MAC. Returns `undefined` for any other text. */
function macOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]{43}$/.test(text)) return undefined
  return bytesOf(text)
}

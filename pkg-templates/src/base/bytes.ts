/** Handles bytes and base64url. */

/** Whether a value is a `Uint8Array`, including one of another realm (Jest, `vm`, frames). */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** Decodes base64url to a string with a character for each byte. Accepts what `atob` accepts, such as standard base64 and padding. */
export function binaryOf(base64url: string): string {
  return atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))
}

/** Decodes base64url to bytes. Accepts what {@link binaryOf} accepts. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = binaryOf(base64url)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** Encodes bytes as base64url without padding (RFC 7515 §2). It is meant for short values: hashes, signatures, claims. */
export function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}

/** Hashes of texts. */
import { base64url } from './bytes.js'
import { TextEncoder } from './runtime.js'

/** Returns the SHA-256 of a text, in base64url. */
export async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

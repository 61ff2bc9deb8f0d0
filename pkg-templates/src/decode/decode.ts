/** Decodes tokens by the core. **Nothing is verified**: a token may contain anything. */
import { isBytes } from '../base/bytes.js'
import { decode, decodeHeader } from '../wasm/calls.js'
import { JWTInvalid } from '../base/errors.js'
import { memberOf } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'

/** A header that was not verified. It may contain unknown algorithms. */
export interface UnverifiedHeader {
  /** The algorithm in the header. */
  alg?: string
  /** The identifier of the key in the header. */
  kid?: string
  /** The type in the header. */
  typ?: string
  /** Any other header parameter. */
  [parameter: string]: unknown
}

/**
 * Returns the claims of a token, **without verifying anything**: for logs, to choose among issuers, for display. At most 1 MiB is read.
 *
 * @throws {@link JWTInvalid} if the text is not a token with claims
 */
export function decodeJwt<Claims = JWTPayload>(token: string): Claims & JWTPayload {
  const verdict = decode(isBytes(token) ? undefined : token)
  if (verdict.ok) return verdict.payload as Claims & JWTPayload
  throw withRefusal(verdict.refusal.code, new JWTInvalid(verdict.refusal.message))
}

/**
 * Returns the header of a token, **without verifying anything**. The payload is not read. At most 1 MiB is read. An object with a member
 * `protected` (a JWS or JWE in JSON) is accepted, and so is an encrypted token in five parts.
 *
 * @throws `TypeError` if there is no header, as in jose
 */
export function decodeProtectedHeader(token: string | { protected?: unknown }): UnverifiedHeader {
  const header = encodedHeader(token)
  const decoded = header === undefined ? undefined : decodeHeader(`${header}..`)
  if (decoded?.ok === true) return decoded.header
  const message = decoded === undefined ? 'the value has no protected header' : decoded.refusal.message
  throw Object.assign(new TypeError(message), { refusal: decoded?.refusal.code ?? 'header_missing' })
}

/** Returns the encoded header of a JWS or JWE. Returns `undefined` for any other value. */
function encodedHeader(token: unknown): string | undefined {
  if (typeof token === 'object' && token !== null) {
    const header = memberOf(token as { protected?: unknown }, 'protected')
    return typeof header === 'string' && !header.includes('.') ? header : undefined
  }
  if (typeof token !== 'string') return undefined
  const first = token.indexOf('.')
  // Stops after five dots, because the text may consist of a million dots.
  let dots = 0
  for (let at = first; at >= 0 && dots < 5; at = token.indexOf('.', at + 1)) dots++
  return dots === 2 || dots === 4 ? token.slice(0, first) : undefined
}

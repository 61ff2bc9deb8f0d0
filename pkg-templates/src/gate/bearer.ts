/** Reads the token from the `Authorization` header (RFC 6750 §2.1, RFC 9110 §11.6.2). */
import type { RefusalCode } from '../base/refusal_codes.js'

/** The credentials of a request. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: 'token'; readonly token: string; readonly fromCookie?: boolean }

/** Reads the header's value, or `null` if the header is missing. Repeated headers arrive joined by commas. */
export function bearer(authorization: string | null): Credentials {
  const value = authorization?.trim() ?? ''
  if (value === '') return { kind: 'none' }
  const [scheme = ''] = value.split(/[ \t,]/, 1)
  if (scheme.toLowerCase() !== 'bearer') {
    // Another scheme counts as no credentials, unless a second header with `Bearer` follows it.
    return /,\s*bearer(?:\s|,|$)/i.test(value) ? REPEATED : { kind: 'none' }
  }
  const rest = value.slice(scheme.length)
  if (rest.includes(',')) return REPEATED
  const token = rest.replace(/^ +/, '')
  if (token === '') return malformed('credentials_missing', 'no token follows the scheme')
  if (token === rest || /\s/.test(token)) return malformed('credentials_malformed', 'the credentials are not one token')
  return { kind: 'token', token }
}

const REPEATED = /* @__PURE__ */ malformed('credentials_repeated', 'the Authorization header is there more than once')

/** Credentials that make the request malformed (RFC 6750 §3.1). */
export function malformed(code: RefusalCode, message: string): Credentials {
  return { kind: 'malformed', code, message }
}

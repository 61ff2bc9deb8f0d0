/** Reads the token from the `Authorization` header (RFC 6750 §2.1, RFC 9110 §11.6.2). */
import type { RefusalCode } from '../base/refusal_codes.js'

/** The credentials of a request. */
export type Credentials =
  | { readonly kind: 'none' | 'unsupported'; readonly scheme?: undefined }
  | { readonly kind: 'malformed'; readonly code: RefusalCode; readonly message: string; readonly scheme?: 'dpop' | undefined }
  | {
      readonly kind: 'token'
      readonly token: string
      readonly fromCookie?: boolean
      /** `dpop` for `Authorization: DPoP` (RFC 9449 §7.1). */
      readonly scheme?: 'dpop' | undefined
    }

/**
 * Reads the header's value, or `null` if the header is missing. Repeated headers arrive joined by commas.
 *
 * @param takesDpop - whether the scheme `DPoP` is accepted
 */
export function bearer(authorization: string | null, takesDpop: boolean): Credentials {
  const value = authorization?.trim() ?? ''
  if (value === '') return { kind: 'none' }
  const [word = ''] = value.split(/[ \t,]/, 1)
  const isDpop = /^dpop$/i.test(word)
  if (!isDpop && !/^bearer$/i.test(word)) {
    // Another scheme counts as no credentials, unless a second header with a known scheme follows it.
    return /,\s*(?:bearer|dpop)(?:\s|,|$)/i.test(value) ? REPEATED : { kind: 'none' }
  }
  const rest = value.slice(word.length)
  if (rest.includes(',')) return REPEATED
  if (isDpop && !takesDpop) return { kind: 'unsupported' }
  const scheme = isDpop ? 'dpop' : undefined
  const token = rest.replace(/^ +/, '')
  if (token === '') return malformed('credentials_missing', 'the Authorization header has a scheme but no token', scheme)
  if (token === rest || /\s/.test(token)) return malformed('credentials_malformed', 'the credentials are not one token', scheme)
  return { kind: 'token', token, scheme }
}

const REPEATED = /* @__PURE__ */ malformed('credentials_repeated', 'the request has more than one Authorization header')

/** Credentials that make the request malformed (RFC 6750 §3.1). */
export function malformed(code: RefusalCode, message: string, scheme?: 'dpop'): Credentials {
  return { kind: 'malformed', code, message, scheme }
}

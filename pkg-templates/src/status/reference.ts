/** Reads where the status of a token is: the claim `status` (draft-ietf-oauth-status-list §6.2). */
import { memberOf } from '../base/record.js'
import type { Refusal } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import { isTrustworthy, webUrl } from '../base/url.js'

/** An entry of a status list. */
export interface Reference {
  /** The address of the list. */
  readonly uri: string
  /** The index of the entry, a whole number from 0. */
  readonly index: number
}

/** Returns the entry of a token; `undefined` without the claim. */
export function referenceOf(claims: JWTPayload): Reference | Refusal | undefined {
  const status = memberOf(claims, 'status')
  if (status === undefined) return undefined
  const list = isObject(status) ? memberOf(status, 'status_list') : undefined
  if (!isObject(list)) return MALFORMED
  const index = memberOf(list, 'idx')
  const uri = memberOf(list, 'uri')
  return typeof uri === 'string' && Number.isSafeInteger(index) && (index as number) >= 0 ? { uri, index: index as number } : MALFORMED
}

/**
 * Whether a list may be at this address. An allowed address with a `/` at its end allows what is below it, any other one only itself. The
 * address must be written as a URL parser writes it: no `..`, no credentials, no other spelling of the host.
 */
export function isAllowed(uri: string, allowed: readonly string[]): boolean {
  const url = webUrl(uri)
  // Servers may decode these to slashes.
  if (url === undefined || url.href !== uri || /#|%2f|%5c/i.test(uri)) return false
  return allowed.some((address) => (address.endsWith('/') ? uri.startsWith(address) : uri === address))
}

/** Returns an allowed address as a URL parser writes it; `undefined` if lists must not be there. */
export function allowedAddress(text: string): string | undefined {
  if (!isTrustworthy(text)) return undefined
  const { href, search } = new URL(text)
  return href.includes('#') || (href.endsWith('/') && search !== '') ? undefined : href
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const of = { class: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'status' }
const MALFORMED: Refusal = {
  ...of,
  reason: 'invalid',
  code: 'status_malformed',
  message: '"status" claim must have a `status_list` with a whole number `idx` and a text `uri`',
}
export const MISSING: Refusal = { ...of, reason: 'missing', code: 'status_missing', message: 'missing required "status" claim' }
export const NOT_ALLOWED: Refusal = {
  ...of,
  reason: 'check_failed',
  code: 'status_uri',
  message: 'the status list is not below an address of `uris`',
}

/** Returns why a token with this status is refused; `undefined` for 0x00, VALID (draft §7.1). Without an entry, `status` is `undefined`. */
export function statusRefusal(status: number | undefined): Refusal | undefined {
  if (status === 0) return undefined
  const refusal = (code: Refusal['code'], message: string): Refusal => ({ ...of, reason: 'check_failed', code, message, detail: message })
  if (status === undefined) return refusal('status_index', 'the status list has no entry for the token')
  if (status === 1) return refusal('status_invalid', 'the token was revoked')
  if (status === 2) return refusal('status_suspended', 'the token is suspended')
  return { ...refusal('status_other', 'the token is not valid'), message: `the status of the token is ${status}, not 0` }
}

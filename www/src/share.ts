/** The share link: all of it after the `#`, which browsers send to no server. */
import { decode, encode } from './base64url.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'

/** What a link carries. */
export interface Shared {
  readonly text: string
  readonly keys?: string
  readonly issuer?: string
  readonly audience?: string
  readonly algorithms?: string
  readonly tolerance?: string
  readonly needs?: string
  readonly at?: number
}

const NAMES = ['text', 'keys', 'issuer', 'audience', 'algorithms', 'tolerance', 'needs'] as const
/** The longest fragment that is read, in characters. */
const LONGEST = 100_000

/**
 * The token alone, without its signature unless `signature` is set. Other credentials of the pasted text, such as a code or a cookie,
 * never get into a link.
 */
export function shareableText(report: Report, signature: boolean): string {
  const { token } = report
  if (token === undefined) return ''
  const parts = token.text.split('.')
  if (signature || parts.length !== 3) return token.text
  return `${parts[0]}.${parts[1]}.`
}

/** The keys as they were entered if all of them are public, else none. */
export function shareableKeys(report: Report, keys: string): string | undefined {
  const entered = report.keys.filter(({ from }) => from === 'entered')
  if (keys.trim() === '' || entered.length === 0) return undefined
  const isPublic = entered.every(({ form, kty, privateMembers }) => form !== 'secret' && form !== 'unknown' && kty !== undefined && kty !== 'oct' && (privateMembers ?? []).length === 0)
  return isPublic ? keys : undefined
}

/** The fragment for these contents, with `#`. */
export function fragmentOf(shared: Shared): string {
  const bytes = new TextEncoder().encode(JSON.stringify(shared))
  return `#v1.${encode(bytes)}`
}

/** The contents of a fragment; `undefined` where it is not one of ours. */
export function sharedFrom(fragment: string): Shared | undefined {
  if (fragment.length > LONGEST) return undefined
  // Links to other inspectors have the token alone, such as `#token=eyJ…`.
  const token = new URLSearchParams(fragment.slice(1)).get('token') ?? undefined
  if (token !== undefined) return { text: token }
  if (!fragment.startsWith('#v1.')) return undefined
  try {
    const bytes = decode(fragment.slice(4))
    const read = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>
    const texts = NAMES.filter((name) => Object.hasOwn(read, name) && typeof read[name] === 'string').map((name) => [name, read[name]])
    const at = Object.hasOwn(read, 'at') && typeof read['at'] === 'number' && Number.isFinite(read['at']) ? { at: read['at'] } : {}
    return { text: '', ...Object.fromEntries(texts), ...at }
  } catch {
    return undefined
  }
}

/** A status list, and how it is read from a status list token (draft-ietf-oauth-status-list §4.2, §5.1). */
import { bytesOf } from '../base/bytes.js'
import { memberOf, record } from '../base/record.js'
import { errorFrom, type Refusal } from '../base/refusal.js'
import type { RefusalCode } from '../base/refusal_codes.js'
import { invalid } from '../remote/fetch_text.js'
import type { Kind } from '../remote/source_options.js'
import type { Judge } from '../verify/judge.js'
import { inflate } from './inflate.js'
import { isObject } from './reference.js'

/** A verified list. Times are seconds. */
export interface StatusList {
  readonly bytes: Uint8Array
  /** The bits of one entry. */
  readonly bits: number
  /** When it was issued, and when it expires, since 1970. */
  readonly iat: number
  readonly exp: number | undefined
  /** How long it may be kept. */
  readonly ttl: number | undefined
}

/** Returns the status at an index; `undefined` beyond the end. */
export function statusAt({ bytes, bits }: StatusList, index: number): number | undefined {
  const perByte = 8 / bits
  const byte = bytes[Math.floor(index / perByte)]
  return byte === undefined ? undefined : (byte >> ((index % perByte) * bits)) & (2 ** bits - 1)
}

/** Which list is expected. */
export interface Expected {
  /** Its address. */
  readonly uri: string
  /** The issuer of the token, if the token names one. */
  readonly issuer: string | undefined
  /** Verifies status list tokens of this issuer. */
  readonly judge: Judge
  /** The most bytes that the list may have, decompressed. */
  readonly maxBytes: number
  /** The clock of the gate, in seconds. */
  readonly now: () => number
}

/** How such a list is read. `onRead` is called with the bytes that it takes. */
export function statusListKind(expected: Expected, onRead: (bytes: number) => void): Kind<StatusList> {
  return record<Kind<StatusList>>({
    about: ['status_list', 'the status list'],
    async read(answer, held) {
      const { text = held?.text ?? '', type = '', status } = answer
      // The media type is not case-sensitive, and may have parameters (RFC 9110 §8.3.1). A 304 has none.
      if (status === 200 && !/^application\/statuslist\+jwt *(;|$)/i.test(type)) {
        throw invalid('status_list_media_type', 'the media type of the status list is not `application/statuslist+jwt`')
      }
      const list = await readList(text.trim(), expected)
      // A server that is behind must not make a revoked token valid again.
      if (held !== undefined && list.iat < held.set.iat) throw invalid('status_list_older', 'the status list was issued before the one in hand')
      const { ttl = Infinity, exp = Infinity } = list
      const life = Math.floor(Math.min(ttl, exp - expected.now()))
      // These count more than HTTP's header fields (§8.2). `ttl` counts from the fetch.
      if (life < Infinity) Object.assign(answer, record({ age: 0, cacheControl: `max-age=${Math.max(0, life)}` }))
      onRead(list.bytes.length + text.length)
      return list
    },
  })
}

async function readList(token: string, { uri, issuer, judge, maxBytes }: Expected): Promise<StatusList> {
  const verdict = await judge.judge(token, undefined)
  if (!verdict.ok) {
    const { code, message } = problemOf(verdict.refusal)
    throw invalid(code, message, errorFrom(verdict.refusal))
  }
  const claims = verdict.payload
  const iss = memberOf(claims, 'iss')
  if (memberOf(claims, 'sub') !== uri) throw invalid('status_list_subject', "the `sub` of the status list is not the token's `uri`")
  if (iss !== undefined && iss !== issuer) throw invalid('status_list_issuer', 'the status list is from another issuer than the token')
  const list = memberOf(claims, 'status_list')
  const [iat, exp, ttl] = [memberOf(claims, 'iat'), memberOf(claims, 'exp'), memberOf(claims, 'ttl')]
  const isPositive = typeof ttl === 'number' && ttl > 0
  if (!isObject(list) || typeof iat !== 'number' || (ttl !== undefined && !isPositive)) {
    throw invalid('status_list_malformed', 'the status list lacks `iat` or `status_list`, or its `ttl` is not a positive number')
  }
  const [bits, lst] = [memberOf(list, 'bits'), memberOf(list, 'lst')]
  if (typeof bits !== 'number' || ![1, 2, 4, 8].includes(bits)) throw invalid('status_list_bits', 'the `bits` of the status list are not 1, 2, 4 or 8')
  const data = typeof lst === 'string' && isBase64url(lst) ? bytesOf(lst) : undefined
  const bytes = data === undefined ? 'damaged' : await inflate(data, maxBytes)
  if (bytes === 'damaged') throw invalid('status_list_deflate', 'the `lst` of the status list is not base64url of ZLIB data, or is damaged')
  if (bytes === 'too large') throw invalid('status_list_inflated', `the status list is larger than ${maxBytes} bytes when it is decompressed`)
  return { bytes, bits, iat, exp, ttl: ttl as number | undefined }
}

/** Whether a text is base64url without padding (RFC 7515 §2). */
function isBase64url(text: string): boolean {
  return /^[\w-]+$/.test(text) && text.length % 4 !== 1
}

/** Why a status list token is refused. */
function problemOf({ code, class: kind }: Refusal): { code: RefusalCode; message: string } {
  if (code.startsWith('type_')) return { code: 'status_list_type', message: 'the `typ` of the status list is not `statuslist+jwt`' }
  if (code === 'expired') return { code: 'status_list_expired', message: 'the status list has expired' }
  if (/SIGNATURE|NO_MATCHING_KEY|ALG_NOT_ALLOWED/.test(kind)) {
    return { code: 'status_list_signature', message: "the signature of the status list is not accepted with the issuer's keys and algorithms" }
  }
  return { code: 'status_list_malformed', message: 'the status list is not a valid JWT' }
}

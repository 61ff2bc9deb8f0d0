/**
 * The entry `jotgate/decode`: decodes tokens without WebAssembly, for pages and apps that show who is logged in. **Nothing is verified**:
 * a token may contain anything. The refusals are those of the core.
 *
 * @packageDocumentation
 */
import { binaryOf } from '../base/bytes.js'
import type { RefusalCode } from '../base/refusal_codes.js'
import type { UnverifiedHeader } from './decode.js'
import type { JWTPayload } from '../base/types.js'

export { hasScope, scopesOf, secondsLeft } from './claims.js'

/** The text is not a token with claims. `refusal` is the exact reason. */
export class JWTInvalid extends Error {
  override name = 'JWTInvalid'
  /** The class of failure, the same as in `jotgate`'s class of this name. */
  readonly code = 'ERR_JWT_INVALID'
  /** The exact reason: `token_parts`, `header_base64url`, `claims_duplicate_member`, … */
  readonly refusal: RefusalCode

  constructor(refusal: RefusalCode) {
    super(messageOf(refusal))
    this.refusal = refusal
  }
}

/**
 * Returns the claims of a token, **without verifying anything**. At most 1 MiB is read.
 *
 * @throws {@link JWTInvalid} if the text is not a token with claims
 */
export function decodeJwt<Claims = JWTPayload>(token: string): Claims & JWTPayload {
  try {
    const [header, payload] = parts(token)
    object(header, 'header', 'header')
    return object(payload, 'payload', 'claims') as Claims & JWTPayload
  } catch (refusal) {
    throw new JWTInvalid(refusal as RefusalCode)
  }
}

/**
 * Returns the header of a token, **without verifying anything**. The payload is not read. At most 1 MiB is read. An encrypted token in
 * five parts is accepted, too.
 *
 * @throws `TypeError` if there is no header
 */
export function decodeProtectedHeader(token: string): UnverifiedHeader {
  try {
    const { length, 0: header } = typeof token === 'string' ? token.split('.', 6) : []
    if (length !== 3 && length !== 5) throw 'header_missing'
    return object(parts(`${header}..`)[0], 'header', 'header')
  } catch (refusal) {
    throw Object.assign(new TypeError(messageOf(refusal as string)), { refusal })
  }
}

// The functions below throw the code of a refusal as a string, so that the entry stays small.

function messageOf(refusal: string): string {
  return `not decoded: ${refusal}`
}

function parts(token: unknown): string[] {
  if (typeof token !== 'string') throw 'token_not_text'
  // Without an encoder, as in Jest's jsdom, code units count as bytes. They differ only in tokens that are refused anyway.
  if ((globalThis.TextEncoder ? new TextEncoder().encode(token) : token).length > 1 << 20) throw 'token_too_long'
  const found = token.split('.', 4)
  if (found.length !== 3) throw 'token_parts'
  return found
}

function object(part: string | undefined, name: string, what: string): Record<string, unknown> {
  let binary = ''
  try {
    binary = binaryOf(part!)
  } catch {
    // `binary` stays empty, and the comparison below rejects every part that is not empty.
  }
  // `atob` accepts padding, white space and non-zero trailing bits. Encoding again detects them (RFC 4648 §3.5).
  if (btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '') !== part) throw `${name}_base64url`
  let text: string
  try {
    text = decodeURIComponent(binary.replace(/[^]/g, (byte) => `%${(byte.charCodeAt(0) + 256).toString(16).slice(1)}`))
  } catch {
    throw `${what}_not_utf8`
  }
  if (text[0] === '\ufeff') throw `${what}_not_utf8`
  const problem = problemOf(text)
  if (problem) throw what + problem
  return JSON.parse(text)
}

/** Finds problems that `JSON.parse` accepts: duplicate names, deep nesting, numbers beyond a double, lone surrogates. */
function problemOf(text: string): string | undefined {
  const lexemes = /[ \t\n\r]*("(?:[^\\"]|\\.)*"|[-+.\w]+|[^]?)/y
  const next = () => lexemes.exec(text)![1]!
  const scalar = (lexeme: string) => {
    const value: unknown = JSON.parse(lexeme)
    if (value === Infinity || value === -Infinity || /[\ud800-\udfff]/u.test(value as string)) throw 0
    return value
  }
  const value = (lexeme: string, depth: number) => {
    const close = lexeme === '{' ? '}' : lexeme === '[' && ']'
    if (!close) return scalar(lexeme)
    if (depth > 127) throw '_too_deep'
    const names: unknown[] = []
    lexeme = next()
    // `}` is greater than `]`, so this branch is for objects.
    while (lexeme !== close || names.length) {
      if (close > ']') {
        if (lexeme[0] !== '"') throw 0
        names.push(scalar(lexeme))
        if (next() !== ':') throw 0
        lexeme = next()
      } else names.push(names.length)
      value(lexeme, depth + 1)
      lexeme = next()
      if (lexeme === close) break
      if (lexeme !== ',') throw 0
      lexeme = next()
    }
    if (new Set(names).size < names.length) throw '_duplicate_member'
    return
  }
  try {
    const first = next()
    value(first, 0)
    if (next()) throw 0
    return first === '{' ? undefined : '_not_object'
  } catch (problem) {
    return typeof problem === 'string' ? problem : '_malformed'
  }
}

/**
 * A token enters, what it says of itself leaves: **nothing is verified**, whoever wrote it may have written anything. For
 * pages and apps that show whose session it is: plain JavaScript, no WebAssembly, and the same refusals as the core.
 *
 * @packageDocumentation
 */
import type { RefusalCode } from '../base/refusal_codes.js'
import type { UnverifiedHeader } from './decode.js'
import type { JWTPayload } from '../base/types.js'

export { hasScope, scopesOf, secondsLeft } from './claims.js'

/** It is no token with claims; `refusal` tells the exact reason. */
export class JWTInvalid extends Error {
  override name = 'JWTInvalid'
  /** The class of failure, the same as that of `jotgate`'s class of this name. */
  readonly code = 'ERR_JWT_INVALID'
  /** The exact reason: `token_parts`, `header_base64url`, `claims_duplicate_member`, … */
  readonly refusal: RefusalCode

  constructor(refusal: RefusalCode) {
    super(told(refusal))
    this.refusal = refusal
  }
}

/**
 * The claims of a token, **without verifying anything**. At most 1 MiB is read.
 *
 * @throws {@link JWTInvalid} if it is no token with claims
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
 * The header of a token, **without verifying anything**: the payload is not even looked at. At most 1 MiB is read. An
 * encrypted token in five parts is taken too.
 *
 * @throws `TypeError` if there is no header in it
 */
export function decodeProtectedHeader(token: string): UnverifiedHeader {
  try {
    const { length, 0: header } = typeof token === 'string' ? token.split('.', 6) : []
    if (length !== 3 && length !== 5) throw 'header_missing'
    return object(parts(`${header}..`)[0], 'header', 'header')
  } catch (refusal) {
    throw Object.assign(new TypeError(told(refusal as string)), { refusal })
  }
}

// Below, what is thrown is the code of a refusal: text alone, so that all of it stays small.

function told(refusal: string): string {
  return `not decoded: ${refusal}`
}

function parts(token: unknown): string[] {
  if (typeof token !== 'string') throw 'token_not_text'
  // Where there is no encoder – in Jest's jsdom – units count for bytes: they differ for what is refused anyway.
  if ((globalThis.TextEncoder ? new TextEncoder().encode(token) : token).length > 1 << 20) throw 'token_too_long'
  const found = token.split('.', 4)
  if (found.length !== 3) throw 'token_parts'
  return found
}

function object(part: string | undefined, name: string, what: string): Record<string, unknown> {
  let binary = ''
  try {
    binary = atob(part!.replace(/-/g, '+').replace(/_/g, '/'))
  } catch {
    // Not equal to the part below, unless that is empty and right.
  }
  // `atob` forgives padding, white space and stray bits; the way back does not (RFC 4648 §3.5).
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

/** What `JSON.parse` overlooks: names that stand twice, depth, numbers beyond a double, half characters. */
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
    // `}` comes after `]`, so this asks for an object's name.
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

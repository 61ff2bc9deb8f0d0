/** The types that reports of tokens and of documents share. */

/**
 * The result of a check.
 *
 * - `holds`: checked and right.
 * - `fails`: checked and wrong.
 * - `unknown`: not checked, because something is missing. `why` names it.
 */
export type Status = 'holds' | 'fails' | 'unknown'

/** A claim or a header parameter. */
export interface ClaimReport {
  readonly name: string
  /** The JSON Pointer (RFC 6901), such as `/cnf/jkt`. */
  readonly path: string
  /** The value's exact JSON text. */
  readonly rawJson: string
  /** The meaning of the name, if it is known. */
  readonly meaning?: string
  /** The source of the meaning, such as `RFC 7519 §4.1.4` or `Auth0`. */
  readonly source?: string
  /** The meaning of this value in one sentence, such as `Signed with ECDSA; the public key verifies.` */
  readonly valueMeaning?: string
  /** The value of a time. */
  readonly time?: TimeReport
  /** The entries of a list of scopes, permissions or roles. */
  readonly list?: readonly string[]
  /** Whether the name is repeated in its object. */
  readonly duplicate?: true
  /** A remark about an unusual value in one sentence, such as an integer that JavaScript cannot represent. */
  readonly note?: string
  /** The members of an object. */
  readonly members?: readonly ClaimReport[]
}

/** A time in the forms that people read. */
export interface TimeReport {
  readonly seconds: number
  /** ISO 8601 in UTC. */
  readonly iso: string
  /** The local form, in the runtime's time zone. */
  readonly local?: string
  /** Relative to `now`, such as `in 5 minutes` or `42 seconds ago`. */
  readonly relative: string
  /** Whether the value looks like milliseconds; if so, the other members read it as milliseconds. */
  readonly milliseconds?: true
}

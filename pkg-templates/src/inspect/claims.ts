/** The parts that reports of tokens and of documents share. */

/**
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
  /** What it means, where it is known. */
  readonly meaning?: string
  /** Where the meaning comes from, such as `RFC 7519 §4.1.4` or `Auth0`. */
  readonly source?: string
  /** What this value means, in one sentence, such as `Signed with ECDSA; the public key verifies.` */
  readonly valueMeaning?: string
  /** The value of a time. */
  readonly time?: TimeReport
  /** The entries of a list of scopes, permissions or roles. */
  readonly list?: readonly string[]
  /** Whether the name is repeated in its object. */
  readonly duplicate?: true
  /** What is odd about the value, in one sentence, such as an integer that JavaScript cannot hold. */
  readonly note?: string
  /** The members of an object. */
  readonly members?: readonly ClaimReport[]
}

/** A time in the forms that people read. */
export interface TimeReport {
  readonly seconds: number
  /** ISO 8601 in UTC. */
  readonly iso: string
  /** The host's form in its time zone. */
  readonly local?: string
  /** Relative to `now`, such as `in 5 minutes` or `42 seconds ago`. */
  readonly relative: string
  /** Whether the value looks like milliseconds; the other members read it as milliseconds then. */
  readonly milliseconds?: true
}

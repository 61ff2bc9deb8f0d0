/** The interface between a gate and the proofs of possession of other entries: `jotgate/dpop` and `jotgate/mtls`. */
import type { JWTPayload } from '../base/types.js'
import type { Denial } from './denial.js'
import { joined } from '../base/joined.js'
import type { ReadField, RequestLike } from './request.js'

/** A way to prove possession of the key that a token is bound to (RFC 7800). `dpop` and `mtls` make such values. */
export interface ProofOfPossession {
  /** The member of `cnf` that it proves. */
  readonly member: 'jkt' | 'x5t#S256'
}

/** The member with the function that joins all values of the option `proof`. All copies of the package share this symbol. */
export const JOIN: unique symbol = Symbol.for('jotgate.proof') as never

/** The facts about the gate that a proof needs. */
export interface ProofContext {
  /** The option `resource`. */
  readonly resource: string | undefined
  /** The gate's clock, in seconds. */
  readonly now: () => number
}

/** A request with a token whose signature and claims are valid. */
export interface ProofAttempt {
  readonly request: RequestLike
  readonly field: ReadField
  readonly token: string
  readonly scheme: 'dpop' | undefined
  readonly claims: JWTPayload
}

/** All proofs of possession that a gate takes. */
export interface Proof {
  /** Whether `Authorization: DPoP` is accepted. */
  readonly takesDpop: boolean
  /** The members that the proofs add to the resource's metadata (RFC 9728 §2). */
  readonly metadata: object
  /** Returns the value of `WWW-Authenticate`. `parameters` returns the common parameters, with an error code or without. */
  challenge(parameters: (error?: string) => string, error: string | undefined, scheme: 'dpop' | undefined): string
  /** Returns why `cnf` is not proven, or `undefined` if it is. Each yielded value may be a promise. */
  check(attempt: ProofAttempt): Generator<unknown, Denial | undefined, unknown>
}

/** Reads the option `proof`. */
export const proofsFrom = /* @__PURE__ */ joined<ProofContext, Proof>(JOIN, '`dpop` or `mtls`')

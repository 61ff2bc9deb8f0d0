/** The interface between gates or verifiers and the entry `jotgate/status`. */
import { joined } from '../base/joined.js'
import type { Judge, JudgeContext } from './judge.js'

/** How the status of tokens is looked up. `statusLists` of `jotgate/status` makes such values. */
export interface TokenStatus {
  /** Where status lists may be: addresses, or their beginnings up to a `/`. Without them, below the issuer's own address. */
  readonly uris: readonly string[] | undefined
}

/** The option for the status of tokens. */
export interface StatusOptions {
  /**
   * Refuses revoked and suspended tokens by the status lists of their issuer: `statusLists` of `jotgate/status`. Without it, the claim
   * `status` is ignored.
   */
  status?: TokenStatus
}

/** The member with the function that joins the values of the option `status`. All copies of the package share it. */
export const JOIN_STATUS: unique symbol = Symbol.for('jotgate.status') as never

/** Reads the option `status`. */
export const statusFrom = /* @__PURE__ */ joined<JudgeContext, Judge>(JOIN_STATUS, '`statusLists`')

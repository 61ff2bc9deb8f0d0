/** The interface between a gate and the entry `jotgate/introspection`. */
import { joined } from '../base/joined.js'
import type { Judge, JudgeContext } from '../verify/judge.js'

/** An introspection endpoint (RFC 7662). The function `introspection` makes such values. */
export interface Introspection {
  /** The issuer whose tokens the endpoint knows: the option `issuer`. */
  readonly issuer: string | undefined
}

/** The member with the function that joins all values of the option `introspection`. All copies of the package share this symbol. */
export const JOIN_INTROSPECTIONS: unique symbol = Symbol.for('jotgate.introspection') as never

/** Reads the option `introspection`. */
export const introspectionsFrom = /* @__PURE__ */ joined<JudgeContext, Judge>(JOIN_INTROSPECTIONS, '`introspection`')

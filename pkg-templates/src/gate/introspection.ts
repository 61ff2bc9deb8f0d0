/** The interface between a gate and the entry `jotgate/introspection`. */
import type { Judge } from '../verify/judge.js'
import type { PolicyFields } from '../verify/policy.js'
import { joined } from './joined.js'

/** An introspection endpoint (RFC 7662). The function `introspection` makes such values. */
export interface Introspection {
  /** The issuer whose tokens the endpoint knows: the option `issuer`. */
  readonly issuer: string | undefined
}

/** The member with the function that joins all values of the option `introspection`. All copies of the package share this symbol. */
export const JOIN_INTROSPECTIONS: unique symbol = Symbol.for('jotgate.introspection') as never

/** The rules of one issuer of the gate. */
export interface IssuerRules {
  readonly fields: PolicyFields
  /** Makes a verifier with this issuer's keys and other rules. */
  verifierFor(fields: PolicyFields): Judge
}

/** The facts about the gate that an introspection needs. */
export interface IntrospectionContext {
  /** Verifies JWTs. */
  readonly local: Judge
  readonly rules: readonly IssuerRules[]
  /** The gate's clock, in seconds. */
  readonly now: () => number
}

/** Reads the option `introspection`. */
export const introspectionsFrom = /* @__PURE__ */ joined<IntrospectionContext, Judge>(JOIN_INTROSPECTIONS, '`introspection`')

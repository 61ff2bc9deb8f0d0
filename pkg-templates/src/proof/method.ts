/** Joins the proofs of possession of a gate: every member of `cnf` must be proven (RFC 7800 §3, RFC 9449 §6, RFC 8705 §3). */
import { isGiven, memberOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { type Denial, invalidToken } from '../gate/denial.js'
import { JOIN, type Proof, type ProofAttempt, type ProofContext, type ProofOfPossession } from '../gate/proof.js'
import type { MaybePromise } from '../gate/types.js'

/** One way to prove possession. */
export interface ProofMethod {
  /** The member of `cnf` that this method proves. */
  readonly member: ProofOfPossession['member']
  /** Whether tokens without that member are refused. */
  readonly required: boolean
  /** The members that it adds to the resource's metadata (RFC 9728 §2). */
  readonly metadata: object
  /** The parameters of the challenge with the scheme `DPoP`, if the method has that scheme. */
  readonly dpopParameters?: string
  /** Returns the check for one gate. `expected` is the value in `cnf`. */
  prepare(context: ProofContext): (attempt: ProofAttempt, expected: string) => MaybePromise<Denial | undefined>
}

/** Makes the value that the option `proof` takes. */
export function proofValue(method: ProofMethod): ProofOfPossession {
  const value = { member: method.member }
  Object.defineProperty(value, JOIN, record({ value: joinProofs }))
  Object.defineProperty(value, METHOD, record({ value: method }))
  return Object.freeze(value)
}

/** Entries are bundled separately: a value may come from another copy of this file. */
const METHOD: unique symbol = Symbol.for('jotgate.proof.method') as never

function joinProofs(values: readonly unknown[], context: ProofContext): Proof {
  const methods = values.map((value) => {
    const method = typeof value === 'object' && value !== null ? (value as { [METHOD]?: ProofMethod })[METHOD] : undefined
    if (method === undefined) throw optionError('proof', 'must be made by `dpop` or `mtls`')
    return method
  })
  const checks = new Map(methods.map((method) => [method.member as string, method.prepare(context)]))
  if (checks.size !== methods.length) throw optionError('proof', 'contains the same kind twice')
  const required = methods.filter((method) => method.required).map(({ member }) => member)
  const dpopParameters = methods.find((method) => method.dpopParameters !== undefined)?.dpopParameters
  const onlyDpop = required.includes('jkt')

  return {
    takesDpop: dpopParameters !== undefined,
    metadata: Object.assign({}, ...methods.map(({ metadata }) => metadata)) as object,
    challenge(parameters, error, scheme) {
      if (dpopParameters === undefined) return `Bearer ${parameters(error)}`
      if (onlyDpop) return `DPoP ${parameters(error)}, ${dpopParameters}`
      // The error belongs to the scheme of the request (RFC 9449 §7.1). `Bearer` is first, because some clients read only the first scheme.
      if (scheme !== 'dpop') return `Bearer ${parameters(error)}, DPoP ${dpopParameters}`
      return `Bearer ${parameters()}, DPoP ${error === undefined ? '' : `${parameters(error)}, `}${dpopParameters}`
    },
    *check(attempt) {
      const { claims, scheme } = attempt
      const confirmation = memberOf(claims, 'cnf')
      const members = confirmation === undefined ? [] : membersOf(confirmation)
      // RFC 7800 §3.1: an unknown member cannot be proven.
      if (members === undefined || !members.every(([name]) => checks.has(name))) return UNKNOWN
      const bound = (member: string) => members.some(([name]) => name === member)
      if (!required.every(bound)) return UNBOUND
      if (bound('jkt') !== (scheme === 'dpop')) return scheme === 'dpop' ? UNBOUND : SCHEME
      for (const [name, expected] of members) {
        const denial = (yield checks.get(name)?.(attempt, expected)) as Denial | undefined
        if (denial !== undefined) return denial
      }
      return undefined
    },
  }
}

/** Returns the members of `cnf`. Returns `undefined` if it is not an object of strings, or if it is empty. */
function membersOf(confirmation: unknown): [name: string, value: string][] | undefined {
  if (typeof confirmation !== 'object' || confirmation === null || Array.isArray(confirmation)) return undefined
  const members = Object.entries(confirmation)
  const isValid = members.length > 0 && members.every(([name, value]) => typeof value === 'string' && isGiven(confirmation, name))
  return isValid ? (members as [string, string][]) : undefined
}

const UNKNOWN = /* @__PURE__ */ invalidToken('confirmation_not_enforced', "the token's cnf is not accepted")
const UNBOUND = /* @__PURE__ */ invalidToken('token_not_bound', 'the token is not bound to a key of the client')
const SCHEME = /* @__PURE__ */ invalidToken('dpop_scheme_required', 'the token is bound to a key: send it with the scheme DPoP and a proof')

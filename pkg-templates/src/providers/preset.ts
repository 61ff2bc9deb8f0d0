/** The code that presets share: the type of their results, and parsers for their options. */
import { text, texts } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import type { RequestLike } from '../gate/request.js'
import type { Authorize, GateSettings, MaybePromise, RuleAnswer } from '../gate/types.js'

/** Options of `createGate`. Spread them into yours: `createGate({ ...preset, audience })`. */
export type Preset<Names extends keyof GateSettings> = Required<Pick<GateSettings, Names>>

/** The type of a rule of `createGate`. */
export type Rule = Authorize['rule']

/** Returns a parser for one or several strings of this form. `form` describes the form in messages. */
export function textsLike(pattern: RegExp, form: string): (name: string, value: unknown) => string[] {
  return (name, value) => {
    const found = texts(name, value)
    if (!found.every((item) => pattern.test(item))) throw optionError(name, `must be ${form}`)
    return found
  }
}

/** Returns a parser for a string of this form. `form` describes the form in messages. */
export function textLike(pattern: RegExp, form: string): (name: string, value: unknown) => string {
  return (name, value) => {
    const found = text(name, value)
    if (!pattern.test(found)) throw optionError(name, `must be ${form}`)
    return found
  }
}

/** Returns a rule that refuses tokens whose claim is not one of these values (401), and then calls your own rule. */
export function requireClaim(claim: string, accepted: readonly string[], own: Rule | undefined): Rule {
  return (claims: JWTPayload, request: RequestLike, principal: unknown): MaybePromise<RuleAnswer> => {
    const value = memberOf(claims, claim)
    if (typeof value !== 'string' || !accepted.includes(value)) {
      return { status: 401, detail: `the token's ${claim} is not accepted` }
    }
    return own === undefined || own(claims, request, principal)
  }
}

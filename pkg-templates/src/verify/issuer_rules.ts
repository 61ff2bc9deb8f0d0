/** Collects the rules of each issuer, for values that verify other tokens of the issuer: signed answers and status lists. */
import { record } from '../base/record.js'
import type { IssuerRules } from './judge.js'
import type { MakeVerifier, Parts } from './parts.js'

/** Returns a function that makes verifiers by `make`, and adds the rules of each to `rules`. */
export function collecting<Keys>(rules: IssuerRules[], make: MakeVerifier<Keys>): MakeVerifier<Keys> {
  return (options, fields, keys, parts) => {
    // Other tokens of the issuer must not fill the cache of accepted tokens.
    const others = record({ ...parts, tokenCache: undefined }) as unknown as Parts
    rules.push({ fields, verifierFor: (other) => make(options, other, keys, others) })
    return make(options, fields, keys, parts)
  }
}

/** Checks which client a token was issued to (RFC 9068 §2.2). */
import { list, type Options } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import { type Denial, invalidToken } from './denial.js'
import { valueAt } from './rights.js'

/** Which clients may call the API. */
export interface ClientOptions {
  /** The clients accepted, by `client_id`, else `azp`, else `clientFrom`. Never by `sub`, which users choose at some issuers. */
  client?: string | readonly string[]
  /** The path of your issuer's claim for the client: `['cid']` for Okta, `['appid']` for Entra's tokens of version 1. */
  clientFrom?: readonly string[]
}

/** The names of {@link ClientOptions}. */
export const CLIENT_NAMES = ['client', 'clientFrom'] as const

/** Returns why the client of a token is not accepted, or `undefined` if it is. */
export type CheckClient = (claims: JWTPayload) => Denial | undefined

/** Returns the check for these options, or `undefined` if every client is accepted. */
export function clientCheck(options: Options): CheckClient | undefined {
  const accepted = options.read('client', (name, value) => list(name, Array.isArray(value) ? value : [value]))
  const own = options.read('clientFrom', list)
  if (accepted === undefined) {
    if (own !== undefined) throw optionError('clientFrom', 'requires `client`')
    return undefined
  }
  const paths = [['client_id'], ['azp'], ...(own === undefined ? [] : [own])]
  return (claims) => {
    const found = paths.map((path) => valueAt(claims, path)).find((value) => value !== undefined)
    return typeof found === 'string' && accepted.includes(found) ? undefined : invalidToken('client_mismatch', "the token's client is not accepted")
  }
}

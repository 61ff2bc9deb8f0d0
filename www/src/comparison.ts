/** What the banner compares: the value in the token beside the one that was expected. */
import type { ClaimReport } from '../../pkg-templates/src/inspect/claims.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { localTime } from './times_text.js'

/** What a token is compared with. */
export interface Expectations {
  readonly issuer: readonly string[]
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly needs: readonly string[]
  readonly typ: readonly string[]
}

/** A row: its name and its value. */
export type Row = readonly [string, string]

const IN_TOKEN = 'in the token'
const EXPECTED = 'expected'

/** The rows that show why a report's token is refused; empty where the reason says it all. */
export function comparison(report: Report, expected: Expectations): Row[] {
  const { refusal, cause, token } = report
  if (refusal === undefined || token === undefined) return []
  if (cause?.found !== undefined || cause?.expected !== undefined) {
    return [...(cause.found === undefined ? [] : [[IN_TOKEN, cause.found] as const]), ...(cause.expected === undefined ? [] : [[EXPECTED, cause.expected] as const])]
  }
  const claim = (name: string) => valueOf(token.claims, name)
  const parameter = (name: string) => valueOf(token.header, name)
  const both = (found: string, wanted: readonly string[]): Row[] => (wanted.length === 0 ? [[IN_TOKEN, found]] : [[IN_TOKEN, found], [EXPECTED, wanted.join(' ')]])
  switch (refusal.code) {
    case 'audience_mismatch':
      return both(claim('aud'), expected.audience)
    case 'issuer_mismatch':
      return both(claim('iss'), expected.issuer)
    case 'algorithm_not_allowed':
      return both(parameter('alg'), expected.algorithms)
    case 'type_mismatch':
      return both(parameter('typ'), expected.typ)
    case 'insufficient_scope':
      return both(claim(token.claims?.some(({ name }) => name === 'scp') === true ? 'scp' : 'scope'), expected.needs)
    case 'claim_missing':
      return refusal.claim === undefined ? [] : [['missing', refusal.claim]]
    case 'no_matching_key':
      return withKeys(report, parameter('kid'), parameter('alg'))
    case 'expired':
    case 'not_yet_valid':
    case 'issued_in_future':
    case 'too_old':
      // A cause says how much time is between the two.
      return cause === undefined ? timeOf(token.claims?.find(({ name }) => name === refusal.claim)) : []
    default:
      return []
  }
}

/** The key that the token names, beside the keys that there are. */
function withKeys({ keys }: Report, kid: string, alg: string): Row[] {
  const usable = keys.filter(({ from, usable }) => usable && (from === 'entered' || from === 'fetched'))
  const shown = usable.map((key) => `${key.kid ?? 'no kid'} (${key.alg ?? key.algorithms.join(', ')})`)
  return shown.length === 0 ? [] : [[IN_TOKEN, `${kid} (${alg})`], ['your keys', shown.join(', ')]]
}

function timeOf(claim: ClaimReport | undefined): Row[] {
  if (claim?.time === undefined) return []
  return [[claim.name, `${claim.time.relative}: ${localTime(claim.time.seconds) ?? claim.time.iso}`]]
}

/** A member's value as people read it: strings without quotes. */
function valueOf(members: readonly ClaimReport[] | undefined, name: string): string {
  const raw = members?.find((member) => member.name === name)?.rawJson
  if (raw === undefined) return 'none'
  const value: unknown = JSON.parse(raw)
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(' ') : raw
}

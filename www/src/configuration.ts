/** Makes the text of a `createGate` call from what was entered and what was proven. */
import type { Report } from '../../pkg-templates/src/inspect/report.js'

/** The gate's default of `clockTolerance`, in seconds. */
export const CLOCK_TOLERANCE = 5

/** What the call is made from. */
export interface Entered {
  readonly issuer: readonly string[]
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly tolerance: number
  readonly needs: readonly string[]
}

/**
 * The call. Issuer, audience and algorithm are taken from the token only where its signature matched a key that the user entered or
 * fetched: a token alone proves nothing about itself.
 */
export function configuration(report: Report, { issuer, audience, algorithms, tolerance, needs }: Entered): { text: string; proven: boolean } {
  const match = report.keys.find(({ matches, from }) => matches && (from === 'entered' || from === 'fetched'))
  const proven = match !== undefined && report.verdicts?.signature.status === 'holds'
  const claim = (name: string): string[] => {
    const found = proven ? report.token?.claims?.find((claim) => claim.name === name && claim.duplicate !== true) : undefined
    if (found === undefined) return []
    const value: unknown = JSON.parse(found.rawJson)
    return (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string')
  }
  const algorithm = proven ? report.token?.header?.find(({ name }) => name === 'alg')?.rawJson : undefined
  const given = {
    issuer: issuer.length > 0 ? issuer : claim('iss'),
    audience: audience.length > 0 ? audience : claim('aud'),
    algorithms: algorithms.length > 0 ? algorithms : algorithm === undefined ? [] : [JSON.parse(algorithm) as string],
  }
  const lines = [
    `  issuer: ${one(given.issuer, 'https://your-issuer.example')},`,
    `  audience: ${one(given.audience, 'https://your-api.example')},`,
    `  algorithms: ${list(given.algorithms.length > 0 ? given.algorithms : ['ES256'])},`,
  ]
  if (match?.url !== undefined) lines.push(`  jwksUri: ${JSON.stringify(match.url)},`)
  if (tolerance !== CLOCK_TOLERANCE) lines.push(`  clockTolerance: ${JSON.stringify(tolerance)},`)
  const check = needs.length > 0 ? `gate.check(request, { scopes: ${list(needs)} })` : 'gate.check(request)'
  const text = `import { createGate } from 'jotgate'\n\nconst gate = createGate({\n${lines.join('\n')}\n})\n\nconst pass = await ${check}\nif (!pass.ok) return pass.response()\n`
  return { text, proven }
}

const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`
const one = (values: readonly string[], placeholder: string): string =>
  values.length > 1 ? list(values) : JSON.stringify(values[0] ?? placeholder)

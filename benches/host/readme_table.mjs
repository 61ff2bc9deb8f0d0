/** The table of speed and size in the README, between its markers. */
import { digits, kibibytes, table, time } from './page_parts.mjs'

const PEERS = { 'jotgate': ['jotgate verify', 'jotgate verifySync'], 'jose': ['jose'], 'fast-jwt': ['fast-jwt'] }
const CONTESTS = [
  ['Node 24', 'node24', 'HS256'],
  ['Node 24', 'node24', 'RS256'],
  ['Node 24', 'node24', 'ES256'],
  ['workerd', 'workerd', 'ES256'],
]
const MARKERS = /(<!-- speed -->\n)[\s\S]*?(<!-- \/speed -->)/

/** The table; `–` for what was not measured. */
export function readmeTable({ contests, sizes, 'cold-start': coldStart }) {
  const names = Object.keys(PEERS)
  const shown = (value, format) => (value === undefined ? '–' : format(value))
  const rows = CONTESTS.map(([runtime, part, algorithm]) => {
    const cell = contests[part]?.find((one) => one.algorithm === algorithm && one.keys === 1 && one.tokens === 'fresh' && one.inFlight === 1)
    return [`${algorithm} in ${runtime}, µs a token`, ...names.map((name) => shown(cell && time(cell, PEERS[name]), digits))]
  })
  const first = coldStart?.node24?.ES256
  rows.push(['import to first ES256 verdict in Node 24, ms', ...names.map((name) => shown(first?.[name]?.median, digits))])
  rows.push(['one file for Node, minified, gzip', ...names.map((name) => shown(sizes?.bundles[name]?.gzip, kibibytes))])
  return table(['', ...names], rows)
}

/** The README with the table of these results. */
export function withReadmeTable(readme, summary) {
  if (!MARKERS.test(readme)) throw new Error('the README has no place for the table of speed and size')
  return readme.replace(MARKERS, (_, begin, end) => `${begin}${readmeTable(summary)}\n${end}`)
}

/** The table of speed and size in the README, between its markers. */
import { digits, kibibytes, table, time } from './page_parts.mjs'

const PEERS = { 'jotgate': ['jotgate verify', 'jotgate verifySync'], 'jose': ['jose'], 'fast-jwt': ['fast-jwt'] }
const CONTESTS = [
  ['Node 24', 'node24', 'HS256'],
  ['Node 24', 'node24', 'RS256'],
  ['Node 24', 'node24', 'ES256'],
  ['workerd', 'workerd', 'ES256'],
]
/** Rows of the cold start by name, and how the README calls them. */
const STARTS = [
  ['Node 24, not bundled', 'first verdict in Node 24, not bundled, ms of processor time'],
  ['Node 24, bundled', 'first verdict in Node 24, bundled, ms'],
  ['workerd: first request, gate at module scope, key given', 'first request in workerd, ms'],
  ['workerd: start of the isolate, gate made at module scope', 'start of an isolate in workerd, ms'],
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
  for (const [name, title] of STARTS) {
    const { ours, theirs } = coldStart?.rows?.find((row) => row.name === name) ?? {}
    rows.push([title, shown(ours, digits), shown(theirs, digits), '–'])
  }
  const worker = coldStart?.worker
  const more = (bytes) => (worker ? kibibytes(bytes - worker.nothing) : '–')
  rows.push(["a Worker's bundle grows by, gzip", more(worker?.jotgate), more(worker?.jose), '–'])
  rows.push(['one file for Node, minified, gzip', ...names.map((name) => shown(sizes?.bundles[name]?.gzip, kibibytes))])
  return table(['', ...names], rows)
}

/** The README with the table of these results. */
export function withReadmeTable(readme, summary) {
  if (!MARKERS.test(readme)) throw new Error('the README has no place for the table of speed and size')
  return readme.replace(MARKERS, (_, begin, end) => `${begin}${readmeTable(summary)}\n${end}`)
}

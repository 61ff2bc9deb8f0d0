/** Formats the results as docs/benchmarks.md. */
import { NAMES } from './names.mjs'
import { digits, item, kibibytes, prose, spread, table } from './page_parts.mjs'
import {
  coldStartMeaning,
  coldStartText,
  inTheWay,
  manner,
  memoryText,
  notShown,
  opening,
  ratiosText,
  repeatText,
  sizesText,
  tableMemoryText,
  forgedTokenText,
} from './page_text.mjs'

export function page(summary, plan) {
  const parts = [
    head(summary, plan),
    wanted(summary, plan),
    ...Object.entries(summary.contests).map(([runtime, cells]) => contest(summary, plan, runtime, cells)),
    plan.parts.includes('cold-start') ? coldStart(summary['cold-start']) : '',
    plan.parts.includes('sizes') ? sizes(summary.sizes) : '',
    plan.parts.includes('memory') ? memory(summary.memory) : '',
    plan.parts.includes('table-memory') ? tableMemory(summary['table-memory']) : '',
    plan.parts.includes('forged-token') ? forgedToken(summary['forged-token']) : '',
    absent(summary, plan),
    inTheWay,
    repeatText,
    notShown(summary.machine.cores),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

function head({ made, commit, machine, load, runs, rounds, packages, runtimes, failures, whole }, { keys }) {
  const { jotgate, ...peers } = packages
  const named = (name) => NAMES[name]?.replace(/ \d+$/, '') ?? name
  const listed = (list) => list.map(([name, version]) => `${named(name)} ${version}`).join(', ')
  const versions = Object.entries(runtimes).filter(([, version]) => version)
  return [
    '# Benchmarks',
    opening(made.slice(0, 10)),
    whole
      ? '![Tokens verified per second, by algorithm and package](benchmarks.svg)'
      : '**Part of the benchmark only, or a short one: for development, not for quoting.**',
    [
      item(`**Measured**: jotgate ${jotgate}${commit ? ` (${commit})` : ''}, as packed and installed from its tarball`),
      item(`**Against**: ${listed(Object.entries(peers))}`),
      ...(versions.length > 0 ? [item(`**In**: ${listed(versions)}`)] : []),
      item(`**On**: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}; the load of the
        machine was ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after${load.busy ? ': it was not idle' : ''}`),
      item(`**How often**: ${runs} run${runs > 1 ? 's' : ''} of ${rounds} rounds; each number is the median of the runs'
        medians, and half of all rounds lay between the small ones`),
      ...Object.entries(failures).map(([name, reason]) => item(`${NAMES[name]} could not be measured: ${reason}`)),
    ].join('\n'),
    manner(keys),
  ].join('\n\n')
}

function wanted({ ratios, limits }, { algorithms }) {
  const cell = ({ ratio, floor, met, missing }) => {
    if (missing !== undefined) return floor === undefined ? '–' : `– (${floor}) ✗`
    if (floor === undefined) return digits(ratio)
    return `${met ? `**${digits(ratio)}**` : digits(ratio)} (${floor}) ${met ? '✓' : '✗'}`
  }
  const rows = ratios.map(({ name, cells }) => [name, ...algorithms.map((algorithm) => cell(cells[algorithm]))])
  const reasons = ratios.flatMap(({ name, cells }) =>
    Object.entries(cells)
      .filter(([, { missing, floor }]) => missing !== undefined && floor !== undefined)
      .map(([algorithm, { missing }]) => ({ name, algorithm, missing })),
  )
  const byReason = {}
  for (const { name, algorithm, missing } of reasons) (byReason[`${name}: ${missing}`] ??= []).push(algorithm)
  const reasonLines = Object.entries(byReason).map(([reason, all]) => `- ${reason} (${all.join(', ')})`)
  return [
    '## Goals',
    ...(rows.length > 0 ? [ratiosText, table(['', ...algorithms], rows)] : []),
    ...(reasonLines.length > 0 ? [reasonLines.join('\n')] : []),
    ...(limits.length > 0
      ? [
          table(
            ['', 'is', 'may be', ''],
            limits.map(({ name, value, limit, met, missing }) => [
              name,
              value ?? missing,
              limit ?? '',
              met ? '✓' : '✗',
            ]),
          ),
        ]
      : []),
  ].join('\n\n')
}

const TITLES = {
  '1 fresh 1': 'One at a time, one key, fresh tokens',
  '1 fresh 32': '32 in flight, one key, fresh tokens',
  '1 repeated 1': 'One at a time, one key, repeated tokens',
  '1 repeated 32': '32 in flight, one key, repeated tokens',
  '20 fresh 1': 'One at a time, a set of 20 keys, fresh tokens',
  '20 fresh 32': '32 in flight, a set of 20 keys, fresh tokens',
  '20 repeated 1': 'One at a time, a set of 20 keys, repeated tokens',
  '20 repeated 32': '32 in flight, a set of 20 keys, repeated tokens',
}

function contest({ runtimes }, { algorithms }, runtime, cells) {
  if (cells.length === 0) return ''
  const tables = Object.entries(TITLES).flatMap(([name, title]) => {
    const [keys, tokens, inFlight] = name.split(' ')
    const own = cells.filter((cell) => cell.keys === +keys && cell.tokens === tokens && cell.inFlight === +inFlight)
    const ids = [...new Set(own.flatMap(({ microseconds }) => Object.keys(microseconds)))]
    if (ids.length === 0) return []
    const rows = ids.map((id) => [
      id.startsWith('jotgate') ? `**${id}**` : id,
      ...algorithms.map((algorithm) => {
        const found = own.find((cell) => cell.algorithm === algorithm)?.microseconds[id]
        return found === undefined ? '–' : spread(found)
      }),
    ])
    return [{ title, text: table(['µs a token', ...algorithms], rows) }]
  })
  const [first, ...others] = tables
  const folded = others.map(({ title, text }) => `<details><summary>${title}</summary>\n\n${text}\n\n</details>`)
  return [
    runtime === 'native'
      ? '## Native, without JavaScript'
      : `## ${NAMES[runtime].replace(/ \d+$/, '')} ${runtimes[runtime] ?? ''}`.trim(),
    `${first.title}:`,
    first.text,
    ...folded,
  ].join('\n\n')
}

function coldStart(measured) {
  if (!measured) return ''
  const { rows, cells, worker, about } = measured
  const goal = ({ ratio, goal }) => (goal === undefined ? '' : `at most ${goal} ${ratio <= goal ? '✓' : '✗'}`)
  const compared = rows.map((each) => [each.name, digits(each.ours), digits(each.theirs), digits(each.ratio), goal(each)])
  const both = ({ cpu, wall } = {}) => [cpu, wall].flatMap((time) => (time ? [digits(time.median), digits(time.p10)] : ['–', '–']))
  const each = Object.entries(cells).flatMap(([cell, contestants]) =>
    Object.entries(contestants).map(([name, times]) => [`${cell}: ${name}`, ...both(times)]),
  )
  const more = (bytes) => kibibytes(bytes - worker.nothing)
  return [
    '## Cold start',
    coldStartText,
    ...(about ? [about] : []),
    table(['', 'jotgate, ms', 'jose, ms', 'ratio', 'goal'], compared),
    coldStartMeaning,
    prose(`A Worker's files, compressed by gzip, are ${more(worker.jotgate)} larger with \`createGate\` and ${more(worker.jose)}
      larger with jose's \`jwtVerify\` than without either.${javascriptOf(worker, more)}`),
    `<details><summary>Every cell, before anything is subtracted</summary>\n\n${table(
      ['', 'processor, median', 'p10', 'clock, median', 'p10'],
      each,
    )}\n\n</details>`,
  ].join('\n\n')
}

/** What a worker with `jotgate/verifier` weighs; measured since 2026-11-30. */
function javascriptOf({ verifier, javascript }, more) {
  if (javascript === undefined) return ''
  const { bytes, goal } = javascript
  return ` With \`jotgate/verifier\` and a key given they are ${more(verifier)} larger; its JavaScript is ${(bytes / 1000).toFixed(1)} KB, minified
    (goal: at most ${goal / 1000} KB ${bytes <= goal ? '✓' : '✗'}).`
}

function sizes(measured) {
  if (!measured) return ''
  const { wasm, main, bundles } = measured
  const row = (name, { raw, gzip, brotli }) => [name, kibibytes(raw), kibibytes(gzip), kibibytes(brotli)]
  return [
    '## Sizes',
    sizesText,
    table(
      ['', 'raw', 'gzip', 'brotli'],
      [
        ...Object.entries(wasm).map(([name, weight]) => row(`WebAssembly, ${name}`, weight)),
        row('JavaScript of the main entry, all of it', main),
        ...Object.entries(bundles).map(([name, weight]) => row(`bundle: ${name}`, weight)),
      ],
    ),
  ].join('\n\n')
}

function memory(measured) {
  if (!measured) return ''
  return [
    '## Memory',
    memoryText,
    table(
      ['', 'MiB'],
      Object.entries(measured).map(([name, bytes]) => [name, (bytes / 1_048_576).toFixed(1)]),
    ),
  ].join('\n\n')
}

function tableMemory(measured) {
  if (!measured) return ''
  return [
    '## More keys than fit',
    tableMemoryText,
    table(
      ['', 'keys', 'µs in turn', 'µs without tables', 'ratio'],
      Object.entries(measured).map(([algorithm, { count, inTurn, untouched, ratio }]) => [
        algorithm,
        count,
        spread(inTurn),
        spread(untouched),
        spread(ratio),
      ]),
    ),
  ].join('\n\n')
}

function forgedToken(measured) {
  if (!measured) return ''
  return [
    '## A forged token',
    forgedTokenText,
    table(
      ['', 'µs in Workers', 'µs elsewhere'],
      Object.entries(measured).map(([algorithm, bounds]) => [algorithm, spread(bounds[16]), spread(bounds[64])]),
    ),
  ].join('\n\n')
}

function absent({ absent }, { algorithms }) {
  if (absent.length === 0) return ''
  const lines = absent.map(({ id, reason, where }) => {
    const places = Object.entries(where).map(([runtime, missing]) => {
      const some = missing.length < algorithms.length && !missing.every((algorithm) => reason.includes(algorithm))
      return `${NAMES[runtime]}${some ? ` (${missing.join(', ')})` : ''}`
    })
    return item(`${id}: ${reason} – ${places.join(', ')}`)
  })
  return ['## What is missing, and why', lines.join('\n')].join('\n\n')
}

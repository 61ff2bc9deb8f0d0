/** The results enter, the page for people leaves. */
import { TOKENS } from './fixtures.mjs'
import { NAMES } from './names.mjs'
import { kilobytes, digits, spread, table } from './page_parts.mjs'

export function page(summary, plan) {
  const parts = [
    head(summary, plan),
    wanted(summary, plan),
    ...Object.entries(summary.contests).map(([runtime, cells]) => contest(summary, plan, runtime, cells)),
    plan.parts.includes('cold-start') ? coldStart(summary['cold-start']) : '',
    plan.parts.includes('sizes') ? sizes(summary.sizes) : '',
    plan.parts.includes('memory') ? memory(summary.memory) : '',
    plan.parts.includes('table-memory') ? tableMemory(summary['table-memory']) : '',
    absent(summary),
    repeat(),
    notShown(summary),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

function head({ made, commit, machine, load, runs, rounds, packages, runtimes, failures, whole }, { keys }) {
  const { jotgate, ...peers } = packages
  const versions = Object.entries(runtimes).filter(([, version]) => version)
  const told = (list) => list.map(([name, version]) => `${NAMES[name]?.replace(/ \d+$/, '') ?? name} ${version}`).join(', ')
  const failed = Object.entries(failures).map(([name, reason]) => `- ${NAMES[name]} could not be measured: ${reason.split('\n')[0]}`)
  return [
    '# Benchmarks',
    `How fast jotgate verifies, beside what else there is for the job. This page was written by \`cargo xtask bench\` on
${made.slice(0, 10)}; change the benchmark, not the page.`,
    ...(whole ? [] : ['**Part of the benchmark only, or a short one: for whoever works on it, not for quoting.**']),
    ...(whole ? ['![Tokens verified per second, by algorithm and package](benchmarks.svg)'] : []),
    [
      `- **Measured**: jotgate ${jotgate}${commit ? ` (${commit})` : ''}, as packed and installed from its tarball`,
      `- **Against**: ${told(Object.entries(peers))}`,
      `- **In**: ${told(versions)}`,
      `- **On**: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}; the machine's load was
  ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after`,
      `- **How often**: ${runs} run${runs > 1 ? 's' : ''} of ${rounds} rounds; each number is the median of the runs' medians, and half of all
  rounds lay between the small ones`,
      ...failed,
    ].join('\n'),
    `All contestants of a runtime run in one process, in turns of a few milliseconds, in changing order. Each verifies the same
tokens – about 1 KB, as an identity provider issues them, a string that is new each time – under the same policy: the
algorithm, the issuer, the audience, \`exp\` and \`nbf\`. Before it is timed, each must accept good tokens and refuse seven bad
ones (other claims, another signature, another key, another audience, another issuer, expired, not valid yet); who does not is
left out. Each is used as its own documentation says, with keys imported once. *Fresh* tokens are ${TOKENS} different ones in turn, and
the caches have room for half of them, so that they never hit; *repeated* tokens are 64 in turn.${keys > 1 ? ` A *set* has ${keys} keys; the token names one by its \`kid\`.` : ''}`,
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
  const told = Object.entries(byReason).map(([reason, all]) => `- ${reason} (${all.join(', ')})`)
  return [
    '## What was to be reached',
    ...(rows.length > 0 ? [
    `Ratios of rates: how many tokens jotgate verifies while the other verifies one, one at a time and with one key unless the row
says otherwise; in brackets the floor. Of \`verify\` and \`verifySync\` the faster one counts, since a program can use either.`,
    table(['', ...algorithms], rows)] : []),
    ...(told.length > 0 ? [told.join('\n')] : []),
    ...(limits.length > 0
      ? [
          table(
            ['', 'is', 'may be', ''],
            limits.map(({ name, value, limit, met, missing }) => [name, value ?? missing, limit ?? '', met ? '✓' : '✗']),
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
    `## ${NAMES[runtime] === 'native' ? 'Native, without JavaScript' : NAMES[runtime].replace(/ \d+$/, '')}${runtimes[runtime] ? ` ${runtimes[runtime]}` : ''}`,
    `${first.title}:`,
    first.text,
    ...folded,
  ].join('\n\n')
}

function coldStart(measured) {
  if (!measured) return ''
  const rows = Object.entries(measured).flatMap(([runtime, algorithms]) =>
    Object.entries(algorithms).map(([algorithm, times]) => {
      const cell = (name) => (times[name] ? spread(times[name]) : '–')
      return [`${NAMES[runtime]}, ${algorithm}`, cell('jotgate'), cell('jose'), cell('fast-jwt'), cell('nothing')]
    }),
  )
  return [
    '## Cold start',
    `Milliseconds, each in a fresh process, in turns, bundled by esbuild. In Node from the import of the bundle to the first verdict;
in workerd from the start of its process to the answer of the first request, where *nothing* is a worker that verifies nothing:
take it off.`,
    table(['', 'jotgate', 'jose', 'fast-jwt', 'nothing'], rows),
  ].join('\n\n')
}

function sizes(measured) {
  if (!measured) return ''
  const { wasm, main, bundles } = measured
  const row = (name, { raw, gzip, brotli }) => [name, kilobytes(raw), kilobytes(gzip), kilobytes(brotli)]
  return [
    '## Sizes',
    `Minified by esbuild; gzip and brotli at their best. A *bundle* is one file for Node that verifies tokens with the package.`,
    table(
      ['', 'raw', 'gzip', 'brotli'],
      [
        ...Object.entries(wasm).map(([name, weight]) => row(`\`${name}\``, weight)),
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
    'Linear memory of the WebAssembly instance when 20 keys of an algorithm are hot: each has verified 700 tokens.',
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
    `Hot keys get tables, as far as there is memory for them (8 MiB). Here twice as many keys as fit are used in turn for a long time;
beside it the same keys when they are new and have no tables. Above 1, tables still pay.`,
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

function absent({ absent }) {
  const sections = Object.entries(absent).flatMap(([runtime, ids]) => {
    const lines = Object.entries(ids).flatMap(([id, reasons]) =>
      reasons.map(({ reason, where }) => `- ${id}: ${reason} (${where.join('; ')})`),
    )
    return lines.length === 0 ? [] : [`**${NAMES[runtime]}**\n\n${lines.join('\n')}`]
  })
  if (sections.length === 0) return ''
  return ['## Who is missing where, and why', `<details><summary>The reasons</summary>\n\n${sections.join('\n\n')}\n\n</details>`].join(
    '\n\n',
  )
}

function repeat() {
  return `## To repeat it

\`\`\`sh
cargo xtask bench                               # three runs of everything, an hour or more; writes this page
cargo xtask bench --quick                       # under two minutes: Node 20, Bun, cold start, sizes
cargo xtask bench --runtime workerd,native      # these alone; also cold-start, memory, table-memory, sizes
cargo xtask bench --algorithm ES256 --runs 1    # these algorithms alone, once
\`\`\`

It needs what the tests need, installs the other packages and the runtimes inside \`target\` and \`tests\`, and takes Chromium and
Firefox from Debian. Leave the machine alone meanwhile. All numbers, each round of each run, are in \`target/bench.json\`; what this
page shows is in \`benchmarks.json\` beside it. Everything that measures is in \`benches\`.`
}

function notShown({ machine }) {
  return `## What it does not show

- **Your machine.** Ratios move with the processor: hosts' cryptography uses instructions that WebAssembly does not have, and
  ${machine.cores} cores say little about 64. With several in flight, Web Cryptography uses other cores; jotgate keeps to its own.
- **The rest of a request.** HTTP, routing and what the program does take longer than any of this, and a fetch of a key set takes
  longer than all of it.
- **Latency under load**, long garbage collections, and what a full heap does: batches are short and the tokens few.
- **Tokens unlike these**: claims of many kilobytes, or a few bytes, shift the balance between JSON and signatures.
- **Cold keys.** All keys are hot here but for the cold start; a key's first few hundred verifications are slower (see *more keys
  than fit*).
- **Production's workerd.** It runs here as a local process, measured from outside by requests of many verifications.
- **What is checked beyond the policy.** The packages differ in what else they refuse; jotgate refuses more than any of them
  (\`docs/jose.md\`), and its time includes that. \`@tsndr/cloudflare-worker-jwt\` compares neither issuer nor audience: its user's own
  comparison is added to it.
- **Secrets kept.** Nothing here measures whether a comparison takes the same time for every signature.`
}

/** The text of docs/benchmarks.md besides its tables. */
import { REPEATED } from '../contest/task.mjs'
import { TOKENS } from './fixtures.mjs'
import { SUCCESSES } from './memory.mjs'
import { item, prose } from './page_parts.mjs'

export const opening = (date) =>
  prose(`How fast jotgate verifies, beside other packages. \`cargo xtask bench\` wrote this page on ${date}; change the
    benchmark, not the page.`)

export const manner = (keys) =>
  prose(`All contestants of a runtime run in one process, a fresh one for each algorithm and number of keys, in turns
    of a few milliseconds, in changing order. Each verifies the same tokens under the same policy. A token has about 1 KB, as from an identity
    provider, and is a new string each time. The policy is the algorithm, the issuer, the audience, \`exp\` and \`nbf\`. Before it is timed, each must
    accept good tokens and refuse seven bad ones (other claims, another signature, another key, another audience,
    another issuer, expired, not valid yet); a package that does not is excluded. Each is used as its own documentation says,
    with keys imported once. *Fresh* tokens are ${TOKENS} different ones in turn; caches hold half of
    them, so they never hit. *Repeated* tokens are ${REPEATED} in turn.
    ${keys > 1 ? `A *set* has ${keys} keys; the token names one by its \`kid\`. No set has shared secrets.` : ''}`)

export const ratiosText =
  prose(`How many tokens jotgate verifies while the other verifies one, with the floor in brackets: one at a time and with one
    key, unless the row says otherwise. The faster one of \`verify\` and \`verifySync\` counts, because a program can use either.`)

export const coldStartText =
  prose(`Until the first ES256 token is verified: milliseconds that the main thread spends on the processor, in a fresh
    process each, in turns, pinned to one processor; in Chromium milliseconds of the clock. In Node and Deno from the import to
    the claims. In workerd the start of the isolate and its first request apart, without what a worker pays that does nothing, or
    only fetches. Below 1, jotgate is faster.`)

/** Which row of the cold start concerns whom. */
export const coldStartMeaning = [
  item(`**A Node server** imports its packages unbundled and pays this once, when it starts. A serverless function is bundled and pays it with
    each new instance.`),
  item(`**A Worker** pays for the isolate's start before the first request arrives: Cloudflare starts isolates during the TLS
    handshake where it can. The first request comes on top of that. Make the gate at module scope: then the request finds
    compiled code. Production also shares compiled code among all workers of a process that contain the same module, which one process
    with one worker does not show.`),
  item(`**A page** loads 80 KiB more than with jose, which takes longer than all of this on most networks. To show claims only, use
    \`jotgate/decode\`.`),
].join('\n')

export const sizesText =
  prose(`Minified by esbuild; gzip and brotli at their best. A *bundle* is one file for Node that verifies tokens with
    the package.`)

export const memoryText =
  prose(`Linear memory of the WebAssembly instance when 20 keys of an algorithm are hot: each has verified at least
    ${SUCCESSES.toLocaleString('en')} tokens, so it has the widest table that fits.`)

export const tableMemoryText =
  prose(`Hot keys get tables while there is memory for them (8 MiB). Here twice as many keys as fit are used in
    turn for a long time, beside the same keys when they are new and have no tables. Above 1, tables are worth it.`)

export const forgedTokenText =
  prose(`The most that one forged token costs: it has the signature of no key, and 65 keys without \`kid\` fit it. As many are
    tried as \`maxCandidates\` allows by default, 16 in Workers and 64 elsewhere, fewer where a check costs more. In Node.`)

export const repeatText = [
  '## To repeat it',
  `\`\`\`sh
cargo xtask bench                               # three runs of everything, about an hour; writes this page
cargo xtask bench --cold                        # five minutes: the cold start alone; writes its part of this page
cargo xtask bench --quick                       # under two minutes: Node 20, Bun, cold start, sizes
cargo xtask bench --runtime workerd,native      # these alone; also cold-start, memory, table-memory, forged-token, sizes
cargo xtask bench --algorithm ES256 --runs 1    # these algorithms alone, once
\`\`\``,
  prose(`It needs what the tests need, installs the other packages and the runtimes inside \`target\` and \`tests\`,
    and takes Chromium and Firefox from Debian. Do not use the machine meanwhile. All numbers, each round of each
    run, are in \`target/bench.json\`; the numbers of this page are in \`benchmarks.json\` beside it. The measuring programs are in \`benches\`.`),
].join('\n\n')

export const inTheWay = [
  '## Why goals are missed',
  [
    item(`**HS256 in workerd and Chromium** depends on the machine: on one AMD EPYC jotgate reached 3.8 and 5.9 times jose's rate, on
      another 2.9 and 3.6, on an Intel Xeon 2.5 and 3.2. Web Cryptography varies: in workerd the same jose took 19 µs for a
      token in one run and 29 in the next, and the ratio was 2.6 to 3.9 for packages that take the same time. On the Xeon the goal is
      less than six microseconds in workerd and seven in Chromium; SHA-256 over a kilobyte takes WebAssembly more than three and a
      half of them; copying the token in, its JSON, the policy and copying the claims out take more than four. Asking workerd for the digest
      takes three.`),
    item(`**A cache hit** is compared with fast-jwt's cache twice: with its defaults, which hash the token, and with the token itself as
      its key (\`cacheKeyBuilder: (token) => token\`), which its documentation proposes if tokens may be in memory. jotgate
      keeps the token's text too. It gives each caller its own claims; fast-jwt gives the same object to all.`),
    item(`**The JavaScript of the main entry** contains the gate, the remote key sets and the checks of options: remote sets are five
      kilobytes, the gate and its answers four. Bundlers remove what a program does not
      import: with \`Verifier\` alone sixteen remain.`),
    item(`**The cold start.** jose uses cryptography that the runtime has compiled; jotgate brings its own, and the engine must
      validate all of it and compile the functions that the first verdict calls. Half of the module would save one or two milliseconds, because
      the first verdict pays for what it runs. Calling the functions through a table, or splitting the text, did not help.`),
  ].join('\n'),
].join('\n\n')

export const notShown = (cores) =>
  [
    '## What it does not show',
    [
      item(`**Your machine.** Ratios move with the processor: the cryptography of runtimes uses instructions that WebAssembly
        does not have, and ${cores} cores say little about 64. With several in flight, Web Cryptography uses other
        cores; jotgate's own arithmetic uses one.`),
      item(`**The rest of a request.** HTTP, routing and what the program does take longer than any of this, and a
        fetch of a key set takes longer than all of it.`),
      item(`**Latency under load**, long garbage collections, and what a full heap does: batches are short and the
        tokens few.`),
      item(`**Tokens unlike these**: claims of many kilobytes, or a few bytes, shift the balance between JSON and
        signatures.`),
      item(`**Cold keys.** All keys are hot here, except in the cold start; a key's first few hundred verifications are
        slower (see *more keys than fit*).`),
      item(`**Production's workerd.** It runs here as a local process, with \`nodejs_compat\`, measured from outside
        by requests of many verifications.`),
      item(`**What is checked beyond the policy.** The packages differ in what else they refuse; jotgate refuses what
        jose accepts (\`docs/jose.md\`), and its time includes that. \`@tsndr/cloudflare-worker-jwt\` compares neither
        issuer nor audience: the comparison of its user is added to it.`),
      item(`**Secrets kept.** Nothing here measures whether a comparison takes the same time for every signature.`),
    ].join('\n'),
  ].join('\n\n')

/** The suite `sizes`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { report } from './report.mjs'
import { require } from './tools.mjs'

/** The most that all JavaScript of the main entry may weigh, in bytes: what it weighed last, and a little. The goal is 8 KB. */
const MAIN_ENTRY = 29_200
/** The same for programs that import one name: see docs/decisions/0029. */
const CREATE_GATE = 28_300
const VERIFIER = 19_550

/** All JavaScript of a program with `jotgate/verifier` and a key in hand, minified, not compressed. */
const KEY_IN_HAND = 22_800

/** What entries of their own may add to a program with `createGate`, in bytes: what they added last, and a little. */
const ADDED = { dpop: 3_100, mtls: 1_900, introspection: 3_600, status: 3_400 }
/** A text that only the code of that entry has. */
const MARKS = { dpop: 'dpop+jwt', mtls: 'certVerified', introspection: 'token-introspection+jwt', status: 'statuslist+jwt' }

/** The most that all presets may weigh, in bytes: what they weighed last, and a little. */
const PROVIDERS = 3_200

/** What entries weigh, minified and compressed, and what they must not bring along. */
export async function sizes({ folder }) {
  const { build } = require('esbuild')
  const weigh = async (name, options, what = '*', more = '') => {
    const entry = join(folder, 'entry.mjs')
    await writeFile(entry, `export ${what} from '${name}'\n${more}`)
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      absWorkingDir: folder,
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      metafile: true,
      write: false,
      outfile: 'out.mjs',
      ...options,
    })
    const { contents } = outputFiles.find(({ path }) => path.endsWith('out.mjs'))
    const bytes = gzipSync(contents, { level: 9 }).length
    console.log(`${name}, ${what}${more && ` and ${more.trimEnd()}`}: ${bytes} bytes minified and compressed, ${contents.length} minified`)
    return { bytes, minified: contents.length, inputs: Object.keys(metafile.inputs), text: Buffer.from(contents).toString() }
  }
  const decode = await weigh('jotgate/decode', { platform: 'browser' })
  const login = await weigh('jotgate/login', { platform: 'browser' })
  const testing = await weigh('jotgate/testing', { platform: 'neutral' })
  const providers = await weigh('jotgate/providers', { platform: 'neutral' })
  const loader = { '.wasm': 'empty' }
  const worker = { platform: 'neutral', conditions: ['workerd'], loader }
  const main = await weigh('jotgate', worker)
  const gate = await weigh('jotgate', worker, '{ createGate }')
  const verifier = await weigh('jotgate', worker, '{ Verifier }')
  const inHand = await weigh('jotgate/verifier', worker, '{ Verifier }')
  const failures = []
  const under = (name, bytes, limit) => {
    if (bytes >= limit) failures.push({ name: `${name} is under ${limit} bytes`, problem: `${bytes} bytes` })
  }
  under('jotgate/decode', decode.bytes, 1_229)
  under('jotgate/login', login.bytes, 5_121)
  under('jotgate/providers', providers.bytes, PROVIDERS)
  under('the main entry', main.bytes, MAIN_ENTRY)
  under('createGate', gate.bytes, CREATE_GATE)
  under('Verifier', verifier.bytes, VERIFIER)
  for (const [entry, limit] of Object.entries(ADDED)) {
    const both = await weigh('jotgate', worker, '{ createGate }', `export * from 'jotgate/${entry}'\n`)
    under(`what jotgate/${entry} adds to createGate`, both.bytes - gate.bytes, limit)
    const name = `a program with createGate alone has no code of jotgate/${entry}`
    if (!both.text.includes(MARKS[entry])) failures.push({ name, problem: `nothing has the mark ${MARKS[entry]}` })
    if (gate.text.includes(MARKS[entry])) failures.push({ name, problem: MARKS[entry] })
  }
  under('jotgate/verifier, minified', inHand.minified, KEY_IN_HAND)
  for (const [entry, { inputs }] of Object.entries({ decode, login, testing, providers })) {
    const others = inputs.filter((path) => /\bdist\//.test(path) && !path.endsWith(`dist/${entry}.js`))
    if (others.length > 0) failures.push({ name: `jotgate/${entry} is one file`, problem: others.join(', ') })
  }
  const tests = main.inputs.filter((path) => /\bdist\/(?:testing|providers)/.test(path))
  if (tests.length > 0) failures.push({ name: 'jotgate/testing and jotgate/providers are part of no other entry', problem: tests.join(', ') })
  return report({ passed: 21 - failures.length, failures })
}

/** `docs/providers.md`: each snippet runs as it is shown, and decides about tokens of its provider's shape. */
import { createHmac } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createGate } from 'jotgate'
import * as providers from 'jotgate/providers'
import * as testing from 'jotgate/testing'

const { TESTS } = process.env
const load = (name) => import(pathToFileURL(join(TESTS, name)))
const [{ harness, ok, same }, { BINDING, CASES }, { decides, issuerOf }, { report }, { snippetsOf }] = await Promise.all(
  ['suite/harness.mjs', 'suite/providers/cases.mjs', 'suite/providers/decide.mjs', 'runners/report.mjs', 'runners/doc_snippets.mjs'].map(load),
)
const file = join(dirname(dirname(TESTS)), 'docs', 'providers.md')
const page = await readFile(file, 'utf8')
const snippets = await snippetsOf(file)
const { test, run } = harness()

process.env.VCAP_SERVICES = JSON.stringify({ xsuaa: [{ credentials: BINDING }] })

const SECRET = 'the JWT secret of the project, which is text of some length'

// Only the issuer of the current test can be reached.
let served
globalThis.fetch = (url, init) => served.fetch(url, init)

const used = new Set()
const folder = join(process.cwd(), 'providers')
await mkdir(folder)

let files = 0

/** What a snippet exports. The code is run again at each call, so that no test finds the keys of another. */
async function execute(name) {
  used.add(name)
  const path = join(folder, `${name}.${++files}.mjs`)
  await writeFile(path, snippets.get(name))
  return import(pathToFileURL(path))
}

for (const sample of CASES.filter(({ snippet }) => snippet !== undefined)) {
  test(`${sample.name}: the snippet accepts its token, and refuses other audiences and strangers`, async () => {
    served = await issuerOf(testing, sample)
    const [name, exported = 'gate'] = sample.snippet.split(' ')
    const { [exported]: found } = await execute(name)
    await decides(sample, served, typeof found === 'function' ? found : (request) => found.check(request, sample.needs))
  })
}

test('Supabase: during the migration, tokens of the secret and of the new key pass; the `anon` key does not', async () => {
  const sample = CASES.find(({ name }) => name === 'Supabase')
  const shape = await issuerOf(testing, { ...sample, algorithm: 'HS256' })
  served = await issuerOf(testing, sample)
  /** A token of the project's JWT secret, which is text. */
  const old = async (changes, secret = SECRET) => {
    const input = (await shape.token(changes)).split('.').slice(0, 2).join('.')
    const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    return new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })
  }
  const { both, gate } = await execute('supabase.js')
  const migrating = both(SECRET)
  for (const request of [old, served.request]) {
    const pass = await migrating.check(await request())
    ok(pass.ok, pass.refusal)
    same((await migrating.check(await request({ aud: 'anon' }))).refusal, 'audience_mismatch')
  }
  const anon = { iss: 'supabase', ref: 'abcdefghijklmnop', role: 'anon', aud: undefined }
  same((await migrating.check(await old(anon))).status, 401)
  same((await migrating.check(await old({}, 'the secret of another project, a stranger'))).refusal, 'signature_mismatch')
  same((await gate.check(await old())).refusal, 'algorithm_not_allowed')
})

test('Entra ID: a key of the consumers signs for no other tenant', async () => {
  const sample = CASES.find(({ name }) => name === 'Entra ID, version 2')
  served = await issuerOf(testing, sample)
  const issuer = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'
  const consumers = { keys: served.issuer.jwks.keys.map((key) => ({ ...key, issuer })) }
  const gate = createGate({ ...sample.preset(providers), fetch: async () => Response.json(consumers) })
  same((await gate.check(await served.request())).refusal, 'issuer_mismatch')
})

test('the page has a section with a source, a row and a tested snippet for each provider', () => {
  same([...used].sort(), [...snippets.keys()].sort(), 'a snippet is not run')
  const sections = page.split(/^## /m).slice(1)
  const withSnippet = sections.filter((section) => section.includes('<!-- snippet:'))
  same(withSnippet.length, 15)
  for (const section of withSnippet) {
    const [title] = section.split('\n')
    ok(/^Sources?: \[[^\]]+\]\(https:\/\//m.test(section), `${title} has no source`)
    ok(page.includes(`| [${title}](#`), `${title} has no row in the table`)
  }
  ok(sections.some((section) => section.startsWith('`email` is no identity')))
  for (const name of Object.keys(providers)) ok(page.includes(`import { ${name} } from 'jotgate/providers'`), name)
})

process.exit(report(await run()))

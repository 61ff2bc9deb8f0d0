/** An issuer and its API in one process: better-auth issues tokens, and the gate gets its keys by a function, without a fetch. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { jwt } from 'better-auth/plugins'
import { createGate } from 'jotgate'

const load = (name) => import(pathToFileURL(join(process.env.TESTS, name)))
const [{ harness, ok, same }, { report }] = await Promise.all(['suite/harness.mjs', 'runners/report.mjs'].map(load))
const { test, run } = harness()

const baseURL = 'https://api.example'
const tables = { user: [], session: [], account: [], verification: [], jwks: [] }
const auth = betterAuth({
  baseURL,
  secret: crypto.randomUUID() + crypto.randomUUID(),
  database: memoryAdapter(tables),
  emailAndPassword: { enabled: true },
  plugins: [jwt()],
  telemetry: { enabled: false },
})
let asked = 0
const gate = createGate({
  issuer: baseURL,
  audience: baseURL,
  algorithms: ['EdDSA'],
  keys: () => (asked++, auth.api.getJwks()),
  cooldownDuration: 0,
})
globalThis.fetch = () => {
  throw new Error('nothing may be fetched')
}

/** A token of a new person. */
async function tokenOf(name) {
  const body = { name, email: `${name}@example.com`, password: crypto.randomUUID() }
  const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true })
  const cookie = headers.getSetCookie().map((line) => line.split(';', 1)[0]).join('; ')
  return (await auth.api.getToken({ headers: new Headers({ cookie }) })).token
}
const check = (token) => gate.check({ headers: { authorization: `Bearer ${token}` } })

test('a token of better-auth passes, with the keys of `auth.api.getJwks()`', async () => {
  const token = await tokenOf('ada')
  const pass = await check(token)
  ok(pass.ok, pass.refusal)
  same([pass.claims.name, pass.claims.iss], ['ada', baseURL])
  ok((await check(await tokenOf('grace'))).ok)
  same(asked, 1)
})

test('a token by another key, or with other claims, is refused', async () => {
  const token = await tokenOf('eve')
  const [header, claims, signature] = token.split('.')
  const other = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url')), name: 'ada' })).toString('base64url')
  same((await check(`${header}.${other}.${signature}`)).refusal, 'signature_mismatch')
})

test('after better-auth rotates its key, the function is asked again', async () => {
  const before = asked
  const old = await tokenOf('mary')
  // The plugin signs with its newest key; without any it makes one.
  const [kept] = tables.jwks.splice(0)
  const fresh = await tokenOf('joan')
  tables.jwks.push(kept)
  ok((await check(fresh)).ok)
  ok((await check(old)).ok)
  ok(asked > before, 'it was not asked')
})

process.exit(report(await run()))

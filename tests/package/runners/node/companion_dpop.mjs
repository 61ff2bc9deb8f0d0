/** DPoP by other people's clients, as they are, with a real `jotgate-keys` as the issuer: bound tokens, and their proofs at the gate. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { DpopSession, withDpop } from '@modelcontextprotocol/client'
import * as dpopClient from 'dpop'
import * as jose from 'jose'
import { createGate } from 'jotgate'
import { dpop } from 'jotgate/dpop'
import { guardHandler } from 'jotgate/express'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const load = (path) => import(pathToFileURL(join(process.env.TESTS, path)))
const [{ harness, same }, { report }, { freePort }, { dpopClientTests }] = await Promise.all(
  ['suite/harness.mjs', 'runners/report.mjs', 'runners/serving.mjs', 'runners/dpop_clients.mjs'].map(load),
)
const program = process.env.JOTGATE_KEYS
const store = join(process.cwd(), 'keys', 'store.sqlite')
const resource = 'https://api.example'

function keys(...words) {
  const { status, stdout, stderr } = spawnSync(program, ['--store', store, ...words], { encoding: 'utf8' })
  // Not what it printed: that may be a secret.
  if (status !== 0) throw new Error(`jotgate-keys ${words[0]}: ${stderr}`)
  return stdout
}

const port = await freePort()
const issuer = `http://127.0.0.1:${port}`
keys('init', '--issuer', issuer)
const added = keys('clients', 'add', 'worker', '--scope', 'items:read', '--audience', resource)
const secret = /^client_secret: (\S+)$/m.exec(added)[1]
const companion = spawn(program, ['--store', store, 'serve', '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'ignore'] })
process.on('exit', () => companion.kill('SIGKILL'))
for await (const line of createInterface({ input: companion.stdout })) if (line.includes('listening on')) break

const { test, run } = harness()
const tokenEndpoint = `${issuer}/token`
const libraries = { createGate, dpop, dpopClient, DpopSession, guardHandler, jose, oauth, openid, withDpop }
const stopApi = await dpopClientTests({ test, issuer, tokenEndpoint, secret, wanted: { scope: 'items:read', resource }, ...libraries })

test('the companion refuses a proof that was used before, and never answers with a plain token', async () => {
  const pair = await dpopClient.generateKeyPair('ES256')
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'items:read', resource })
  const send = (proof) => fetch(tokenEndpoint, { method: 'POST', headers: { authorization: `Basic ${btoa(`worker:${secret}`)}`, DPoP: proof }, body })
  const proof = await dpopClient.generateProof(pair, tokenEndpoint, 'POST')
  same((await (await send(proof)).json()).token_type, 'DPoP')
  for (const bad of [proof, await dpopClient.generateProof(pair, `${issuer}/other`, 'POST'), await dpopClient.generateProof(pair, tokenEndpoint, 'GET'), 'x']) {
    const refused = await send(bad)
    same([refused.status, (await refused.json()).error], [400, 'invalid_dpop_proof'])
  }
})

const outcome = await run()
stopApi()
companion.kill('SIGTERM')
process.exit(report(outcome))

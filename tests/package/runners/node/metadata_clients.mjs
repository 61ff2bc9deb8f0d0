/**
 * The companion's metadata as other people's libraries read it: Authlib's validation (RFC 8414), and the discovery of both MCP
 * SDKs, over an https issuer.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { report } from '../report.mjs'
import { Missing, python } from '../setup.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')
const AUTHLIB = 'Authlib==1.9.10'
const ISSUER = 'https://issuer.example/tenants/one'
const PLACES = ['/.well-known/oauth-authorization-server/tenants/one', '/tenants/one/.well-known/openid-configuration']
const VALIDATE = `
import json, sys
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
AuthorizationServerMetadata(json.load(sys.stdin)).validate()
`

/** Runs a program. */
function call(program, words, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', ...options })
  if (status !== 0) throw new Error(`${program} ${words[0]}: ${error ?? stderr}`)
  return stdout
}

/** A companion of that issuer on loopback; its address and how to stop it. */
async function companion(store) {
  const program = process.env.JOTGATE_KEYS ?? join(root, 'target', 'debug', 'jotgate-keys')
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build --package jotgate-keys`)
  call(program, ['--store', store, 'init', '--issuer', ISSUER])
  const child = spawn(program, ['--store', store, 'serve', '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { address: line.replace('listening on ', ''), stop: () => child.kill('SIGKILL') }
}

export async function metadataClients(project, { require }) {
  const server = await companion(join(project.folder, 'keys', 'store.sqlite'))
  const failures = []
  let passed = 0
  const check = async (name, work) => {
    try {
      await work()
      passed += 1
    } catch (thrown) {
      if (thrown instanceof Missing) throw thrown
      failures.push({ name, problem: `${thrown?.stack ?? thrown}` })
    }
  }
  try {
    for (const place of PLACES) {
      await check(`K7: Authlib accepts ${place}`, async () => {
        const document = await (await fetch(server.address + place)).text()
        if (JSON.parse(document).issuer !== ISSUER) throw new Error(document)
        call(python(AUTHLIB), ['-c', VALIDATE], { input: document })
      })
    }
    for (const name of ['@modelcontextprotocol/sdk/client/auth.js', '@modelcontextprotocol/client']) {
      await check(`K7: ${name} discovers the issuer`, async () => {
        const { discoverAuthorizationServerMetadata: discover } = await import(pathToFileURL(require.resolve(name)))
        const fetchFn = (url, options) => fetch(`${url}`.replace('https://issuer.example', server.address), options)
        const metadata = await discover(ISSUER, { fetchFn })
        if (metadata?.issuer !== ISSUER) throw new Error(JSON.stringify(metadata))
        if (metadata.authorization_endpoint !== `${ISSUER}/authorize`) throw new Error(JSON.stringify(metadata))
      })
    }
  } finally {
    server.stop()
  }
  return report({ passed, failures })
}

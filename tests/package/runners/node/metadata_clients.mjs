/**
 * The companion's metadata as other people's libraries read it: Authlib's validation (RFC 8414), and the discovery of both MCP
 * SDKs, over an https issuer. Each library is installed into `target/metadata-clients` at first use.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { report } from '../report.mjs'
import { Missing } from '../setup.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')
const folder = join(root, 'target', 'metadata-clients')
const AUTHLIB = 'Authlib==1.9.10'
const SDKS = ['@modelcontextprotocol/sdk@1.32.2', '@modelcontextprotocol/client@2.4.0']
const ISSUER = 'https://issuer.example/tenants/one'
const PLACES = ['/.well-known/oauth-authorization-server/tenants/one', '/tenants/one/.well-known/openid-configuration']
const VALIDATE = `
import json, sys
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
AuthorizationServerMetadata(json.load(sys.stdin)).validate()
`

/** Runs a program; what failed for want of a network or of the program itself is {@link Missing}. */
function call(program, words, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', ...options })
  const why = `${program} ${words[0]}: ${error ?? stderr}`
  if (error !== undefined || /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|No matching distribution|ensurepip/.test(stderr)) {
    throw new Missing(why)
  }
  if (status !== 0) throw new Error(why)
  return stdout
}

function python() {
  const program = join(folder, 'venv', 'bin', 'python')
  if (!existsSync(program)) call('python3', ['-m', 'venv', join(folder, 'venv')])
  call(program, ['-m', 'pip', 'install', '--quiet', AUTHLIB])
  return program
}

/** The module of that name, of the installed packages. */
function sdk(name) {
  mkdirSync(folder, { recursive: true })
  call('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...SDKS])
  return import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)))
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

export async function metadataClients(project) {
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
        call(python(), ['-c', VALIDATE], { input: document })
      })
    }
    for (const name of ['@modelcontextprotocol/sdk/client/auth.js', '@modelcontextprotocol/client']) {
      await check(`K7: ${name} discovers the issuer`, async () => {
        const { discoverAuthorizationServerMetadata: discover } = await sdk(name)
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

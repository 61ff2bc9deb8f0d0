/** A real `jotgate-keys` with TLS and one person, for other people's clients. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, stopping } from '../serving.mjs'
import { root } from '../tools.mjs'

/** The API that access tokens are for. */
export const API = 'https://api.example'
/** Who can log in. */
export const PERSON = { username: 'ada', password: 'quartz lantern orbit 7' }

/**
 * Starts a companion with `--dev-tls` on loopback.
 *
 * @param folder - where its files go
 * @param clients - the arguments of `clients add`, by the client's id
 * @param options.init - more arguments of `init`
 * @param options.serve - more arguments of `serve`
 * @returns the issuer, its certificate as a file and as text, the clients' secrets by id, its log, what starts it once more with the
 *   same store, and what ends it
 */
export async function startCompanion(folder, clients, { init = [], serve = [] } = {}) {
  const { JOTGATE_KEYS: program = join(root, 'target', 'debug', 'jotgate-keys') } = process.env
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build --package jotgate-keys`)
  const store = join(folder, 'companion', 'store.sqlite')
  const certificate = join(folder, 'companion.pem')
  const port = await freePort()
  const issuer = `https://127.0.0.1:${port}`
  function keys(words, input = '') {
    const { status, stdout, stderr } = spawnSync(program, ['--store', store, ...words], { encoding: 'utf8', input })
    // Not what it printed: that may be a secret.
    if (status !== 0) throw new Error(`jotgate-keys ${words[0]}: ${stderr}`)
    return stdout
  }
  keys(['init', '--issuer', issuer, ...init])
  keys(['users', 'add', PERSON.username, '--role', 'admin'], `${PERSON.password}\n`)
  const secrets = {}
  for (const [id, words] of Object.entries(clients)) {
    secrets[id] = /^client_secret: (\S+)$/m.exec(keys(['clients', 'add', id, ...words]))?.[1]
  }
  const args = ['--store', store, 'serve', '--dev-tls', '--dev-tls-out', certificate, '--listen', `127.0.0.1:${port}`, ...serve]
  let log = ''
  let stop
  const world = { issuer, certificate, keys, secrets, restart, stop: () => stop(), log: () => log }
  async function start() {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    stop = stopping(child)
    child.stderr.on('data', (data) => (log += data))
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('listening on')) continue
      world.ca = readFileSync(certificate)
      world.ended = once(child, 'exit')
      return world
    }
    throw new Error(`the companion ended before it was listening: ${log}`)
  }
  async function restart() {
    stop()
    await world.ended
    await start()
  }
  return start()
}

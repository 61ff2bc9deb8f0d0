/** Starts servers, and waits until they respond. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { beforeLeaving } from './cleanup.mjs'

/** How long a server may take until it answers, in milliseconds. */
const PATIENCE = 120_000
/** How often a server that ends at once is started again: another process may have taken its port in between. */
const ATTEMPTS = 3

/** Starts a server at a free port, and waits until it answers; `args` gets the port, and so does `PORT`. */
export async function serving(binary, args, cwd, more = {}) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const env = { ...process.env, PORT: String(port), NO_COLOR: '1', ...more }
    // The last line of standard output is the suite's result.
    const child = spawn(binary, args(port), { cwd, env, stdio: ['ignore', process.stderr, 'inherit'] })
    const stop = stopping(child)
    const url = `http://127.0.0.1:${port}`
    try {
      await answering(child, url)
      return { url, stop }
    } catch (thrown) {
      stop()
      if (attempt === ATTEMPTS || thrown !== ENDED) throw thrown
    }
  }
}

/** Returns a function that ends a process, which also ends with this one. */
export function stopping(child) {
  const calledOff = beforeLeaving(() => child.kill('SIGKILL'))
  child.once('exit', calledOff)
  return () => void child.kill()
}

const ENDED = new Error('the server ended before it answered')

async function answering(child, url) {
  let ended
  child.once('exit', () => (ended = ENDED))
  child.once('error', (error) => (ended = error))
  const since = Date.now()
  for (;;) {
    if (ended !== undefined) throw ended
    try {
      await fetch(url, { signal: AbortSignal.timeout(30_000) })
    } catch (thrown) {
      if (Date.now() - since > PATIENCE) throw thrown
      await new Promise((settle) => setTimeout(settle, 50))
      continue
    }
    // Another process may have taken the port and answered.
    if (ended === undefined) return
  }
}

/** A port that was free a moment ago, for a server whose address must be known before it starts. */
export async function freePort() {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  await new Promise((settle) => free.close(settle))
  if (given.has(port)) return freePort()
  given.add(port)
  return port
}

/** The ports that were returned: each once. */
const given = new Set()

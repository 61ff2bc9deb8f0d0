/** A server's command enters, and where it answers leaves: once it does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'

/** How long a server may take until it answers, in milliseconds. */
const PATIENCE = 60_000

/** Starts a server at a free port, and waits until it answers; `args` are told the port, as `PORT` is. */
export async function serving(binary, args, cwd, more = {}) {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  await new Promise((settle) => free.close(settle))
  const env = { ...process.env, PORT: String(port), NO_COLOR: '1', ...more }
  const child = spawn(binary, args(port), { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const stop = () => void child.kill()
  const url = `http://127.0.0.1:${port}`
  const since = Date.now()
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it answered`)
    try {
      await fetch(url)
      return { url, stop }
    } catch (thrown) {
      if (Date.now() - since > PATIENCE) {
        stop()
        throw thrown
      }
      await new Promise((settle) => setTimeout(settle, 50))
    }
  }
}

/** A real `jotgate-keys` on loopback with one client, and the two MCP servers whose tokens it issues. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, stopping } from '../serving.mjs'
import { startWorker } from '../workerd/serve.mjs'

/** The path of the servers' resources. */
const PATH = '/mcp'

/**
 * Starts the issuer, `examples/mcp-server` in workerd, and `node_server.mjs` in Node.
 *
 * @param tools - those of `run.mjs`
 * @returns where they listen, the credentials of the client, and what ends them
 */
export async function startWorld({ folder }, tools) {
  const root = dirname(dirname(tools.here))
  const { JOTGATE_KEYS: program = join(root, 'target', 'debug', 'jotgate-keys') } = process.env
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build --package jotgate-keys`)
  for (const name of ['@modelcontextprotocol', 'zod', 'express']) {
    await symlink(join(root, 'tests', 'node_modules', name), join(folder, 'node_modules', name))
  }
  const ports = [await freePort(), await freePort(), await freePort()]
  const [issuer, worker, node] = ports.map((port) => `http://127.0.0.1:${port}`)
  const servers = { workerd: worker + PATH, Node: node + PATH }
  const store = join(folder, 'keys', 'store.sqlite')
  const keys = (...words) => {
    const { status, stdout, stderr } = spawnSync(program, ['--store', store, ...words], { encoding: 'utf8' })
    // Not what it printed: that may be a secret.
    if (status !== 0) throw new Error(`jotgate-keys ${words[0]}: ${stderr}`)
    return stdout
  }
  keys('init', '--issuer', issuer)
  const audiences = Object.values(servers).flatMap((url) => ['--audience', url])
  const added = keys('clients', 'add', 'agent', '--scope', 'notes:read notes:write', ...audiences)
  const secret = /^client_secret: (\S+)$/m.exec(added)[1]

  const stops = []
  const run = (binary, args, options) => {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder, ...options })
    stops.push(stopping(child))
    return once(createInterface({ input: child.stdout }), 'line')
  }
  try {
    await run(program, ['--store', store, 'serve', '--listen', `127.0.0.1:${ports[0]}`], { stdio: ['ignore', 'pipe', 'ignore'] })
    const example = join(folder, 'mcp-server')
    await mkdir(example)
    await cp(join(root, 'examples', 'mcp-server', 'worker.js'), join(example, 'worker.js'))
    const bindings = { ISSUER: issuer, RESOURCE: servers.workerd }
    stops.push((await startWorker(folder, join(example, 'worker.js'), tools, { port: ports[1], bindings })).stop)
    await cp(join(tools.here, 'runners', 'mcp', 'node_server.mjs'), join(folder, 'node_server.mjs'))
    const env = { ...process.env, ISSUER: issuer, RESOURCE: servers.Node }
    await run(process.execPath, ['--no-warnings', 'node_server.mjs'], { env })
  } catch (thrown) {
    for (const stop of stops) stop()
    throw thrown
  }
  return { issuer, servers, id: 'agent', secret, stop: () => stops.forEach((stop) => stop()) }
}

/** The answer of the token endpoint to the client's credentials. */
export async function clientCredentials(resource, { issuer, id, secret }, scope) {
  const headers = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource, ...(scope && { scope }) })
  return (await fetch(`${issuer}/token`, { method: 'POST', headers, body })).json()
}

/**
 * Client ID Metadata Documents: the program as it is shipped fetches them from a host with a public address. The network is one of
 * the suite's own, in which that address belongs to it (Linux namespaces).
 */
import { spawnSync } from 'node:child_process'
import { besideFrameworks } from '../tools.mjs'
import { skipped } from '../report.mjs'

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function documents(project) {
  for (const [program, ...args] of [['unshare', ...NAMESPACES, 'true'], ['ip', '-V'], ['nsenter', '-V'], ['openssl', 'version']]) {
    const { status, error } = spawnSync(program, args)
    if (status !== 0) return skipped(`\`${program}\` does not work here: ${error?.message ?? `it ended with ${status}`}`)
  }
  return besideFrameworks(project, 'companion/documents_inside.mjs', ['express', '@modelcontextprotocol', 'zod', 'jose'])
}

/** The arguments of `unshare`: a network and mounts of their own, without root. */
export const NAMESPACES = ['--user', '--map-root-user', '--net', '--mount']

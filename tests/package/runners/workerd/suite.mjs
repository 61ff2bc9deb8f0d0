/** The suites that run in workerd. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { report } from '../report.mjs'
import { bundle, here, issuer, require, tools } from '../tools.mjs'
import { workerdRequests } from './requests.mjs'
import { startWorker } from './serve.mjs'

/** The suite in a real workerd, or what else a runner does when it is asked. */
export async function workerd({ folder }, { about, runner = 'workerd/worker.mjs' }) {
  about({ version: require('workerd/package.json').version })
  await cp(join(here, 'runners', runner), join(folder, 'worker.mjs'))
  const server = await issuer()
  const worker = await startWorker(folder, join(folder, 'worker.mjs'), tools)
  try {
    const host = encodeURIComponent(`http://127.0.0.1:${server.address().port}`)
    const response = await fetch(`${worker.url}/?issuer=${host}`, { signal: AbortSignal.timeout(300_000) })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`workerd answered ${response.status}: ${text}`)
    return report(JSON.parse(text))
  } finally {
    worker.stop()
    server.closeAllConnections()
    server.close()
  }
}

/** Requests against workers that share a cache. */
export async function workerdRequestsSuite({ folder }) {
  const { default: binary } = require('workerd')
  const jose = await import(require.resolve('jose'))
  return report(await workerdRequests({ folder, runners: join(here, 'runners', 'workerd'), bundle, binary, jose }))
}

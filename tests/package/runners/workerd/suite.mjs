/** The suites that run in workerd. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { report } from '../report.mjs'
import { bundle, here, issuer, require, tools } from '../tools.mjs'
import { workerdRequests } from './requests.mjs'
import { COMPATIBILITY, startWorker } from './serve.mjs'

/** The suite in a real workerd, or what else a runner does when it is asked. */
export async function workerd({ folder }, { about, runner = 'workerd/worker.mjs', compatibility = COMPATIBILITY }) {
  about({ version: require('workerd/package.json').version })
  await cp(join(here, 'runners', runner), join(folder, 'worker.mjs'))
  const server = await issuer()
  const worker = await startWorker(folder, join(folder, 'worker.mjs'), tools, { compatibility })
  try {
    const host = encodeURIComponent(`http://127.0.0.1:${server.address().port}`)
    const more = compatibility === COMPATIBILITY ? '&inParts' : ''
    const response = await fetch(`${worker.url}/?issuer=${host}&node=${compatibility.node}${more}`, { signal: AbortSignal.timeout(300_000) })
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
export async function workerdRequestsSuite({ folder }, { compatibility = COMPATIBILITY } = {}) {
  const { default: binary } = require('workerd')
  const jose = await import(require.resolve('jose'))
  return report(await workerdRequests({ folder, runners: join(here, 'runners', 'workerd'), bundle, binary, jose, compatibility }))
}

/** The compatibility dates and flags of the slower suites. `nodejs_compat` is the default since August 2026. */
const OTHERS = {
  '2024': { date: '2024-01-01', flags: [], node: false },
  // Its `process` has no `versions` yet.
  '2024-nodejs': { date: '2024-09-23', flags: ['nodejs_compat'], node: false },
  '2026-nodejs': { date: '2026-10-01', flags: [], node: true },
  '2026-no-nodejs': { date: '2026-10-01', flags: ['no_nodejs_compat'], node: false },
}

/** The suite with each of {@link OTHERS}, and the requests with the oldest and the newest. */
export const COMPATIBILITIES = {
  ...Object.fromEntries(
    Object.entries(OTHERS).map(([name, compatibility]) => [`workerd-${name}`, (project, tools) => workerd(project, { ...tools, compatibility })]),
  ),
  ...Object.fromEntries(
    ['2024', '2026-nodejs'].map((name) => [`workerd-requests-${name}`, (project) => workerdRequestsSuite(project, { compatibility: OTHERS[name] })]),
  ),
}

/** workerd: the host asks for batches, measures, and subtracts the time of a request that verifies nothing. */
import { join } from 'node:path'
import { allCases } from '../contest/all_cases.mjs'
import { project, target } from './places.mjs'
import { makeWorker, startWorker, workerdVersion } from './worker_process.mjs'

export async function workerd({ fixtures, plan }, tell) {
  const worker = await startWorker(await makeWorker(join(project, 'contest', 'worker.mjs'), join(target, 'worker')))
  const enter = async (situation) => {
    const question = `/enter?situation=${encodeURIComponent(JSON.stringify(situation))}`
    const { present, absent } = JSON.parse(await worker.ask(question))
    return { present: present.map((id) => ({ id, run: (count, flight) => batch(worker, id, count, flight) })), absent }
  }
  try {
    await worker.ask('/fixtures', JSON.stringify(fixtures))
    await allCases(plan, enter, tell)
    return { version: workerdVersion() }
  } finally {
    await worker.stop()
  }
}

async function batch(worker, id, count, flight) {
  const rest = `id=${encodeURIComponent(id)}&count=${count}&flight=${flight}`
  const empty = await timed(() => worker.ask(`/empty?${rest}`))
  const full = await timed(() => worker.ask(`/batch?${rest}`))
  return full - empty
}

async function timed(work) {
  const before = performance.now()
  await work()
  return performance.now() - before
}

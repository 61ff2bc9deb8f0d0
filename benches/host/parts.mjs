/** The parts of a run by name. Each measures and returns its results. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './children.mjs'
import { browser } from './browsers.mjs'
import { coldStart } from './cold_start.mjs'
import { forgedToken } from './forged_token.mjs'
import { memory } from './memory.mjs'
import { target } from './places.mjs'
import { stagesOf } from './plan.mjs'
import { PROGRAMS, program } from './programs.mjs'
import { sizes } from './sizes.mjs'
import { tableMemory } from './table_memory.mjs'
import { workerd } from './workerd.mjs'

const RUNNERS = {
  ...Object.fromEntries(Object.entries(PROGRAMS).map(([name, how]) => [name, program(how)])),
  workerd,
  chromium: browser('chromium'),
  firefox: browser('firefox'),
}

/** The cells of a runtime, and its version. */
export async function contestIn(runtime, fixtures, plan, tell) {
  const cells = []
  const stages = stagesOf(runtime, plan)
  let about
  for (const [number, stage] of stages.entries()) {
    const heard = (message) => {
      if (message.cell) cells.push(message.cell)
      else tell({ ...message, tick: (number + message.tick) / stages.length })
    }
    const { [stage.algorithm]: own } = fixtures.algorithms
    const request = { fixtures: { ...fixtures, algorithms: { [stage.algorithm]: own } }, plan: stage }
    about = runtime === 'native' ? await native(plan.native, request, heard) : await RUNNERS[runtime](request, heard)
  }
  return { ...about, cells }
}

/** Everything else, by name. */
export async function otherPart(name, fixtures, plan, tell) {
  switch (name) {
    case 'cold-start':
      return coldStart({ fixtures, ...plan.cold }, tell)
    case 'memory':
      return memory(fixtures, tell)
    case 'table-memory':
      return tableMemory({ algorithms: plan.algorithms, ...plan.tableMemory }, tell)
    case 'forged-token':
      return forgedToken({ algorithms: plan.algorithms, rounds: plan.rounds }, tell)
    case 'sizes':
      return sizes()
  }
}

async function native(program, request, tell) {
  if (program === undefined) throw new Error('no program was built: run `cargo xtask bench`, or name one by --native')
  const file = join(target, 'request.json')
  await writeFile(file, JSON.stringify(request))
  await run(program, [file], { line: (text) => tell(JSON.parse(text)) })
  return {}
}

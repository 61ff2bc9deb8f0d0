/** The runs enter, one result leaves: for each number the median of the runs. */
import { median, ratio, summary, together } from './statistics.mjs'

/** One name for a case: `ES256, 1 key, fresh, 1 in flight`. */
export function cellName({ algorithm, keys, tokens, inFlight }) {
  return `${algorithm} ${keys} ${tokens} ${inFlight}`
}

/** What the runs measured, to be asked for. */
export class Results {
  #runs

  /** @param runs - for each run its parts by name; a part that failed is `{ failed: reason }` */
  constructor(runs) {
    this.#runs = runs
  }

  /** The parts of that name that did not fail. */
  #parts(name) {
    return this.#runs.map((run) => run[name]).filter((part) => part !== undefined && part.failed === undefined)
  }

  #cells(runtime, where) {
    const name = cellName(where)
    return this.#parts(runtime).flatMap(({ cells }) => cells.filter((cell) => cellName(cell) === name))
  }

  /** Whether anything was measured there. */
  has(name) {
    return this.#parts(name).length > 0
  }

  /** Why a part failed, if it did each time. */
  failure(name) {
    return this.has(name) ? undefined : this.#runs.map((run) => run[name]?.failed).find(Boolean)
  }

  version(runtime) {
    return this.#parts(runtime).at(-1)?.version
  }

  /** Who was measured there, in order. */
  entrants(runtime, where) {
    return [...new Set(this.#cells(runtime, where).flatMap(({ results }) => Object.keys(results)))]
  }

  /** Microseconds for one verification; `undefined` for those who did not take part. */
  time(runtime, where, id) {
    const cells = this.#cells(runtime, where).filter(({ results }) => id in results)
    return cells.length === 0 ? undefined : together(cells.map(({ results }) => summary(results[id].times)))
  }

  /** How much faster `ours` is than `theirs`. */
  ratio(runtime, where, ours, theirs) {
    const cells = this.#cells(runtime, where).filter(({ results }) => ours in results && theirs in results)
    if (cells.length === 0) return undefined
    return together(cells.map(({ results }) => ratio(results[ours].times, results[theirs].times)))
  }

  /** Why those are missing who are: `[{ id, reason, where: { [runtime]: algorithms } }]`. */
  absent(runtimes) {
    const all = new Map()
    for (const runtime of runtimes) {
      for (const { algorithm, absent } of this.#parts(runtime).flatMap(({ cells }) => cells)) {
        for (const [id, reason] of Object.entries(absent)) {
          const name = `${id}: ${reason}`
          if (!all.has(name)) all.set(name, { id, reason, where: {} })
          const { where } = all.get(name)
          where[runtime] = [...new Set([...(where[runtime] ?? []), algorithm])]
        }
      }
    }
    return [...all.values()]
  }

  /** Why one is missing in one case. */
  reason(runtime, where, id) {
    const failed = this.failure(runtime)
    if (failed !== undefined) return failed
    const told = this.#cells(runtime, where).map(({ absent }) => absent[id] ?? absent[packageOf(id)])
    return told.find(Boolean) ?? 'it was not measured'
  }

  /** All that was measured with a runtime: for each case each entrant's microseconds. */
  cells(runtime) {
    const cells = new Map(this.#parts(runtime).flatMap(({ cells }) => cells.map((cell) => [cellName(cell), cell])))
    return [...cells.values()].map(({ algorithm, keys, tokens, inFlight, absent }) => {
      const where = { algorithm, keys, tokens, inFlight }
      const ids = this.entrants(runtime, where)
      return {
        ...where,
        microseconds: Object.fromEntries(ids.map((id) => [id, this.time(runtime, where, id)])),
        absent,
      }
    })
  }

  /** A part that is no contest: every number in it the median of the runs. */
  other(name) {
    const parts = this.#parts(name)
    return parts.length === 0 ? undefined : merged(parts)
  }
}

function packageOf(id) {
  return id === 'hono/jwt' ? 'hono' : id.split(/[ ,]/)[0]
}

/** Values of the same shape, as one. */
function merged(values) {
  const [first] = values
  if (typeof first === 'number') return median(values)
  if (typeof first !== 'object' || first === null) return first
  return Object.fromEntries(Object.keys(first).map((name) => [name, merged(values.map((value) => value[name]))]))
}

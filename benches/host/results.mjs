/** Combines the runs into one result: the median of the runs for each number. */
import { median, ratio, summary, together } from './statistics.mjs'

/** One name for a case: `ES256, 1 key, fresh, 1 in flight`. */
export function cellName({ algorithm, keys, tokens, inFlight }) {
  return `${algorithm} ${keys} ${tokens} ${inFlight}`
}

/** The results of the runs. */
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

  /** Whether a part was measured. */
  has(name) {
    return this.#parts(name).length > 0
  }

  /** Why a part failed, if it failed in each run. */
  failure(name) {
    return this.has(name) ? undefined : this.#runs.map((run) => run[name]?.failed).find(Boolean)
  }

  version(runtime) {
    return this.#parts(runtime).at(-1)?.version
  }

  /** The entrants that were measured there, in order. */
  entrants(runtime, where) {
    return [...new Set(this.#cells(runtime, where).flatMap(({ results }) => Object.keys(results)))]
  }

  /** Microseconds for one verification; `undefined` for missing entrants. */
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

  /** Why entrants are missing: `[{ id, reason, where: { [runtime]: algorithms } }]`. */
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

  /** Why an entrant is missing in one case. */
  reason(runtime, where, id) {
    const failed = this.failure(runtime)
    if (failed !== undefined) return failed
    const reasons = this.#cells(runtime, where).map(({ absent }) => absent[id] ?? absent[packageOf(id)])
    return reasons.find(Boolean) ?? 'it was not measured'
  }

  /** All results of a runtime: the microseconds of each entrant in each case. */
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

  /** A part that is not a contest: each number is the median of the runs. */
  other(name) {
    const parts = this.#parts(name)
    return parts.length === 0 ? undefined : merged(parts)
  }
}

function packageOf(id) {
  return id === 'hono/jwt' ? 'hono' : id.split(/[ ,]/)[0]
}

/** Combines values of the same shape. */
function merged(values) {
  const [first] = values
  if (typeof first === 'number') return median(values)
  if (Array.isArray(first)) return first.map((_, index) => merged(values.map((value) => value[index])))
  if (typeof first !== 'object' || first === null) return first
  return Object.fromEntries(Object.keys(first).map((name) => [name, merged(values.map((value) => value[name]))]))
}

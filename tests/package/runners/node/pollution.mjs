/** Sets members on the prototypes of all objects and arrays, and judges while they are set. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every name in the package's built modules: what is written as an identifier or as a text, and some numbers. */
export function identifiers(dist) {
  const modules = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js'))
  const files = modules.filter((name) => !/inline|wasm_bytes/.test(name))
  const names = new Set(['', '0', '1'])
  for (const file of files) {
    const code = readFileSync(join(dist, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
    for (const [name] of code.matchAll(/[A-Za-z_$][\w$]*/g)) names.add(name)
    for (const [, name] of code.matchAll(/['"]([\w-]+)['"]/g)) names.add(name)
  }
  for (const name of Object.getOwnPropertyNames(Object.prototype)) names.delete(name)
  return [...names]
}

/** Calls all at once. Returns the names of those that returned `true`. */
export async function accepted(calls) {
  const found = await Promise.all(
    calls.map(async ({ name, call }) => {
      try {
        return (await call()) === true ? name : undefined
      } catch {
        return undefined
      }
    }),
  )
  return found.filter((name) => name !== undefined)
}

/** Sets members on a prototype while `work` runs. Nothing here iterates: `return` may be what is set. */
async function polluted(prototype, names, value, work) {
  for (let at = 0; at < names.length; at++) {
    Reflect.defineProperty(prototype, names[at], descriptor(value))
  }
  try {
    return await work()
  } finally {
    for (let at = 0; at < names.length; at++) delete prototype[names[at]]
  }
}

/** A property's description that inherits nothing, such as a `get` that was set before. */
const descriptor = (value) => ({ __proto__: null, value, configurable: true, writable: true, enumerable: true })

/** How many names are set at once. */
const BATCH = 40
/** A promise that is pending after the process has had nothing to do for this long never settles, in milliseconds. */
const IDLE = 1_000
/** After this time no further pollution is tried, and the suite fails, in milliseconds. */
const LIMIT = 20 * 60_000

/** How long the event loop has waited so far, in milliseconds. A slow machine makes trials long, but not idle. */
const idle = () => performance.eventLoopUtilization().idle

/**
 * Tries pollutions. `build` makes what is judged, `prepare` what can't be made meanwhile. `found` is what was accepted, by the
 * pollution that caused it.
 */
export function pollutions(build, prepare) {
  const found = new Map()
  const totals = { trials: 0, names: 0, passes: 0, wanted: 0, broken: new Set() }
  /**
   * Builds without and with the pollution, and judges with it. Names that break something – the host's own code inherits, too –
   * or let something pass are tried in halves, down to each alone, so that none hides another.
   */
  async function attempt(prototype, names, value, about) {
    if (performance.now() > LIMIT) throw new Error(`not all pollutions are tried after ${totals.trials} trials in ${LIMIT} ms`)
    prepare()
    const early = build()
    let timer
    // A promise that is never settled accepts nothing either.
    const late = new Promise((settle) => {
      const before = idle()
      timer = setInterval(() => idle() - before > IDLE && settle([]), 50)
    })
    const { wrong, right } = await polluted(prototype, names, value, async () => {
      const after = { refusals: [] }
      try {
        build(after)
      } catch {
        // With `return` for all objects the tests' own loops end early.
      }
      const wrong = Promise.race([accepted(early.refusals.concat(after.refusals)), late])
      const right = Promise.race([accepted(early.passes), late])
      return { wrong: await wrong, right: await right }
    })
    clearInterval(timer)
    totals.trials++
    if (names.length > 1 && (wrong.length > 0 || right.length < early.passes.length)) {
      const half = names.length >> 1
      const known = found.size
      await attempt(prototype, names.slice(0, half), value, about)
      await attempt(prototype, names.slice(half), value, about)
      if (wrong.length > 0 && found.size === known) found.set(`${names.join(' ')} = ${about}`, wrong)
      return
    }
    totals.names += names.length
    totals.passes += right.length * names.length
    totals.wanted += early.passes.length * names.length
    if (right.length < early.passes.length) totals.broken.add(names[0])
    if (wrong.length > 0) found.set(`${names[0]} = ${about}`, wrong)
  }

  /** Tries each value with all names. */
  async function attemptAll(prototype, names, values, whose = '') {
    for (const [about, value] of Object.entries(values)) {
      // What broke the host once is tried alone from then on.
      const together = names.filter((name) => !totals.broken.has(name))
      for (const name of names) {
        if (totals.broken.has(name)) await attempt(prototype, [name], value, `${about}${whose}`)
      }
      for (let at = 0; at < together.length; at += BATCH) {
        await attempt(prototype, together.slice(at, at + BATCH), value, `${about}${whose}`)
      }
      if (together.length > BATCH) console.log(`${about}${whose}: ${totals.trials} trials, ${Math.round(performance.now() / 1000)} s`)
    }
  }
  return { attemptAll, found, totals }
}

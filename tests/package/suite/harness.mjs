/** Collects tests and runs them, in any runtime. */

/** How long a test may take, in milliseconds: one that hangs fails under its own name, and the others go on. */
const LIMIT = 120_000

/** Collects tests, then runs them one after the other; each may take so many milliseconds. */
export function harness(limit = LIMIT) {
  const tests = []
  return {
    test: (name, body) => tests.push({ name, body }),
    async run() {
      const failures = []
      for (const { name, body } of tests) {
        try {
          await ended(body, limit)
        } catch (thrown) {
          // WebKit's stack lacks the message.
          const stack = thrown?.stack ?? ''
          failures.push({ name, problem: stack.includes(thrown?.message ?? thrown) ? stack : `${thrown}\n${stack}` })
        }
      }
      const names = new Set(tests.map(({ name }) => name))
      if (names.size !== tests.length) failures.push({ name: 'harness', problem: 'two tests have the same name' })
      return { passed: tests.length - failures.length, failures }
    },
  }
}

/** Waits for a test; the timer also keeps a host at work in which nothing else is left to wait for. */
async function ended(body, limit) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${limit} ms`)), limit)
  })
  try {
    await Promise.race([body(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The values are the same, member by member. */
export function same(found, expected, about = '') {
  const [left, right] = [canonical(found), canonical(expected)]
  if (left !== right) throw new Error(`${about}\n    found    ${left}\n    expected ${right}`)
}

export function ok(value, about = 'it does not hold') {
  if (!value) throw new Error(about)
}

/** The outcome of a call: its value, or its error. */
export async function outcome(call) {
  try {
    return { value: await call() }
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw new Error(`what was thrown is no Error: ${String(thrown)}`)
    return { thrown }
  }
}

/** The call is refused, with exactly these members of its error. */
export async function refused(call, expected, about = '') {
  const { thrown, value } = await outcome(call)
  if (thrown === undefined) throw new Error(`${about} was accepted: ${canonical(value)}`)
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, thrown[name]]))
  same(found, expected, `${about} ${thrown.stack}`)
  return thrown
}

/** A `TypeError` whose message names the option. */
export async function misused(call, option, about = '') {
  const { thrown, value } = await outcome(call)
  if (thrown === undefined) throw new Error(`${about} \`${option}\` was accepted: ${canonical(value)}`)
  ok(thrown instanceof TypeError, `${about} \`${option}\`: ${thrown.stack}`)
  ok(thrown.message.includes(`\`${option}\``), `${about}: the message does not name \`${option}\`: ${thrown.message}`)
  return thrown
}

/** What must be equal for two calls with the same outcome: error class, code, claim, reason and payload, or the value. */
export function comparable({ value, thrown }, show = (result) => result) {
  if (thrown === undefined) return { value: show(value) }
  if (thrown instanceof TypeError) return { name: 'TypeError' }
  const { name, code, claim, reason, payload } = thrown
  return { name, code, claim, reason, payload }
}

/** A value as JSON text that does not depend on the order of members. */
export function canonical(value) {
  const seen = (_, item) => {
    if (item instanceof Uint8Array) return { bytes: [...item] }
    if (item instanceof Error) return { name: item.name, message: item.message }
    if (typeof item === 'bigint' || typeof item === 'symbol' || typeof item === 'function') return String(item)
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) {
      return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
    }
    return item === undefined ? null : item
  }
  return JSON.stringify(value, seen)
}

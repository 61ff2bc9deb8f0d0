/** Prints the outcome of a suite, and returns its exit code. */
export function report({ passed, failures }) {
  for (const { name, problem } of failures) console.error(`✗ ${name}\n    ${problem.replaceAll('\n', '\n    ')}\n`)
  console.log(`${passed} passed, ${failures.length} failed`)
  return passed > 0 && failures.length === 0 ? 0 : 1
}

/** Checks one after the other: `check` records a result, {@link report} prints `outcome`. */
export function checks() {
  const outcome = { passed: 0, failures: [] }
  const check = (name, holds, problem) =>
    holds ? outcome.passed++ : outcome.failures.push({ name, problem: String(problem) })
  return { check, outcome }
}

/** What a call throws, or `undefined`. */
export function thrownBy(call) {
  try {
    return void call()
  } catch (thrown) {
    return thrown
  }
}

/** The exit code of a suite whose runtime is not on this machine, and its last line. */
export const SKIPPED = 77
export function skipped(why) {
  console.log(`skipped: ${why}`)
  return SKIPPED
}

/** The outcome of a suite enters, lines and an exit code leave. */
export function report({ passed, failures }) {
  for (const { name, problem } of failures) console.error(`✗ ${name}\n    ${problem.replaceAll('\n', '\n    ')}\n`)
  console.log(`${passed} passed, ${failures.length} failed`)
  return passed > 0 && failures.length === 0 ? 0 : 1
}

/** The exit code of a suite whose runtime is not on this machine, and its last line. */
export const SKIPPED = 77
export function skipped(why) {
  console.log(`skipped: ${why}`)
  return SKIPPED
}

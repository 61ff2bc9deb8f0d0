/** The outcome of a suite enters, lines and an exit code leave. */
export function report({ passed, failures }) {
  for (const { name, problem } of failures) console.error(`✗ ${name}\n    ${problem.replaceAll('\n', '\n    ')}\n`)
  console.log(`${passed} passed, ${failures.length} failed`)
  return passed > 0 && failures.length === 0 ? 0 : 1
}

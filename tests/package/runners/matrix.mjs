/** Makes the table of runtimes in the READMEs from the results of suites. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MATRIX } from './runtimes.mjs'
import { SKIPPED } from './report.mjs'

const [BEGIN, END] = ['<!-- matrix -->', '<!-- /matrix -->']

/** Stores the result of a suite: its exit code, its facts about the runtime, and the digest of the package. */
export async function keep(results, suite, code, about) {
  await mkdir(results, { recursive: true })
  const outcome = code === 0 ? 'passed' : code === SKIPPED ? 'skipped' : 'failed'
  await writeFile(join(results, `${suite}.json`), `${JSON.stringify({ outcome, ...about }, null, 2)}\n`)
}

/** The table in Markdown. A suite without a result has not run; one of another package has not run on this. */
export async function matrix(results, digest) {
  const rows = []
  for (const [runtime, how, suite] of MATRIX) {
    const text = await readFile(join(results, `${suite}.json`), 'utf8').catch(() => '{}')
    const { outcome, version, digest: ran } = JSON.parse(text)
    const result = ran !== digest ? 'not run' : { passed: '✓', failed: '✗', skipped: 'skipped' }[outcome]
    rows.push(`| ${runtime} | ${result === 'not run' || version === undefined ? '–' : version} | ${how} | ${result} |`)
  }
  return ['| runtime | version | the package comes by | the suite |', '|---|---|---|---|', ...rows].join('\n')
}

/** Writes the table between the markers of a page; whether the page has them. */
export async function write(page, table) {
  const text = await readFile(page, 'utf8')
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from === -1 || to < from) return false
  await writeFile(page, `${text.slice(0, from + BEGIN.length)}\n${table}\n${text.slice(to)}`)
  return true
}

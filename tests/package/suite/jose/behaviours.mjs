/**
 * Runs a grid of inputs, most of them odd or malformed, against jose and against `jotgate/jose`. Each case must have the same outcome on both sides, or
 * belong to a row of `docs/jose.md`.
 */
import { canonical, ok, outcome } from '../harness.mjs'
import { keyCases } from './cases_keys.mjs'
import { remoteCases } from './cases_remote.mjs'
import { tokenCases } from './cases_tokens.mjs'
import { ROWS } from './rows.mjs'

/** The groups of cases, by name. */
export const GROUPS = { keys: keyCases, tokens: tokenCases, 'remote sets': remoteCases }

/** The cases of a group that differ, each as `name | what jose does | what jotgate does`. */
export async function unequal({ jose, facade, ...context }, group) {
  const cases = GROUPS[group]({ jose, facade, ...context })
  const names = cases.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  ok(twice.length === 0, `two cases have the same name: ${twice.join(', ')}`)
  const found = []
  for (const { name, run, show = (value) => value, causes = false } of cases) {
    const [theirs, ours] = [await summary(jose, run, show, causes), await summary(facade, run, show, causes)]
    if (theirs.text !== ours.text) found.push(`${name} | ${theirs.text} | ${ours.text}${ours.refusal}`)
  }
  return found
}

/** The entry of {@link ROWS} that a difference belongs to, if there is one. */
export function rowOf(difference) {
  return ROWS.find(([, pattern]) => pattern.test(difference))
}

export function joseBehaviourTests(context) {
  for (const group of Object.keys(GROUPS)) {
    context.test(`V19: as jose, or in a row of docs/jose.md: ${group}`, async () => {
      const found = await unequal(context, group)
      const lost = found.filter((difference) => rowOf(difference) === undefined)
      ok(lost.length === 0, `${lost.length} differences are in no row:\n    ${lost.map((text) => text.slice(0, 300)).join('\n    ')}`)
    })
  }
}

/** The outcome of a call as one line, and the exact reason, which only jotgate has. */
async function summary(lib, run, show, causes) {
  const { value, thrown } = await outcome(() => run(lib))
  if (thrown === undefined) return { text: `accepted ${canonical(show(value))}`, refusal: '' }
  const chain = causes ? causesOf(thrown) : ''
  const refusal = thrown.refusal === undefined ? '' : ` (${thrown.refusal})`
  if (!(thrown instanceof lib.errors.JOSEError)) return { text: (thrown instanceof TypeError ? 'TypeError' : 'host error') + chain, refusal }
  const { name, code, claim, reason, payload } = thrown
  const ours = lib.errors[name]
  ok(ours === undefined || (thrown instanceof ours && ours.code === code), `${name} is not what its name says`)
  const text = [name, code, claim, reason].filter(Boolean).join(' ')
  return { text: `${text}${payload === undefined ? '' : ` ${canonical(payload)}`}${chain}`, refusal }
}

function causesOf(thrown) {
  const names = []
  for (let { cause } = thrown; cause instanceof Error; { cause } = cause) names.push(cause.name)
  return names.length === 0 ? '' : ` < ${names.join(' < ')}`
}

/** The cases of `tests/inspect/cases` through the packed entry `jotgate/inspect`, by `import` and by `require`. */
import { createRequire } from 'node:module'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as entry from 'jotgate/inspect'
import { report } from '../report.mjs'

const failures = []
let passed = 0

function check(name, run) {
  try {
    const problem = run()
    if (problem) failures.push({ name, problem })
    else passed++
  } catch (thrown) {
    failures.push({ name, problem: `${thrown?.stack ?? thrown}` })
  }
}

/** Without the verifier's messages, whose text may change, and without the local form of times. */
function comparable(value) {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([name]) => name !== 'message' && name !== 'local')
  return Object.fromEntries(members.map(([name, member]) => [name, comparable(member)]))
}

/** The path of the first difference. */
function difference(found, expected, path = '') {
  if (isDeepStrictEqual(found, expected)) return undefined
  if (typeof found !== 'object' || typeof expected !== 'object' || found === null || expected === null) {
    return `${path} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`
  }
  const names = new Set([...Object.keys(found), ...Object.keys(expected)])
  for (const name of names) {
    const inner = difference(found[name], expected[name], `${path}/${name}`)
    if (inner !== undefined) return inner
  }
  return `${path} has another type`
}

await entry.ready()
const required = createRequire(import.meta.url)('jotgate/inspect')
const folder = join(process.env.TESTS, '..', 'inspect', 'cases')
const signatures = await readFile(join(folder, 'signatures.json'), 'utf8')
for (const file of (await readdir(folder)).sort()) {
  const { cases } = JSON.parse(await readFile(join(folder, file), 'utf8'))
  for (const { name, input, options, report: expected } of cases) {
    for (const [way, { inspect }] of Object.entries({ import: entry, require: required })) {
      check(`${file}: ${name} (${way})`, () => difference(comparable(inspect(input, options)), expected))
    }
  }
}

check('what all objects inherit is no option', () => {
  const [{ input }] = JSON.parse(signatures).cases
  const inherited = { keys: 'a secret', policy: { issuer: 'https://evil.example' }, needs: { scopes: ['evil'] }, now: 1, issuer: 'evil', from: 'earlier', url: 7 }
  const options = () => ({ policy: { requireExp: false }, keys: [{ text: 'another secret' }] })
  const before = Math.floor(Date.now() / 1000)
  for (const [name, value] of Object.entries(inherited)) {
    Object.defineProperty(Object.prototype, name, { __proto__: null, value, configurable: true, writable: true })
  }
  let found
  try {
    found = [entry.inspect(input), entry.inspect(input, options())]
  } finally {
    for (const name of Object.keys(inherited)) delete Object.prototype[name]
  }
  const [bare, given] = found
  const rules = [...bare.rules, ...given.rules].map(({ rule }) => rule)
  const wrong = rules.includes('issuer') || rules.includes('scopes') || bare.now < before || bare.keys.length > 0 || given.keys.some(({ from }) => from !== 'entered')
  return wrong ? JSON.stringify([rules, bare.now, bare.keys, given.keys]) : undefined
})

const [day] = JSON.parse(await readFile(join(folder, 'claims.json'), 'utf8')).cases
check('times have a local form', () => {
  const { token } = entry.inspect(day.input, day.options)
  const exp = token.claims.find(({ name }) => name === 'exp')
  return exp.time.local ? undefined : 'no local form'
})
check('the clock is the default', () => {
  const before = Date.now() / 1000
  const { now } = entry.inspect('')
  return now >= before && now <= Date.now() / 1000 ? undefined : `now is ${now}`
})
check('a Date is taken', () => (entry.inspect('', { now: new Date(5000) }).now === 5 ? undefined : 'another time'))
for (const [name, input, options, option] of [
  ['an unknown option', '', { key: 'a' }, 'key'],
  ['an undefined option', '', { policy: undefined }, 'policy'],
  ['an empty issuer', '', { policy: { issuer: '' } }, 'issuer'],
  ['an unknown algorithm', '', { policy: { algorithms: ['none'] } }, 'algorithms'],
  ['an invalid time', '', { now: Number.NaN }, 'now'],
  ['a key without text', '', { keys: [{ from: 'entered' }] }, 'keys'],
  ['an unknown origin of a key', '', { keys: [{ text: 'a', from: 'token' }] }, 'from'],
  ['an input that is no text', 7, {}, 'input'],
]) {
  check(`${name} is a TypeError that names it`, () => {
    try {
      entry.inspect(input, options)
    } catch (thrown) {
      const named = thrown instanceof TypeError && thrown.code === 'ERR_OPTION' && thrown.message.includes(`\`${option}\``)
      return named ? undefined : `${thrown}`
    }
    return 'accepted'
  })
}
check('what all objects inherit is no option', () => {
  Object.prototype.policy = '{"issuer":["https://evil.example"]}'
  try {
    const { accepted } = entry.inspect(day.input, { keys: day.options.keys, now: 1 })
    return accepted ? undefined : 'refused by an inherited policy'
  } finally {
    delete Object.prototype.policy
  }
})
check('no text of any kind throws', () => {
  const odd = ['\ud800', '\u0000', '.'.repeat(1000), 'eyJ'.repeat(5000), '{'.repeat(3000), '['.repeat(200_000), '-----BEGIN PUBLIC KEY-----', 'curl', "curl '", 'Bearer', 'é.é.é', '%', '%zz.%.%', 'eyJ\u{1f600}..']
  for (const text of odd) entry.inspect(text, { keys: text || 'a' })
  return undefined
})

process.exitCode = report({ passed, failures })

/** Claims of every shape, of issuers that change how they write them: each is what `JSON.parse` makes of the text. */
import { ok } from '../harness.mjs'
import { CLAIMS, currentDate } from '../mint.mjs'

/** Numbers below a bound, the same in every run (Marsaglia's xorshift). */
function dice(seed) {
  let state = seed
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}

const NAMES = ['sub', 'roles', 'a', 'b', 'email', 'realm_access', 'x'.repeat(61), 'x'.repeat(70), 'naïve', '日本', '😀', '', '7', '01', '-1', '__proto__', 'constructor', 'toString', 'length', 'q"uo\\te', 'ta\tb']
const TEXTS = ['', 'a', 'user-4711', 'a sentence that is longer than a word', 'Nuñez', 'ÿ\u0080', 'Łódź', '日本語', '😀😀', '"quoted"', 'back\\slash', '\u2028', '\0\u001f', '\ud800', '\u007f', '\ufeff']
const NUMBERS = ['0', '-0', '7', '-7', '1790000000', '4294967295', '4294967296', '999999999999999', '1000000000000000', '9007199254740993', '123456789012345678901', '0.5', '-0.25', '1e3', '1E-7', '1e308', '5e-324', '-1e-400']

/** JSON text of some value. Written letter by letter: what `JSON.stringify` would never write must be read too. */
function anything(roll, depth) {
  const kind = roll(depth > 3 ? 6 : 9)
  if (kind < 2) return written(roll, TEXTS[roll(TEXTS.length)])
  if (kind < 4) return NUMBERS[roll(NUMBERS.length)]
  if (kind < 6) return ['true', 'false', 'null'][roll(3)]
  if (kind === 6) return listed(roll, '[]', Array.from({ length: roll(4) }, () => anything(roll, depth + 1)))
  return object(roll, depth)
}

function object(roll, depth) {
  const names = NAMES.filter(() => roll(depth === 0 ? 3 : 6) === 0).sort(() => roll(3) - 1)
  return listed(roll, '{}', names.map((name) => `${written(roll, name)}:${space(roll)}${anything(roll, depth + 1)}`))
}

function listed(roll, [open, close], items) {
  return `${open}${space(roll)}${items.join(`${space(roll)},${space(roll)}`)}${close}`
}

function space(roll) {
  return roll(12) === 0 ? [' ', '\n', '\t \r'][roll(3)] : ''
}

/** A string, some of its letters by their numbers. */
function written(roll, text) {
  if (roll(5) > 0) return JSON.stringify(text)
  const unit = (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `"${text.split('').map(unit).join('')}"`
}

/** A text that is different for every value and every order of members. */
function described(value) {
  if (Array.isArray(value)) return `[${value.map(described).join()}]`
  if (typeof value === 'object' && value !== null) {
    const plain = Object.getPrototypeOf(value) === Object.prototype ? '' : 'strange'
    const member = (name) => `${JSON.stringify(name)}:${described(Object.getOwnPropertyDescriptor(value, name).value)}`
    return `${plain}{${Reflect.ownKeys(value).map(member).join()}}`
  }
  return Object.is(value, -0) ? '-0' : `${typeof value} ${JSON.stringify(value)}`
}

export function claimsTests({ jotgate, test, world }) {
  const header = '{"alg":"HS256"}'
  const options = { algorithms: ['HS256'], currentDate, requireExp: false, maxTokenLength: 100_000 }
  const verifier = () => new jotgate.Verifier({ keys: world().keys.HS256.secret, ...options })
  const known = JSON.stringify(CLAIMS)

  test('claims of any shape are what JSON.parse reads, alone and in batches, at first sight and later', async () => {
    const roll = dice(20_261_127)
    const texts = []
    while (texts.length < 1_200) {
      // `sub` must be a string, and half a letter is refused: what is left is read by both.
      const text = `{"sub":"s",${object(roll, 0).slice(1)}`.replace(/,(\s*)\}$/, '$1}')
      if (isRead(text)) texts.push(text)
    }
    // Some layouts come again and again, others only once.
    for (let place = 3; place < texts.length; place += 3) texts[place] = reshuffled(texts[place - 3], roll)
    const accepting = verifier()
    const tokens = await Promise.all(texts.map((text) => world().raw(header, text)))
    for (let turn = 0; turn < 2; turn++) {
      for (const [place, text] of texts.entries()) {
        const { payload } = accepting.verifySync(tokens[place])
        ok(described(payload) === described(JSON.parse(text)), `${text}\n    found ${described(payload)}`)
      }
      const results = await accepting.verifyBatch(tokens)
      for (const [place, text] of texts.entries()) {
        ok(described(results[place].value.payload) === described(JSON.parse(text)), `in a batch: ${text}`)
      }
    }
  })

  test('claims are objects of their own each time', async () => {
    const token = await world().raw(header, '{"sub":"s","roles":["a"],"tenant":{"id":"t","tags":["x"]}}')
    const accepting = verifier()
    const [first, second, third] = [1, 2, 3].map(() => accepting.verifySync(token).payload)
    ok(first !== third && first.tenant !== third.tenant && first.roles !== third.roles)
    second.roles.push('b')
    second.tenant.tags[0] = 'y'
    second.tenant.more = second.more = true
    delete second.sub
    for (const payload of [first, third, accepting.verifySync(token).payload]) {
      ok(described(payload) === described({ sub: 's', roles: ['a'], tenant: { id: 't', tags: ['x'] } }), described(payload))
    }
  })

  test('more layouts than are remembered, deep ones and long ones', async () => {
    const accepting = verifier()
    const texts = [
      ...Array.from({ length: 200 }, (_, place) => `{"sub":"s","claim ${place}":{"inner ${place % 70}":[${place}]}}`),
      `{"a":${'{"a":'.repeat(100)}1${'}'.repeat(101)}`,
      `{"a":${'[{"b":'.repeat(50)}1${'}]'.repeat(50)}}`,
      `{${Array.from({ length: 200 }, (_, place) => `"name ${place}":${place}`)}}`,
      `{"list":[${Array.from({ length: 3_000 }, (_, place) => `{"id":${place}}`)}]}`,
      '{}',
      known,
    ]
    for (let turn = 0; turn < 3; turn++) {
      for (const text of texts) {
        const { payload } = accepting.verifySync(await world().raw(header, text))
        ok(described(payload) === described(JSON.parse(text)), text.slice(0, 200))
      }
    }
  })

  /** Whether the text is one that jotgate may read: each name once at every level, no half letters. */
  function isRead(text) {
    if (/\\ud800/.test(text)) return false
    try {
      const names = text.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? []
      const value = JSON.parse(text)
      return count(value) === names.length
    } catch {
      return false
    }
  }

  function count(value) {
    if (typeof value !== 'object' || value === null) return 0
    const own = Array.isArray(value) ? 0 : Object.keys(value).length
    return Object.values(value).reduce((sum, item) => sum + count(item), own)
  }

  /** The same names with other numbers and texts. */
  function reshuffled(text, roll) {
    return text.replace(/:(\d+)(?=[,}])/g, () => `:${roll(2) === 0 ? roll(1_000_000) : `${roll(1_000)}.5`}`)
  }
}

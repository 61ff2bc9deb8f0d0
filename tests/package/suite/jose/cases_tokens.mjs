/** Tokens, claims and options that are odd, wrong or wrong twice: cases for `jose_behaviours.mjs`. */
import { audience, base64url, CLAIMS, currentDate, issuer, NOW } from '../mint.mjs'

const base = { issuer, audience, currentDate }
const show = ({ payload, protectedHeader, key }) => ({ payload: payload instanceof Uint8Array ? [...payload] : payload, protectedHeader, hasKey: key !== undefined })

const VALUES = {
  'undefined': undefined,
  'null': null,
  'an empty string': '',
  'an empty list': [],
  'a list of an empty string': [''],
  'a list of a number': [5],
  'an empty object': {},
  '5': 5,
  '0': 0,
  '0.5': 0.5,
  '-1': -1,
  'NaN': Number.NaN,
  'Infinity': Number.POSITIVE_INFINITY,
  '1e9': 1e9,
  'true': true,
  'false': false,
  'a word': 'word',
  'a list of a word': ['word'],
  '5 minutes': '5 minutes',
  '5 MINUTES': '5 MINUTES',
  '1.5h': '1.5h',
  '5 parsecs': '5 parsecs',
  '-5s': '-5s',
  '+5s': '+5s',
  '5s ago': '5s ago',
  '5s from now': '5s from now',
  ' 5s': ' 5s',
  '5s ': '5s ',
  '5  s': '5  s',
  'digits': '5',
  'many days': '9999999999 days',
  'a Date': new Date(NOW * 1000),
  'a Date of nothing': new Date(Number.NaN),
  'a function': () => {},
  'a name': 'HS256',
  'a list of names': ['HS256', 'ES256'],
  'a list of one name twice': ['HS256', 'HS256'],
  'a list of none': ['none'],
  'a list of none and a name': ['none', 'HS256'],
  'a list of a name and a number': ['HS256', 5],
  'the subject': CLAIMS.sub,
  'the issuer': CLAIMS.iss,
  'a list of the issuer and another': ['word', CLAIMS.iss],
  'the audience': CLAIMS.aud,
  'a list of the audience and another': ['word', CLAIMS.aud],
  'JWT': 'JWT',
  'a list of claims': ['exp', 'sub'],
  'inherited names': ['toString', 'constructor', '__proto__'],
}
const OPTIONS = ['algorithms', 'crit', 'issuer', 'audience', 'subject', 'typ', 'requiredClaims', 'clockTolerance', 'maxTokenAge', 'currentDate']

export function tokenCases({ world }) {
  const cases = []
  const key = () => world().keys.HS256.secret
  const raw = remembered((header, payload) => world().raw(header, payload))
  const add = (group, name, run, display = show) => cases.push({ name: `${group}: ${name}`, run, show: display })
  const json = (change = {}) => JSON.stringify({ ...CLAIMS, ...change })
  const verify = (group, name, claims, options, header = {}) =>
    add(group, name, async (lib) => lib.jwtVerify(await raw(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }), json(claims)), key(), { currentDate, ...options }))

  for (const option of OPTIONS) {
    for (const [name, value] of Object.entries(VALUES)) {
      if (option === 'currentDate' && value === undefined) continue
      verify('option', `${option} ${name}`, {}, { [option]: value })
      if (option === 'clockTolerance') verify('option', `${option} ${name}, expired`, { exp: NOW - 3 }, { [option]: value })
      if (option === 'algorithms' || option === 'crit') {
        add('option of compactVerify', `${option} ${name}`, async (lib) => lib.compactVerify(await raw('{"alg":"HS256"}', 'any'), key(), { [option]: value }))
      }
    }
  }
  for (const [name, make] of Object.entries({
    'undefined': () => undefined,
    'null': () => null,
    'a list': () => [],
    'a string': () => 'text',
    'a number': () => 5,
    'a class instance': () => new (class { issuer = 'other' })(),
    'inherited': () => Object.create({ issuer: 'other' }),
    'of an unknown name': () => ({ isuer: 'other' }),
  })) {
    add('options', name, async (lib) => lib.jwtVerify(await raw('{"alg":"HS256"}', '{"iss":"a"}'), key(), make()))
    add('options of compactVerify', name, async (lib) => lib.compactVerify(await raw('{"alg":"HS256"}', '{"iss":"a"}'), key(), make()))
  }

  const types = ['JWT', 'jwt', 'application/jwt', 'APPLICATION/JWT', 'at+jwt', 'application/at+jwt', 'a/b', 'text/jwt', '', ' jwt', null, 5, undefined]
  for (const found of types) {
    for (const asked of types) {
      if (typeof asked === 'string' && asked !== '') verify('typ', `${JSON.stringify(found)} asked for ${asked}`, {}, { typ: asked }, { typ: found })
    }
  }
  const parties = ['api', 'API', 'api ', '', ['api'], ['x', 'api'], ['API'], [], ['api', 5], [['api']], {}, null, 5, true, undefined]
  for (const found of parties) {
    for (const asked of ['api', ['api', 'b'], ['x']]) {
      const name = `${JSON.stringify(found)} asked for ${JSON.stringify(asked)}`
      verify('aud', name, { aud: found }, { audience: asked })
      verify('iss', name, { iss: found }, { issuer: asked })
      if (typeof asked === 'string') verify('sub', name, { sub: found }, { subject: asked })
    }
    for (const claim of ['aud', 'iss', 'sub', 'jti']) verify('not asked for', `${claim} ${JSON.stringify(found)}`, { [claim]: found })
    verify('required', `scope ${JSON.stringify(found)}`, { scope: found }, { requiredClaims: ['scope'] })
  }
  verify('iss', 'with a final slash', { iss: `${issuer}/` }, { issuer })
  const times = [NOW, NOW - 1, NOW + 1, NOW + 0.5, NOW - 0.5, NOW - 10, NOW + 10, 0, -1, 1e20, -1e20, 253402300800, String(NOW), '', null, true, [], [NOW], {}, undefined]
  for (const claim of ['exp', 'nbf', 'iat']) {
    for (const value of times) {
      verify('times', `${claim} ${JSON.stringify(value)}`, { [claim]: value })
      verify('times with tolerance', `${claim} ${JSON.stringify(value)}`, { [claim]: value }, { clockTolerance: 5 })
      if (claim === 'iat') verify('times with an age', `${claim} ${JSON.stringify(value)}`, { iat: value }, { maxTokenAge: 5 })
      if (claim === 'iat') verify('times with an age of 0', `${claim} ${JSON.stringify(value)}`, { iat: value }, { maxTokenAge: 0 })
    }
  }

  const forms = {
    'empty': '', 'one dot': '.', 'two dots': '..', 'two parts': 'a.b', 'four parts': 'a.b.c.d', 'five parts': 'a.b.c.d.e', 'undefined': undefined, 'null': null, 'a number': 5, 'an object': {}, 'bytes of text': new TextEncoder().encode('x'), 'no bytes': new Uint8Array(), 'bytes that are no text': Uint8Array.of(255, 46, 46), 'an ArrayBuffer': new ArrayBuffer(3), 'a String object': Object('a.b.c'), 'a flattened JWS': { protected: base64url('{"alg":"HS256"}'), payload: 'e30', signature: 'AA' }, 'an object with a header': { header: { alg: 'HS256' } },
  }
  for (const [name, value] of Object.entries(forms)) everywhere(`a token: ${name}`, () => value)
  for (const [name, change] of Object.entries({
    'with a space in front': (text) => ` ${text}`,
    'with a line break behind': (text) => `${text}\n`,
    'with Bearer in front': (text) => `Bearer ${text}`,
    'as it is': (text) => text,
    'as bytes': (text) => new TextEncoder().encode(text),
    'without a signature': (text) => text.replace(/[^.]*$/, ''),
    'without a payload': (text) => text.replace(/\..*\./, '..'),
    'without a header': (text) => text.replace(/^[^.]*/, ''),
    'with a signature that is no base64url': (text) => text.replace(/[^.]*$/, '!!'),
    'with a padded signature': (text) => `${text}=`,
    'with a signature in base64': (text) => text.replace(/[^.]*$/, '++//'),
    'with a signature one byte shorter': (text) => text.slice(0, -2),
    'with a payload that is no base64url': (text) => text.replace(/\..*\./, '.!!.'),
    'with a character beyond ASCII': (text) => text.replace(/\..*\./, '.é.'),
  })) everywhere(`a good token ${name}`, async () => change(await raw('{"alg":"HS256"}', '{"sub":"a"}')))
  for (const payload of ['', 'null', '[]', '5', '"x"', 'true', '{', '{}', ' {} ', '{"a":1}x', '\ud800', '{"a":"\\ud800"}', '{"__proto__":{"a":1}}', '{"a":1e999}', '{"exp":"x"}']) {
    everywhere(`claims ${JSON.stringify(payload)}`, () => raw('{"alg":"HS256"}', payload))
  }
  for (const header of ['', 'null', '[]', '5', '"x"', '{', '{}', '{"alg":5}', '{"alg":null}', '{"alg":""}', '{"alg":"hs256"}', '{"alg":"HS256 "}', '{"alg":"none"}', '{"alg":"NONE"}', '{"alg":"ES256K"}', '{"alg":"RS1"}', '{"alg":"ML-DSA-44"}', '{"alg":"HS512"}', '{"alg":"ES256"}', '{"alg":"dir","enc":"A256GCM"}', '{"alg":["HS256"]}', '{"__proto__":{"alg":"HS256"}}', '{"alg":"HS256"} ', '{"alg":"HS256"}x']) {
    everywhere(`header ${header}`, () => raw(header, '{"sub":"a"}'))
  }
  const params = { kid: [null, 5, [], {}, ''], typ: [null, 5, [], {}, ''], cty: [null, 5, 'JWT'], jku: ['https://evil.example', 5], x5u: [5], x5c: ['x', ['x']], jwk: [5, {}], x5t: [5], zip: ['DEF'], enc: ['x'], b64: [true, false, null, 'true', 0], url: [5], nonce: [5] }
  for (const [name, values] of Object.entries(params)) for (const value of values) everywhere(`header with ${name} ${JSON.stringify(value)}`, () => raw(JSON.stringify({ alg: 'HS256', [name]: value }), '{"sub":"a"}'))

  const crits = [[[]], ['x'], [null], [5], [[5]], [['']], [['x']], [['x'], { x: 1 }], [['x'], { x: null }], [['alg']], [['exp'], { exp: 1 }], [['b64']], [['b64'], { b64: true }], [['b64'], { b64: false }], [['b64'], { b64: 'true' }], [['b64', 'x'], { b64: true, x: 1 }], [['toString']], [['__proto__']], [['typ'], { typ: 'JWT' }]]
  for (const [crit, more] of crits) {
    for (const [name, option] of Object.entries({ 'none': undefined, 'an empty one': {}, 'x true': { x: true }, 'x false': { x: false }, 'x undefined': { x: undefined }, 'b64 true': { b64: true } })) {
      const options = option === undefined ? {} : { crit: option }
      const header = JSON.stringify({ alg: 'HS256', crit, ...more })
      add('crit', `${header} with ${name}`, async (lib) => lib.jwtVerify(await raw(header, '{"sub":"a"}'), key(), options))
      add('crit of compactVerify', `${header} with ${name}`, async (lib) => lib.compactVerify(await raw(header, 'x'), key(), options))
    }
  }

  const headers = { good: {}, 'alg unknown': { alg: 'XS1' }, 'alg none': { alg: 'none' }, 'alg missing': { alg: undefined }, 'alg not allowed': { alg: 'HS512' }, 'crit unknown': { crit: ['x'], x: 1 }, 'typ wrong': { typ: 'x' }, 'kid 5': { kid: 5 }, 'b64 false': { b64: false, crit: ['b64'] } }
  const bodies = { good: json(), 'no JSON': 'x', 'a list': '[]', 'expired': json({ exp: NOW - 1 }), 'iss wrong': json({ iss: 'x' }), 'iss wrong and expired': json({ iss: 'x', exp: NOW - 1 }), 'aud missing and iss wrong': json({ aud: undefined, iss: 'x' }), 'exp a text': json({ exp: 'x' }), 'exp a text and iss wrong': json({ exp: 'x', iss: 'x' }), 'nbf later and expired': json({ nbf: NOW + 9, exp: NOW - 9 }), 'iat missing and aud wrong': json({ iat: undefined, aud: 'x' }), 'sub missing and expired': json({ sub: undefined, exp: 1 }), 'iat later and expired': json({ iat: NOW + 99, exp: 1 }), 'iat a text and nbf later': json({ iat: 'x', nbf: NOW + 99 }) }
  const signatures = { good: (text) => text, 'wrong': (text) => text.replace(/[^.]*$/, 'A'.repeat(43)), 'no base64url': (text) => text.replace(/[^.]*$/, '!'), 'missing': (text) => text.replace(/[^.]*$/, '') }
  const keys = { good: () => key(), 'another secret': () => new Uint8Array(64).fill(1), 'of another type': () => world().keys.ES256.jwk, 'undefined': () => undefined, 'a set': (lib) => lib.createLocalJWKSet(world().jwks), 'a function that fails': () => () => Promise.reject(new RangeError('mine')) }
  const options = { ...base, algorithms: ['HS256', 'ES256'], typ: 'JWT', maxTokenAge: 600, requiredClaims: ['sub'] }
  for (const [h, header] of Object.entries(headers)) {
    for (const [b, body] of Object.entries(bodies)) {
      for (const [s, sign] of Object.entries(signatures)) {
        for (const [k, make] of Object.entries(keys)) {
          const wrong = [h, b, s, k].filter((name) => name !== 'good').length
          if (wrong > 2) continue
          add('twice wrong', `header ${h}, claims ${b}, signature ${s}, key ${k}`, async (lib) =>
            lib.jwtVerify(sign(await raw(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }), body)), make(lib), options))
        }
      }
    }
  }
  return cases

  function everywhere(name, make) {
    add('jwtVerify', name, async (lib) => lib.jwtVerify(await make(), key()))
    add('compactVerify', name, async (lib) => lib.compactVerify(await make(), key()))
    const plain = (value) => value
    add('decodeJwt', name, async (lib) => lib.decodeJwt(await make()), plain)
    add('decodeProtectedHeader', name, async (lib) => lib.decodeProtectedHeader(await make()), plain)
  }
}

function remembered(make) {
  const known = new Map()
  return (...given) => {
    const name = JSON.stringify(given)
    if (!known.has(name)) known.set(name, make(...given))
    return known.get(name)
  }
}

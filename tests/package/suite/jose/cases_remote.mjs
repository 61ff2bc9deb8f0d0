/** Remote key sets that answer badly, and options that make no sense: cases for `jose_behaviours.mjs`. */
import { audience, currentDate, issuer } from '../mint.mjs'

const base = { issuer, audience, currentDate }
const show = ({ payload, protectedHeader, key }) => ({ payload, protectedHeader, hasKey: key !== undefined })

export function remoteCases({ world }) {
  const cases = []
  const add = (group, name, run, display = show) => cases.push({ name: `${group}: ${name}`, run, show: display, causes: true })
  let token
  const verify = async (lib, keys) => lib.jwtVerify(await (token ??= world().token('ES256')), keys, base)
  const good = () => JSON.stringify(world().jwks)
  const set = (lib, fetch, options) => lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), { ...options, [lib.customFetch]: fetch })

  for (const [name, make] of Object.entries({
    'a string': () => 'https://issuer.example/jwks',
    'undefined': () => undefined,
    'null': () => null,
    'an object with href': () => ({ href: 'https://issuer.example/jwks' }),
    'http': () => new URL('http://issuer.example/jwks'),
    'ftp': () => new URL('ftp://issuer.example/jwks'),
    'data': () => new URL('data:,x'),
    'file': () => new URL('file:///jwks'),
    'with a password': () => new URL('https://a:b@issuer.example/jwks'),
    'with a fragment': () => new URL('https://issuer.example/jwks#x'),
  })) add('remote URL', name, (lib) => typeof lib.createRemoteJWKSet(make()), (type) => type)

  const values = { 'undefined': undefined, 'null': null, '0': 0, '0.5': 0.5, '-1': -1, 'NaN': Number.NaN, 'Infinity': Number.POSITIVE_INFINITY, 'text': '5000', '3e9': 3e9, '1000': 1000, 'an object': {}, 'true': true }
  for (const option of ['timeoutDuration', 'cooldownDuration', 'cacheMaxAge']) {
    for (const [name, value] of Object.entries(values)) {
      add('remote option', `${option} ${name}`, (lib) => typeof set(lib, async () => new Response(good()), { [option]: value }), (type) => type)
      if (option !== 'timeoutDuration') add('remote option in use', `${option} ${name}`, (lib) => verify(lib, set(lib, async () => new Response(good()), { [option]: value })))
    }
  }
  for (const [name, headers] of Object.entries({ 'undefined': undefined, 'null': null, 'a string': 'x', 'a number': 5, 'a bad name': { 'a b': 'x' }, 'a bad value': { a: 'x\n\ny' }, 'Headers': new Headers({ a: 'b' }), 'pairs': [['a', 'b']], 'an empty object': {}, 'accept': { accept: 'text/plain' } })) {
    add('remote headers', name, async (lib) => {
      let sent
      const fetch = async (_, init) => {
        sent = [init.headers.get('a'), init.headers.get('accept'), init.method, init.redirect]
        return new Response(good())
      }
      await verify(lib, set(lib, fetch, { headers }))
      return sent
    }, (sent) => sent)
  }
  for (const [name, fetch] of Object.entries({ 'undefined': undefined, 'null': null, 'a string': 'x', 'an object': {} })) add('customFetch', name, (lib) => typeof set(lib, fetch), (type) => type)
  for (const [name, options] of Object.entries({ 'undefined': undefined, 'null': null, 'a string': 'x', 'a list': [], 'of an unknown name': { other: 1 } })) {
    add('remote options', name, (lib) => typeof lib.createRemoteJWKSet(new URL('https://issuer.example/jwks'), options), (type) => type)
  }

  const answers = {
    '200': () => new Response(good()),
    '201': () => new Response(good(), { status: 201 }),
    '204': () => new Response(null, { status: 204 }),
    '301': () => new Response('', { status: 301, headers: { location: '/x' } }),
    '302': () => new Response(good(), { status: 302, headers: { location: '/x' } }),
    '304': () => new Response(null, { status: 304 }),
    '404': () => new Response(good(), { status: 404 }),
    '429': () => new Response('', { status: 429 }),
    '500': () => new Response('', { status: 500 }),
    'no JSON': () => new Response('<html>'),
    'nothing': () => new Response(''),
    'a byte order mark': () => new Response(`\ufeff${good()}`),
    'white space around': () => new Response(` ${good()} `),
    'another type': () => new Response(good(), { headers: { 'content-type': 'text/html' } }),
    'null': () => new Response('null'),
    'a list': () => new Response('[]'),
    'a number': () => new Response('5'),
    'no keys': () => new Response('{}'),
    'keys an object': () => new Response('{"keys":{}}'),
    'keys empty': () => new Response('{"keys":[]}'),
    'keys of null': () => new Response('{"keys":[null]}'),
    'keys of text': () => new Response('{"keys":["x"]}'),
    'keys of an unknown type': () => new Response('{"keys":[{"kty":"XX"}]}'),
    'keys of another alg': () => new Response(JSON.stringify({ keys: [world().keys.RS256.jwk] })),
    'one broken beside a good one': () => new Response(JSON.stringify({ keys: [{ kty: 'EC' }, world().keys.ES256.jwk] })),
    'twice the member keys': () => new Response(`{"keys":[],"keys":${JSON.stringify(world().jwks.keys)}}`),
    'json only': () => ({ status: 200, json: async () => JSON.parse(good()) }),
    'json that fails': () => ({ status: 200, json: async () => JSON.parse('<') }),
    'undefined': () => undefined,
    'an empty object': () => ({}),
    'a TypeError': () => Promise.reject(new TypeError('fetch failed', { cause: new RangeError('ECONNREFUSED') })),
    'a RangeError': () => Promise.reject(new RangeError('mine')),
    'an AbortError': () => Promise.reject(new DOMException('mine', 'AbortError')),
    'a TimeoutError': () => Promise.reject(new DOMException('mine', 'TimeoutError')),
    'an Error that is called TimeoutError': () => Promise.reject(Object.assign(new Error('mine'), { name: 'TimeoutError' })),
    'a throw': () => {
      throw new RangeError('mine')
    },
  }
  for (const [name, answer] of Object.entries(answers)) {
    add('remote answer', name, (lib) => verify(lib, set(lib, async () => answer())))
    add('remote reload', name, async (lib) => {
      const keys = set(lib, async () => answer())
      await keys.reload()
      return keys.jwks()
    }, (jwks) => jwks)
  }
  add('remote answer', 'a throw before a promise', (lib) => verify(lib, set(lib, answers['a throw'])))
  for (const timeoutDuration of [0, 20]) {
    const late = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    add('remote timeout', String(timeoutDuration), (lib) => verify(lib, set(lib, late, { timeoutDuration })))
  }
  const jwks = () => structuredClone(world().jwks)
  for (const [name, make] of Object.entries({
    'undefined': () => undefined,
    'null': () => null,
    'a string': () => 'x',
    'empty': () => ({}),
    'of now': () => ({ uat: Date.now(), jwks: jwks() }),
    'of the future': () => ({ uat: Date.now() + 5e6, jwks: jwks() }),
    'too old': () => ({ uat: 5, jwks: jwks() }),
    'a text as time': () => ({ uat: 'x', jwks: jwks() }),
    'no time': () => ({ jwks: jwks() }),
    'no set': () => ({ uat: Date.now() }),
    'a broken set': () => ({ uat: Date.now(), jwks: { keys: {} } }),
    'an empty set': () => ({ uat: Date.now(), jwks: { keys: [] } }),
    'frozen': () => Object.freeze({}),
  })) {
    add('jwksCache', name, async (lib) => {
      let calls = 0
      const cache = make()
      const fetch = async () => new Response((calls++, good()))
      const keys = set(lib, fetch, { [lib.jwksCache]: cache })
      const before = [keys.fresh, keys.coolingDown, keys.jwks() !== undefined]
      const result = await verify(lib, keys)
      return { result: show(result), calls, before, cached: typeof cache === 'object' && cache !== null ? [typeof cache.uat, typeof cache.jwks] : null }
    }, (all) => all)
  }
  return cases
}

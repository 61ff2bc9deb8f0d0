/** Keys that are odd, malformed or misused, in every function that takes a key: cases for `jose_behaviours.mjs`. */
import { certificate } from '../certificate.mjs'
import { audience, base64url, currentDate, issuer } from '../mint.mjs'

const base = { issuer, audience, currentDate }
const bytesOf = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const padded = (text) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')

/** What can be wrong with the text of a member. */
const MEMBER_VALUES = {
  'missing': () => undefined,
  'empty': () => '',
  'a number': () => 5,
  'null': () => null,
  'an array': (text) => [text],
  'an object': () => ({}),
  'padded': padded,
  'in base64': (text) => padded(text.replace(/-/g, '+').replace(/_/g, '/')),
  'with a line break': (text) => `${text.slice(0, 4)}\n${text.slice(4)}`,
  'with a space': (text) => ` ${text}`,
  'one byte shorter': (text) => base64url(bytesOf(text).slice(1)),
  'with a zero in front': (text) => base64url(Uint8Array.of(0, ...bytesOf(text))),
  'one byte longer': (text) => base64url(Uint8Array.of(...bytesOf(text), 7)),
  'of other characters': () => '!!!!',
}

/** What else a JWK can say, for any type of key. */
const MEMBERS = {
  'ext': [true, false, 'true', null, 5],
  'key_ops': [[], ['verify'], ['verify', 'verify'], ['sign'], ['sign', 'verify'], ['verify', 'x'], 'verify', [5], null],
  'use': ['sig', 'enc', '', 5, null],
  'alg': ['RS512', 'ES384', 'XS1', '', 5, null, 'HS512'],
  'kid': [5, null, ''],
  'kty': [undefined, '', 'XX', 'ec', 5, null],
  'd': ['', 5, null],
  'k': ['AQAB'],
  'priv': ['AQAB'],
  'x5c': ['x', ['x']],
  'note': [{ any: 1 }],
}

const BASES = { EC: 'ES256', RSA: 'RS256', OKP: 'EdDSA', oct: 'HS256' }
const OWN = { EC: ['x', 'y'], RSA: ['n', 'e'], OKP: ['x'], oct: ['k'] }
const CURVES = { EC: ['P-384', 'P-521', 'secp256k1', 'p-256', '', 5], OKP: ['X25519', 'Ed448', 'ed25519', '', 5] }

/** The odd JWKs, each with the algorithm of its type. */
function jwks(world) {
  const found = []
  for (const [kty, alg] of Object.entries(BASES)) {
    const { alg: own, kid, ...jwk } = world().keys[alg].jwk
    const add = (name, change, without = []) => {
      const changed = { ...jwk, kid, alg: own, ...change }
      for (const member of [...without, ...Object.keys(changed)]) if (changed[member] === undefined || without.includes(member)) delete changed[member]
      found.push({ name: `${kty} ${name}`, jwk: changed, alg })
    }
    add('as it is', {})
    add('without alg', {}, ['alg'])
    add('without kid', {}, ['kid'])
    for (const member of OWN[kty]) {
      for (const [about, make] of Object.entries(MEMBER_VALUES)) add(`${member} ${about}`, { [member]: make(jwk[member]) })
    }
    for (const crv of CURVES[kty] ?? []) add(`crv ${JSON.stringify(crv)}`, { crv })
    for (const [member, values] of Object.entries(MEMBERS)) {
      if (jwk[member] !== undefined && member === 'k') continue
      for (const value of values) add(`${member} ${JSON.stringify(value)}`, { [member]: value })
    }
    if (kty !== 'oct') add('private', { ...world().keys[alg].privateJwk })
    if (kty === 'EC') add('off the curve', { y: jwk.x })
    if (kty === 'RSA') add('of 1024 bits', { n: base64url(bytesOf(jwk.n).slice(128).map((byte, index) => (index === 0 ? byte | 128 : byte))) })
  }
  return found
}

const LOOSE = {
  'undefined': () => undefined,
  'null': () => null,
  'a string': () => 'text',
  'a number': () => 5,
  'an array': () => [],
  'an empty object': () => ({}),
  'a function': () => () => {},
  'an ArrayBuffer': () => new ArrayBuffer(32),
  'empty bytes': () => new Uint8Array(),
  'bytes': () => new Uint8Array(64).fill(7),
}

const imported = (key) => key.type ?? 'secret'
const verified = ({ payload, protectedHeader, key }) => ({ payload, protectedHeader, hasKey: key !== undefined })

export function keyCases({ jose, world }) {
  const cases = []
  const add = (group, name, run, show) => cases.push({ name: `${group}: ${name}`, run, show })
  const token = remembered((alg) => world().token(alg))
  for (const { name, jwk, alg } of jwks(world)) {
    const copy = () => structuredClone(jwk)
    add('importJWK', name, (lib) => lib.importJWK(copy()), imported)
    add('importJWK with alg', name, (lib) => lib.importJWK(copy(), alg), imported)
    add('jwtVerify with a JWK', name, async (lib) => lib.jwtVerify(await token(alg), copy(), base), verified)
    add('jwtVerify with a set', name, async (lib) => lib.jwtVerify(await token(alg), lib.createLocalJWKSet({ keys: [copy()] }), base), verified)
    add('thumbprint', name, (lib) => lib.calculateJwkThumbprint(copy()))
    add('EmbeddedJWK', name, (lib) => lib.EmbeddedJWK({ alg, jwk: copy() }), imported)
  }
  const good = (alg) => structuredClone(world().keys[alg].jwk)
  for (const [name, make] of Object.entries(LOOSE)) {
    add('importJWK', name, (lib) => lib.importJWK(make(), 'ES256'), imported)
    add('thumbprint', name, (lib) => lib.calculateJwkThumbprint(make()))
    add('EmbeddedJWK', `jwk is ${name}`, (lib) => lib.EmbeddedJWK({ alg: 'ES256', jwk: make() }), imported)
    for (const alg of ['ES256', 'HS256']) {
      const call = name === 'a function' ? 'a function that returns nothing' : name
      add('jwtVerify with a key', `${alg} ${call}`, async (lib) => lib.jwtVerify(await token(alg), make(), base), verified)
      add('jwtVerify with a function', `${alg} that returns ${name}`, async (lib) => lib.jwtVerify(await token(alg), () => make(), base), verified)
    }
    if (name !== 'an ArrayBuffer') {
      add('local set', `keys is ${name}`, (lib) => lib.createLocalJWKSet({ keys: make() }).jwks())
      add('local set', `a member is ${name}`, (lib) => lib.createLocalJWKSet({ keys: [make()] }).jwks())
      add('local set', `the set is ${name}`, (lib) => lib.createLocalJWKSet(make()).jwks())
    }
  }
  for (const alg of [undefined, null, '', 5, 'XS256', 'none', 'HS256', 'RS256', 'PS256', 'RS512', 'ES384', 'ES256', 'EdDSA', 'Ed25519', 'ECDH-ES', 'RSA-OAEP', 'A256GCM', 'dir', 'ML-DSA-44']) {
    for (const kty of Object.keys(BASES)) {
      const { alg: own, ...bare } = good(BASES[kty])
      add('importJWK for', `${kty} ${JSON.stringify(alg)}`, (lib) => lib.importJWK({ ...bare }, alg), imported)
      add('importJWK for', `${kty} that has an alg ${JSON.stringify(alg)}`, (lib) => lib.importJWK({ ...bare, alg: own }, alg), imported)
      add('EmbeddedJWK for', `${kty} ${JSON.stringify(alg)}`, (lib) => lib.EmbeddedJWK({ alg, jwk: { ...bare } }), imported)
      const [theirs, ours] = [{ ...bare }, { ...bare }]
      const at = (lib) => (lib === jose ? theirs : ours)
      add('a set asked for', `${kty} ${JSON.stringify(alg)}`, (lib) => lib.createLocalJWKSet({ keys: [at(lib)] })({ alg }), imported)
    }
  }
  for (const extractable of [true, false, null, 'yes', 1]) {
    const text = JSON.stringify(extractable)
    for (const kty of Object.keys(BASES)) {
      add('extractable', `${kty} ${text}`, (lib) => lib.importJWK(good(BASES[kty]), BASES[kty], { extractable }), imported)
    }
    add('extractable', `SPKI ${text}`, async (lib) => lib.importSPKI(await spki('ES256'), 'ES256', { extractable }), imported)
  }
  for (const digest of [undefined, null, '', 'SHA-256', 'sha1', 'sha256', 'sha384', 'sha512', 5]) {
    add('digest', JSON.stringify(digest), (lib) => lib.calculateJwkThumbprint(good('RS256'), digest))
    add('digest of a URI', JSON.stringify(digest), (lib) => lib.calculateJwkThumbprintUri(good('RS256'), digest))
  }
  const pairs = { kid: [undefined, 'key-ES256', 'other', 5, null, ''], alg: ['ES256'] }
  for (const kid of pairs.kid) {
    for (const own of [undefined, 'key-ES256', 5, null]) {
      const jwk = { ...good('ES256'), kid: own }
      if (own === undefined) delete jwk.kid
      add('a set asked for kid', `${JSON.stringify(kid)} that has ${JSON.stringify(own)}`, (lib) => lib.createLocalJWKSet({ keys: [structuredClone(jwk)] })({ alg: 'ES256', kid }), imported)
    }
  }
  for (const header of [undefined, {}, { alg: 5 }, { kid: 'key-ES256' }]) {
    add('a set asked with', JSON.stringify(header), (lib) => lib.createLocalJWKSet(structuredClone(world().jwks))(header), imported)
    add('EmbeddedJWK with', JSON.stringify(header), (lib) => lib.EmbeddedJWK(header), imported)
  }
  add('a set asked with', 'an unprotected header', (lib) => lib.createLocalJWKSet(structuredClone(world().jwks))({ alg: 'ES256' }, { header: { kid: 'key-ES256' }, payload: '', signature: '' }), imported)
  for (const [name, keys] of Object.entries({
    'two of one kid': () => [good('ES256'), good('ES256')],
    'a good one and a broken one of one kid': () => [good('ES256'), { ...good('ES256'), x: 'AQAB' }],
    'a broken one and a good one of other kid': () => [{ ...good('ES256'), kid: 'other', x: 'AQAB' }, good('ES256')],
    'one with kid and one without': () => [good('ES256'), { ...good('ES256'), kid: undefined }],
    'an unknown type beside': () => [{ kty: 'XX' }, good('ES256')],
    'a secret beside': () => [good('HS256'), good('ES256')],
  })) {
    add('jwtVerify with a set', name, async (lib) => lib.jwtVerify(await token('ES256'), lib.createLocalJWKSet(JSON.parse(JSON.stringify({ keys: keys() }))), base), verified)
    add('the first candidate of a set', name, async (lib) => {
      const failed = await lib.createLocalJWKSet(JSON.parse(JSON.stringify({ keys: keys() })))({ alg: 'ES256' }).catch((thrown) => thrown)
      if (!(failed instanceof lib.errors.JWKSMultipleMatchingKeys)) return imported(failed)
      let count = 0
      for await (const key of failed) count += imported(key).length > 0 ? 1 : 0
      return count
    })
  }
  add('local set', 'a class instance', (lib) => lib.createLocalJWKSet(new (class { keys = [good('ES256')] })()).jwks())
  add('local set', 'a cycle', (lib) => {
    const set = { keys: [good('ES256')] }
    set.self = set
    return typeof lib.createLocalJWKSet(set).jwks()
  })
  add('local set', 'a function among the members', (lib) => lib.createLocalJWKSet({ keys: [good('ES256')], note: () => {} }).jwks())
  add('local set', 'members beside', (lib) => lib.createLocalJWKSet({ keys: [{ ...good('ES256'), note: [1] }], note: 'x' }).jwks())

  const cryptoKeys = {
    'a private CryptoKey': () => world().keys.ES256.signer,
    'a CryptoKey that may do nothing': () => crypto.subtle.importKey('jwk', strip(good('ES256')), { name: 'ECDSA', namedCurve: 'P-256' }, true, []),
    'a secret CryptoKey': () => crypto.subtle.importKey('raw', world().keys.HS256.secret, { name: 'HMAC', hash: 'SHA-256' }, true, ['verify']),
    'a secret CryptoKey of another hash': () => crypto.subtle.importKey('raw', world().keys.HS256.secret, { name: 'HMAC', hash: 'SHA-512' }, true, ['verify']),
    'a CryptoKey of another curve': () => world().keys.ES384.publicKey,
    'an RSA CryptoKey of another hash': () => crypto.subtle.importKey('jwk', strip(good('RS256')), { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }, true, ['verify']),
    'an RSA CryptoKey of another padding': () => crypto.subtle.importKey('jwk', strip(good('RS256')), { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify']),
  }
  for (const [name, make] of Object.entries(cryptoKeys)) {
    const alg = name.includes('secret') ? 'HS256' : name.includes('RSA') ? 'RS256' : 'ES256'
    add('jwtVerify with a key', name, async (lib) => lib.jwtVerify(await token(alg), await make(), base), verified)
    add('thumbprint', name, async (lib) => lib.calculateJwkThumbprint(await make()))
  }
  for (const length of [0, 1, 31, 32, 33, 65]) {
    add('a secret of', `${length} bytes`, async (lib) => {
      const secret = new Uint8Array(length).fill(7)
      const signer = new jose.SignJWT({ sub: 'a' }).setProtectedHeader({ alg: 'HS256' })
      const signed = length === 0 ? await token('HS256') : await signer.sign(secret)
      return lib.jwtVerify(signed, secret)
    }, verified)
  }
  const spki = async (alg) => jose.exportSPKI(await jose.importJWK(good(alg), alg, { extractable: true }))
  const pem = (label, body) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`
  const body = (text) => text.replace(/-----.*?-----|\s/g, '')
  const pkcs8 = () => jose.exportPKCS8(world().keys.ES256.signer)
  const texts = {
    'as it is': (text) => text,
    'with CRLF': (text) => text.replaceAll('\n', '\r\n'),
    'with spaces in front': (text) => `  ${text}`,
    'with a line break behind': (text) => `${text}\n`,
    'with text in front': (text) => `subject=x\n${text}`,
    'with text behind': (text) => `${text}\nand more text`,
    'twice': (text) => `${text}\n${text}`,
    'in quotation marks': (text) => `"${text}"`,
    'with escaped line breaks': (text) => text.replaceAll('\n', '\\n'),
    'in one line': (text) => text.replaceAll('\n', ''),
    'without its footer': (text) => text.replace(/-----END.*/, ''),
    'of garbage': (text, label) => pem(label, 'AAAA'),
    'of other characters': (text, label) => pem(label, '!!!'),
    'without content': (text, label) => pem(label, ''),
    'cut short': (text, label) => pem(label, body(text).slice(0, 40)),
    'with bytes behind': (text, label) => pem(label, btoa(`${atob(body(text))}\0`)),
    'under another label': (text) => pem('RSA PUBLIC KEY', body(text)),
    'a private key': () => pkcs8(),
    'under the other label': (text, label) => pem(label === 'CERTIFICATE' ? 'PUBLIC KEY' : 'CERTIFICATE', body(text)),
    'DER in base64': (text) => body(text),
    'undefined': () => undefined,
    'bytes': (text) => new TextEncoder().encode(text),
    'empty': () => '',
  }
  for (const [name, make] of Object.entries(texts)) {
    add('importSPKI', name, async (lib) => lib.importSPKI(await make(await spki('ES256'), 'PUBLIC KEY'), 'ES256'), imported)
    add('importX509', name, async (lib) => lib.importX509(await make(certificate(await spki('ES256')), 'CERTIFICATE'), 'ES256'), imported)
  }
  for (const alg of [undefined, null, '', 5, 'XS256', 'HS256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'ECDH-ES', 'RSA-OAEP', 'ML-DSA-44']) {
    for (const from of ['ES256', 'RS256', 'EdDSA']) {
      add('importSPKI for', `${from} ${JSON.stringify(alg)}`, async (lib) => lib.importSPKI(await spki(from), alg), imported)
      add('importX509 for', `${from} ${JSON.stringify(alg)}`, async (lib) => lib.importX509(certificate(await spki(from)), alg), imported)
    }
  }
  return cases
}

const strip = ({ alg, kid, ...jwk }) => jwk

/** The same promise for the same argument. */
function remembered(make) {
  const known = new Map()
  return (name) => known.get(name) ?? known.set(name, make(name)).get(name)
}

/** What must be refused under pollution by proofs of possession, step-up, introspection and status lists, for `polluted.mjs`. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { deflateSync } from 'node:zlib'

const API = 'https://api.example'
/** Now: the trials take longer than a proof counts. */
const seconds = () => Math.floor(Date.now() / 1000)
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const hash = (text) => createHash('sha256').update(text).digest('base64url')

/** A key of a client, with its thumbprint (RFC 7638 §3, RFC 8037 §2). */
function clientKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  return { privateKey, jwk: { crv, kty, x }, jkt: hash(JSON.stringify({ crv, kty, x })) }
}
const [own, stranger] = [clientKey(), clientKey()]

/** A DPoP proof by a key, whose header may name another. */
function proofOf(token, claims = {}, { privateKey, jwk } = own, header = {}) {
  const all = { jti: 'one', htm: 'GET', htu: `${API}/notes`, iat: seconds(), ath: hash(token), ...claims }
  const text = `${part({ typ: 'dpop+jwt', alg: 'EdDSA', jwk, ...header })}.${part(all)}`
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

const FINGERPRINT = 'ab'.repeat(32)
const x5t = Buffer.from(FINGERPRINT, 'hex').toString('base64url')
const certificate = (more) => ({ cf: { tlsClientAuth: { certPresented: '1', certVerified: 'SUCCESS', certFingerprintSHA256: FINGERPRINT, ...more } } })

/** The endpoint's answers by token, as JSON text. */
export const introspectionAnswers = (issuer, claims) => {
  const active = { active: true, ...claims }
  return Object.entries({
    'good': active,
    'inactive': { ...active, active: false },
    'undecided': claims,
    'endless': { ...active, exp: undefined },
    'of-others': { ...active, aud: 'other' },
    'bound': { ...active, cnf: { jkt: own.jkt } },
    'refresh': { ...active, token_use: 'refresh_token' },
    'nothing': {},
  }).map(([token, body]) => [`${issuer}/introspect/${token}`, body])
}

/** Status list tokens by address. `hmac` makes a token of the issuer. */
export const statusAnswers = (issuer, hmac) => {
  const list = { bits: 2, lst: deflateSync(Buffer.from([0b11_10_01_00])).toString('base64url') }
  const token = (name, claims, header, secret) => [`${issuer}/${name}`, hmac({ sub: `${issuer}/${name}`, aud: undefined, status_list: list, ...claims }, { typ: 'statuslist+jwt', ...header }, secret)]
  return [
    token('good'),
    token('forged', {}, {}, Buffer.alloc(64, 1)),
    token('of-others', { iss: 'https://evil.example' }),
    token('elsewhere', { sub: `${issuer}/good` }),
    token('nameless', { sub: undefined }),
    token('old', { exp: 1 }),
    token('undated', { iat: undefined }),
    token('typeless', {}, { typ: undefined }),
    token('of-another-type', {}, { typ: 'JWT' }),
    token('empty', { status_list: {} }),
    token('none', { status_list: undefined }),
    token('damaged', { status_list: { ...list, lst: `${list.lst.slice(0, -3)}AAA` } }),
  ]
}

/**
 * Makes gates with proofs, and says what they must refuse and accept.
 *
 * @param hmac - makes a token of `settings` with these claims
 * @param createGate - and the others: the package, as the runner finds it
 * @param answer - fetches: the endpoint of a token is its own address
 */
export function buildProofs({ settings, issuer, hmac, answer, make, pass, refuse, createGate, dpop, introspection, mtls, statusLists }) {
  const plain = hmac()
  const bound = hmac({ cnf: { jkt: own.jkt } })
  const certified = hmac({ cnf: { 'x5t#S256': x5t } })
  const proven = (token, proof) => ({ method: 'GET', url: '/notes', headers: { authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { dpop: proof }) } })
  const bearer = (token, more = {}) => ({ method: 'GET', url: '/notes', headers: { authorization: `Bearer ${token}` }, ...more })
  make(() => {
    const gate = createGate({ ...settings, proof: dpop({ publicOrigin: API }) })
    const strict = createGate({ ...settings, proof: dpop({ publicOrigin: API, required: true, nonce: 'a secret that is long enough for an HMAC' }) })
    const passed = (gate, request) => async () => (await gate.check(request)).ok === true
    const good = proofOf(bound)
    pass('dpop: a proof', passed(gate, proven(bound, good)))
    pass('dpop: a token that is not bound', passed(gate, bearer(plain)))
    const bad = {
      'no proof': proven(bound),
      'a bound token as a bearer': bearer(bound),
      'a token that is not bound': proven(plain, proofOf(plain)),
      'the key of another': proven(bound, proofOf(bound, {}, stranger)),
      'the name of the key alone': proven(bound, proofOf(bound, {}, { ...stranger, jwk: own.jwk })),
      'no key': proven(bound, proofOf(bound, {}, own, { jwk: undefined })),
      'another type': proven(bound, proofOf(bound, {}, own, { typ: 'JWT' })),
      'another method': proven(bound, proofOf(bound, { htm: 'POST' })),
      'another address': proven(bound, proofOf(bound, { htu: `${API}/other` })),
      'an old one': proven(bound, proofOf(bound, { iat: seconds() - 3_600 })),
      'another token': proven(bound, proofOf(plain)),
      'no token': proven(bound, proofOf(bound, { ath: undefined })),
      'no identifier': proven(bound, proofOf(bound, { jti: undefined })),
    }
    for (const [name, request] of Object.entries(bad)) refuse(`dpop: ${name}`, passed(gate, request))
    refuse('dpop: no nonce', passed(strict, proven(bound, good)))
    refuse('dpop: required', passed(strict, bearer(plain)))
    const twice = createGate({ ...settings, proof: dpop({ publicOrigin: API }) })
    refuse('dpop: a proof twice', async () => {
      const [first, second] = [await twice.check(proven(bound, good)), await twice.check(proven(bound, good))]
      return first.ok === true && second.ok === true
    })
  })
  make(() => {
    const gate = createGate({ ...settings, proof: mtls() })
    const strict = createGate({ ...settings, proof: mtls({ required: true }) })
    const passed = (gate, request) => () => gate.checkSync(request).ok === true
    pass('mtls: the certificate', passed(strict, bearer(certified, certificate())))
    for (const [name, more] of Object.entries({ none: {}, another: certificate({ certFingerprintSHA256: 'cd'.repeat(32) }), unverified: certificate({ certVerified: 'NONE' }), empty: { cf: {} } })) {
      refuse(`mtls: ${name}`, passed(gate, bearer(certified, more)))
    }
    refuse('mtls: not bound', passed(strict, bearer(plain, certificate())))
    refuse('mtls: bound to a key, too', passed(gate, bearer(hmac({ cnf: { 'x5t#S256': x5t, 'jkt': own.jkt } }), certificate())))
  })
  make(() => {
    const gate = createGate(settings)
    const passed = (token, needs) => () => gate.checkSync(bearer(token), needs).ok === true
    pass('step-up: enough', passed(hmac({ acr: 'gold', auth_time: seconds() - 10 }), { acr: ['gold'], maxAuthAge: 3_600 }))
    refuse('step-up: no acr', passed(plain, { acr: ['gold'] }))
    refuse('step-up: another acr', passed(hmac({ acr: 'silver' }), { acr: ['gold'] }))
    refuse('step-up: no time', passed(plain, { maxAuthAge: 3_600 }))
    refuse('step-up: too old', passed(hmac({ auth_time: seconds() - 7_200 }), { maxAuthAge: 3_600 }))
  })
  make(() => {
    // The form has the token; each has an address of its own, so that answers can be made beforehand.
    const fetch = (url, { body }) => answer(`${url}/${new URLSearchParams(body).get('token')}`)
    const value = introspection({ endpoint: `${issuer}/introspect`, clientId: 'api', clientSecret: 'secret', fetch })
    const gate = createGate({ ...settings, introspection: value })
    const passed = (token, needs) => async () => (await gate.check(bearer(token), needs)).ok === true
    pass('introspection: an active token', passed('good', { scopes: ['read'] }))
    for (const token of ['inactive', 'undecided', 'endless', 'of-others', 'bound', 'refresh', 'nothing', 'unknown']) refuse(`introspection: ${token}`, passed(token))
    refuse('introspection: a scope that lacks', passed('good', { scopes: ['write'] }))
    refuse('introspection: a JWT under another secret', passed(hmac({}, {}, Buffer.alloc(64, 1))))
    refuse('introspection: what has to wait', () => gate.checkSync(bearer('good')).ok === true)
    let left = false
    const own = (url, init) => {
      left ||= !String(url).startsWith(`${issuer}/`)
      return init.method === 'POST' ? fetch(url, init) : answer(url)
    }
    const found = createGate({ ...settings, introspection: introspection({ issuer, clientId: 'api', clientSecret: 'secret', fetch: own }) })
    const check = async () => (await found.check(bearer('good'))).ok === true
    pass('introspection: an endpoint that is found', check)
    refuse('introspection: a token that is sent to another host', async () => {
      await check().catch(() => {})
      return left
    })
  })
  make(() => {
    const entry = (idx, uri = `${issuer}/good`) => hmac({ status: { status_list: { idx, uri } } })
    const fetch = (url) => answer(url)
    const gate = createGate({ ...settings, status: statusLists({ fetch }) })
    const strict = createGate({ ...settings, status: statusLists({ fetch, required: true }) })
    const passed = (gate, token) => async () => (await gate.check(bearer(token))).ok === true
    pass('status: VALID', passed(gate, entry(0)))
    pass('status: no claim', passed(gate, plain))
    refuse('status: no claim, but required', passed(strict, plain))
    const bad = { 'INVALID': entry(1), 'SUSPENDED': entry(2), 'other': entry(3), 'beyond the end': entry(4), 'elsewhere': entry(0, 'https://evil.example/good') }
    for (const [name, token] of Object.entries(bad)) refuse(`status: ${name}`, passed(gate, token))
    for (const status of [null, {}, { status_list: {} }, { status_list: { idx: 0 } }, { status_list: { uri: `${issuer}/good` } }]) {
      refuse(`status: ${JSON.stringify(status)}`, passed(gate, hmac({ status })))
    }
    for (const name of ['forged', 'of-others', 'elsewhere', 'nameless', 'old', 'undated', 'typeless', 'of-another-type', 'empty', 'none', 'damaged', 'missing']) {
      refuse(`status: the list ${name}`, passed(gate, entry(0, `${issuer}/${name}`)))
    }
    refuse('status: what has to wait', () => createGate({ ...settings, status: statusLists({ fetch }) }).checkSync(bearer(entry(0))).ok === true)
  })
}

/** Keys, tokens and an issuer on loopback, for the tests that run another package beside jotgate. Node only. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

export const AUDIENCE = 'https://api.example'
export const SECRET = 'a secret of 32 bytes or more, in ASCII'

const KEYS = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync('ed25519'),
}
KEYS.PS256 = KEYS.RS256
const STRANGER = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PSS = { padding: 6, saltLength: 32 }

/** The public keys, each for its algorithm. */
export const jwks = {
  keys: Object.entries(KEYS).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), alg, kid: alg, use: 'sig' })),
}
/** The public key of an algorithm as PEM text. */
export const pem = (alg) => KEYS[alg].publicKey.export({ format: 'pem', type: 'spki' })
/** The private key of ES256 as PEM text. */
export const privatePem = KEYS.ES256.privateKey.export({ format: 'pem', type: 'pkcs8' })

const part = (text) => Buffer.from(text).toString('base64url')
const padded = (text) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')
const now = () => Math.floor(Date.now() / 1000)

/**
 * Signs a token.
 *
 * @param claims - added to the usual claims, or replacing them; those that are undefined are left out
 * @param options - `header` replaces members of the header, `payload` is the text of the claims, `secret` signs with HS256, `stranger` signs
 *   with an unknown key, `pad` pads the signature
 */
export function token(alg, claims = {}, { header = {}, payload, secret = SECRET, stranger = false, pad = false } = {}) {
  const usual = { iss: 'https://issuer.example', aud: AUDIENCE, sub: 'ada', iat: now(), exp: now() + 300 }
  const head = JSON.stringify({ alg, typ: 'JWT', ...(!alg.startsWith('HS') && { kid: alg }), ...header })
  const input = `${part(head)}.${part(payload ?? JSON.stringify({ ...usual, ...claims }))}`
  const { privateKey } = stranger ? STRANGER : (KEYS[alg] ?? {})
  const bytes = {
    HS256: () => createHmac('sha256', secret).update(input).digest(),
    ES256: () => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    RS256: () => sign('sha256', Buffer.from(input), privateKey),
    PS256: () => sign('sha256', Buffer.from(input), { key: privateKey, ...PSS }),
    EdDSA: () => sign(null, Buffer.from(input), privateKey),
  }[alg]()
  const signature = bytes.toString('base64url')
  return `${input}.${pad ? padded(signature) : signature}`
}

/** The usual claims as text, with the member `sub` twice. */
export function duplicateSub(issuer = 'https://issuer.example') {
  return `{"iss":"${issuer}","aud":"${AUDIENCE}","iat":${now()},"exp":${now() + 300},"sub":"ada","sub":"admin"}`
}

/** Times in seconds from now. */
export const inSeconds = (seconds) => now() + seconds

/** An issuer that serves its metadata and keys on loopback. */
export async function startIssuer() {
  const state = { fetches: 0, down: false }
  const server = createServer(({ url }, response) => {
    const documents = {
      '/.well-known/openid-configuration': { issuer: state.url, jwks_uri: `${state.url}/jwks`, id_token_signing_alg_values_supported: ['ES256'] },
      '/jwks': jwks,
    }
    if (url === '/jwks') state.fetches++
    const found = state.down ? undefined : documents[url]
    response.writeHead(found === undefined ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.url = `http://127.0.0.1:${server.address().port}`
  state.close = () => (server.closeAllConnections(), server.close())
  return state
}

/** The outcome of a call: `accepted`, or what a program reads of the error. */
export async function outcomeOf(call) {
  try {
    await call()
    return 'accepted'
  } catch (thrown) {
    return thrown.refusal ?? `${thrown.name}: ${thrown.message}`
  }
}

/** Makes keys, and tokens as an identity provider issues them, for each run. */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomInt,
  randomUUID,
  sign,
} from 'node:crypto'

export const ISSUER = 'https://tenant-4711.identity.example/oauth2/default'
export const AUDIENCE = 'https://api.example/orders'
/** The number of tokens for each algorithm. */
export const TOKENS = 256

const RSA = ['rsa', { modulusLength: 2048 }]
const PSS = { padding: 6, saltLength: 32 }

/** How each algorithm makes keys and signs. */
const MAKERS = {
  HS256: { secret: 32, sign: (key, data) => createHmac('sha256', key).update(data).digest() },
  RS256: { pair: RSA, sign: (key, data) => sign('sha256', data, key) },
  PS256: { pair: RSA, sign: (key, data) => sign('sha256', data, { key, ...PSS }) },
  ES256: { pair: ['ec', { namedCurve: 'P-256' }], sign: (key, data) => sign('sha256', data, ieee(key)) },
  ES384: { pair: ['ec', { namedCurve: 'P-384' }], sign: (key, data) => sign('sha384', data, ieee(key)) },
  EdDSA: { pair: ['ed25519', {}], sign: (key, data) => sign(null, data, key) },
}

export const ALGORITHMS = Object.keys(MAKERS)

function ieee(key) {
  return { key, dsaEncoding: 'ieee-p1363' }
}

/** A signer and its public key as JWK and PEM, or a secret in base64. */
export function makeKey(algorithm) {
  const maker = MAKERS[algorithm]
  const kid = randomBytes(15).toString('base64url')
  if (maker.secret !== undefined) {
    const secret = randomBytes(maker.secret)
    const jwk = { kty: 'oct', k: secret.toString('base64url'), alg: algorithm, use: 'sig', kid }
    return { signer: secret, jwk, secret: secret.toString('base64') }
  }
  // Through PEM: in Node 20 the export of a JWK can deadlock if the garbage collector runs and this call made the
  // key.
  const [type, options] = maker.pair
  const { privateKey, publicKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const jwk = { ...createPublicKey(publicKey).export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid }
  return { signer: createPrivateKey(privateKey), jwk, pem: publicKey }
}

/** A token of about one kilobyte. */
export function makeToken(algorithm, { signer, jwk }, changes = {}) {
  const header = { alg: algorithm, typ: 'JWT', kid: jwk.kid }
  const input = `${part(header)}.${part({ ...claims(), ...changes })}`
  return `${input}.${MAKERS[algorithm].sign(signer, Buffer.from(input)).toString('base64url')}`
}

/** What a run needs, without private keys. */
export function makeFixtures({ algorithms, keys: count }) {
  const made = {}
  for (const algorithm of algorithms) {
    const keys = Array.from({ length: count }, () => makeKey(algorithm))
    const [first] = keys
    made[algorithm] = {
      keys: keys.map(({ signer: _, ...visible }) => visible),
      one: tokens(algorithm, () => first),
      ...(count > 1 ? { set: tokens(algorithm, () => keys[randomInt(count)]) } : {}),
    }
  }
  return { issuer: ISSUER, audience: AUDIENCE, algorithms: made }
}

function tokens(algorithm, key) {
  const good = Array.from({ length: TOKENS }, () => makeToken(algorithm, key()))
  const now = seconds()
  const [header, payload, signature] = good[0].split('.')
  const forged = JSON.parse(Buffer.from(payload, 'base64url'))
  const owner = key()
  const stranger = { ...makeKey(algorithm), jwk: owner.jwk }
  const bad = {
    'has other claims': [header, part({ ...forged, sub: 'another user' }), signature].join('.'),
    'has another signature': [header, payload, flipped(signature)].join('.'),
    'a stranger signed': makeToken(algorithm, stranger),
    'is for another audience': makeToken(algorithm, owner, { aud: 'https://api.example/invoices' }),
    'is of another issuer': makeToken(algorithm, owner, { iss: 'https://tenant-4712.identity.example/oauth2/default' }),
    'has expired': makeToken(algorithm, owner, { exp: now - 60 }),
    'is not valid yet': makeToken(algorithm, owner, { nbf: now + 3_600 }),
  }
  return { good, bad }
}

function claims() {
  const now = seconds()
  return {
    iss: ISSUER,
    sub: randomUUID(),
    aud: AUDIENCE,
    iat: now - 90,
    nbf: now - 90,
    // A long lifetime: a run must not outlive its tokens.
    exp: now + 86_400,
    jti: randomUUID(),
    sid: randomBytes(16).toString('hex'),
    azp: 'web-shop-frontend',
    scope: 'openid profile email orders:read orders:write invoices:read',
    name: 'Ada María Nuñez',
    email: `ada.${randomInt(1_000_000)}@customers.example`,
    email_verified: true,
    roles: ['buyer', 'approver'],
    groups: ['emea-purchasing', 'cost-centre-0815'],
    amr: ['pwd', 'otp'],
    acr: 'urn:example:loa:2',
    tenant: { id: randomUUID(), plan: 'business' },
  }
}

function seconds() {
  return Math.floor(Date.now() / 1000)
}

function part(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Another signature of the same length: the second byte differs. */
function flipped(signature) {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[1] ^= 1
  return bytes.toString('base64url')
}

/** Samples for every algorithm, made in this browser with keys that exist only in this page. */
import { decode, encode } from './base64url.js'

/** A sample: what goes into each field. */
export interface Sample {
  readonly text: string
  readonly keys: string
  readonly issuer?: string
  readonly audience?: string
  readonly algorithms?: string
  readonly needs?: string
}

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://api.example'

const HASHES = { 256: 'SHA-256', 384: 'SHA-384', 512: 'SHA-512' } as const
const CURVES: Record<string, [string, keyof typeof HASHES]> = { ES256: ['P-256', 256], ES384: ['P-384', 384], ES512: ['P-521', 512] }

const json = (value: unknown): string => encode(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)))

/** How an algorithm is made by Web Cryptography: its parameters for a key pair and for a signature. */
function parameters(algorithm: string): { generate: RsaHashedKeyGenParams | EcKeyGenParams | HmacKeyGenParams | Algorithm; sign: AlgorithmIdentifier | RsaPssParams | EcdsaParams } {
  const size = Number(algorithm.slice(2)) as keyof typeof HASHES
  const hash = HASHES[size]
  if (algorithm === 'EdDSA') return { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } }
  if (algorithm.startsWith('HS')) return { generate: { name: 'HMAC', hash, length: size }, sign: { name: 'HMAC' } }
  const curve = CURVES[algorithm]
  if (curve !== undefined) return { generate: { name: 'ECDSA', namedCurve: curve[0] }, sign: { name: 'ECDSA', hash: HASHES[curve[1]] } }
  const rsa = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash }
  if (algorithm.startsWith('PS')) return { generate: { name: 'RSA-PSS', ...rsa }, sign: { name: 'RSA-PSS', saltLength: size / 8 } }
  return { generate: { name: 'RSASSA-PKCS1-v1_5', ...rsa }, sign: { name: 'RSASSA-PKCS1-v1_5' } }
}

/** How often to try to make a key: WebKitGTK fails now and then with Ed25519. */
const TRIES = 3

/** Makes an extractable key. */
async function newKey(generate: EcKeyGenParams): Promise<CryptoKey | CryptoKeyPair> {
  for (let left = TRIES; ; left--) {
    try {
      return await crypto.subtle.generateKey(generate, true, ['sign', 'verify'])
    } catch (error) {
      if (left === 1) throw error
    }
  }
}

/** Signs claims with a new key. */
async function signed(algorithm: string, claims: object, header: object = {}): Promise<{ token: string; keys: string }> {
  const { generate, sign } = parameters(algorithm)
  const made = await newKey(generate as EcKeyGenParams)
  const [secret, open] = 'publicKey' in made ? [made.privateKey, made.publicKey] : [made, made]
  const head = json({ alg: algorithm, typ: 'at+jwt', kid: 'sample', ...header })
  const message = `${head}.${json(claims)}`
  const signature = new Uint8Array(await crypto.subtle.sign(sign as Algorithm, secret, new TextEncoder().encode(message)))
  const { key_ops: _operations, ext: _extractable, ...jwk } = await crypto.subtle.exportKey('jwk', open)
  const key = { ...jwk, kid: 'sample', alg: algorithm, use: 'sig' }
  // A set is public, so the verifier takes no secret from one.
  return { token: `${message}.${encode(signature)}`, keys: JSON.stringify(algorithm.startsWith('HS') ? key : { keys: [key] }, null, 2) }
}

/** The claims of a good token. */
function claims(change: object = {}): object {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user-1',
    name: 'Ada Lovelace',
    client_id: 'web-shop',
    scope: 'items:read orders:read',
    iat: now - 60,
    nbf: now - 60,
    exp: now + 240,
    jti: crypto.randomUUID(),
    ...change,
  }
}

/** Expectations that the good token meets. */
const EXPECTED = { issuer: ISSUER, audience: AUDIENCE }

async function sample(algorithm: string, change?: object, header?: object): Promise<Sample> {
  const { token, keys } = await signed(algorithm, claims(change), header)
  return { text: token, keys, ...EXPECTED, algorithms: algorithm, needs: '' }
}

/** Replaces the last character but one of a part, so that it stays base64url. */
function changed(token: string, part: number): string {
  const parts = token.split('.')
  const text = parts[part] ?? ''
  const at = Math.floor(text.length / 2)
  parts[part] = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
  return parts.join('.')
}

/** The algorithms, in the order of the list. */
export const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'HS256', 'HS384', 'HS512']

/** The cases that people meet, by the name that the list shows. */
export const CASES: Record<string, () => Promise<Sample>> = {
  'Expired 42 seconds ago': () => sample('ES256', { exp: Math.floor(Date.now() / 1000) - 42 }),
  'Changed after it was signed': async () => {
    const made = await sample('ES256')
    return { ...made, text: changed(made.text, 2) }
  },
  'For another audience': () => sample('ES256', { aud: `${AUDIENCE}/` }),
  'Lacks a scope': async () => ({ ...(await sample('ES256')), needs: 'items:write' }),
  'From another issuer': () => sample('ES256', { iss: 'https://other.example' }),
  'An ID token': () => sample('RS256', { aud: 'web-shop', nonce: 'n-0S6_WzA2Mj', auth_time: Math.floor(Date.now() / 1000) - 90, scope: undefined, client_id: undefined }, { typ: 'JWT' }),
  'Times in milliseconds': () => sample('ES256', { iat: Date.now(), nbf: undefined, exp: Date.now() + 240_000 }),
  'Unsigned (alg none)': async () => ({ ...(await sample('ES256')), text: `${json({ alg: 'none', typ: 'JWT' })}.${json(claims())}.` }),
  'Broken': async () => {
    const made = await sample('ES256')
    return { ...made, text: made.text.replace('.', '=.') }
  },
  'Encrypted (JWE)': async () => ({
    text: [json({ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'JWT', kid: 'enc-1' }), ...[256, 12, 90, 16].map((size) => encode(crypto.getRandomValues(new Uint8Array(size))))].join('.'),
    keys: '',
    ...EXPECTED,
  }),
  'A curl command': async () => {
    const made = await sample('ES256')
    return { ...made, text: `curl -i 'https://api.example/items' \\\n  -H 'Accept: application/json' \\\n  -H 'Authorization: Bearer ${made.text}'` }
  },
  'A refused answer (curl -v)': async () => ({
    text: '> GET /items HTTP/1.1\n> Host: api.example\n>\n< HTTP/1.1 401 Unauthorized\n< WWW-Authenticate: Bearer realm="api", error="invalid_token", error_description="the token has expired"\n< Content-Type: application/problem+json',
    keys: '',
    ...EXPECTED,
  }),
}

/** Makes the sample of a name: a case, or an algorithm. */
export async function makeSample(name: string): Promise<Sample> {
  return (await CASES[name]?.()) ?? sample(name)
}

/** Changes one character of the payload. The page can still decode the name. */
export function oneLetterChanged(token: string): string {
  const [head = '', body = '', signature = ''] = token.split('.')
  const bytes = decode(body)
  const text = new TextDecoder().decode(bytes)
  // The last character of `sub` or the like, else of any string, but not of the name.
  const found = /"(?:sub|client_id|azp|scope)"\s*:\s*"[^"\\]*[A-Za-z0-9]"/.exec(text) ?? /:\s*"[^"\\]*[A-Za-z0-9]"/.exec(text)
  if (found === null) return `${head}.${body}.${changed(`..${signature}`, 2).slice(2)}`
  const at = found.index + found[0].length - 2
  const other = text[at] === 'x' ? 'y' : 'x'
  return `${head}.${json(`${text.slice(0, at)}${other}${text.slice(at + 1)}`)}.${signature}`
}

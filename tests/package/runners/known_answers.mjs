/**
 * The suite `known-answers`: computes the known answers of `pkg-templates/src/verify/known_answers.ts` again, and has `node:crypto`
 * verify them. Each signature is chosen first, and the key is computed from it. The texts are then short or repetitive, so that gzip
 * shortens them. The keys protect nothing.
 */
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { checks, report } from './report.mjs'
import { require, root } from './tools.mjs'

const SOURCE = join(root, 'pkg-templates', 'src', 'verify', 'known_answers.ts')

/** The curves y² = x³ - 3x + b modulo p (SP 800-186 §3.2.1): n is the order of the base point g. */
const P256 = {
  crv: 'P-256',
  bytes: 32,
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  g: [
    0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  ],
}
const P384 = {
  crv: 'P-384',
  bytes: 48,
  p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  g: [
    0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
    0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
  ],
}
const P521 = {
  crv: 'P-521',
  bytes: 66,
  p: 2n ** 521n - 1n,
  b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  g: [
    0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
    0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
  ],
}

/** Compares the table with the computed answers, and verifies it. */
export async function knownAnswers() {
  const { check, outcome } = checks()
  const { code } = require('esbuild').transformSync(await readFile(SOURCE, 'utf8'), { loader: 'ts' })
  const { KNOWN_ANSWERS } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
  const computed = {
    HS256: { signature: createHmac('sha256', Buffer.alloc(32)).update(messageOf('HS256')).digest('base64url') },
    RS256: rsa('RS256'),
    ES256: ecdsa('ES256', P256),
    ES384: ecdsa('ES384', P384),
    ES512: ecdsa('ES512', P521),
    EdDSA: ed25519('EdDSA'),
  }
  const kinds = Object.keys(KNOWN_ANSWERS)
  check('there is an answer for each kind', isDeepStrictEqual(kinds, Object.keys(computed)), kinds)
  for (const [kind, answer] of Object.entries(computed)) {
    check(`the answer of ${kind} is the computed one`, isDeepStrictEqual(KNOWN_ANSWERS[kind], answer), JSON.stringify(answer))
    if (answer.jwk === undefined) continue
    const key = { key: createPublicKey({ key: answer.jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
    const hash = kind === 'EdDSA' ? null : `sha${kind.slice(2)}`
    const holds = (message) => verify(hash, messageOf(message), key, Buffer.from(answer.signature, 'base64url'))
    check(`node:crypto accepts the answer of ${kind}`, holds(kind), answer)
    check(`node:crypto refuses another message for ${kind}`, !holds('none'), answer)
  }
  return report(outcome)
}

/** The signed text: the header with the algorithm alone, a dot, and the claims `{}`. */
function messageOf(alg) {
  return Buffer.from(`${text(Buffer.from(JSON.stringify({ alg })))}.e30`)
}

/** RSASSA-PKCS1-v1_5: s³ = m modulo n holds for n = s³ - m, where m is the padded hash (RFC 8017 §8.2.2). */
function rsa(alg) {
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const digest = Buffer.concat([info, createHash('sha256').update(messageOf(alg)).digest()])
  const m = numberIn(Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(253 - digest.length, 0xff), Buffer.from([0]), digest]))
  // n must be odd and have 2048 bits.
  const s = 3n * 2n ** 681n + 1n - (m % 2n)
  const n = s ** 3n - m
  return { jwk: { kty: 'RSA', e: text(bytesOf(3n, 1)), n: text(bytesOf(n, 256)) }, signature: text(bytesOf(s, 256)) }
}

/** ECDSA: s·R = e·G + r·Q holds for Q = (s·R - e·G)/r, where r is the x-coordinate of R, and e the hash (FIPS 186-5 §6.4.2). */
function ecdsa(alg, { crv, bytes, p, b, n, g }) {
  const curve = curveOf(p)
  const s = 3n
  // R is the point with the smallest x-coordinate above 0.
  let r = 1n
  while (rootOf(r ** 3n - 3n * r + b, p) === undefined) r += 1n
  const e = numberIn(createHash(`sha${alg.slice(2)}`).update(messageOf(alg)).digest())
  const point = [r, rootOf(r ** 3n - 3n * r + b, p)]
  const [x, y] = curve.times(inverse(r, n), curve.add(curve.times(s, point), curve.times(n - (e % n), g)))
  const signature = text(Buffer.concat([bytesOf(r, bytes), bytesOf(s, bytes)]))
  return { jwk: { kty: 'EC', crv, x: text(bytesOf(x, bytes)), y: text(bytesOf(y, bytes)) }, signature }
}

/** Ed25519: S·B = R + k·A holds for A = R = B and S = 1 + k, where B is the base point (RFC 8032 §5.1.7). */
function ed25519(alg) {
  const base = Buffer.from(`58${'66'.repeat(31)}`, 'hex')
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const k = numberIn(createHash('sha512').update(Buffer.concat([base, base, messageOf(alg)])).digest().reverse())
  const signature = text(Buffer.concat([base, bytesOf((1n + k) % order, 32).reverse()]))
  return { jwk: { kty: 'OKP', crv: 'Ed25519', x: text(base) }, signature }
}

/** The group of a curve, in affine coordinates; `undefined` is the point at infinity. */
function curveOf(p) {
  const add = (first, second) => {
    if (first === undefined || second === undefined) return first ?? second
    const [[x1, y1], [x2, y2]] = [first, second]
    if (x1 === x2 && (y1 + y2) % p === 0n) return undefined
    const slope = x1 === x2 ? (3n * x1 * x1 - 3n) * inverse(2n * y1, p) : (y2 - y1) * inverse(x2 - x1, p)
    const x3 = modulo(slope * slope - x1 - x2, p)
    return [x3, modulo(slope * (x1 - x3) - y1, p)]
  }
  const times = (factor, point) => {
    if (factor === 0n) return undefined
    const half = times(factor / 2n, point)
    const even = add(half, half)
    return factor % 2n === 0n ? even : add(even, point)
  }
  return { add, times }
}

/** The inverse modulo a prime (Fermat). */
function inverse(x, p) {
  return power(x, p - 2n, p)
}

/** The square root modulo a prime p, p mod 4 = 3; `undefined` if there is none. */
function rootOf(x, p) {
  const root = power(x, (p + 1n) / 4n, p)
  return modulo(root * root - x, p) === 0n ? root : undefined
}

function power(x, exponent, p) {
  if (exponent === 0n) return 1n
  const half = power(x, exponent / 2n, p)
  return modulo(exponent % 2n === 0n ? half * half : half * half * x, p)
}

function modulo(x, p) {
  return ((x % p) + p) % p
}

/** The number that these big-endian bytes are. */
function numberIn(bytes) {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function bytesOf(number, length) {
  return Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex')
}

function text(bytes) {
  return bytes.toString('base64url')
}

/** Makes an issuer for tests: its keys, its tokens, and the two documents that verifiers fetch. */
import { base64url } from '../base/bytes.js'
import { seconds } from '../base/duration.js'
import { Options, text, texts } from '../base/options.js'
import { jsonOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { webUrl } from '../base/url.js'
import { algorithmOf, makeKey, type SigningKey } from './keys.js'
import type { BadTokens, MakeToken, TestClaims, TestIssuer, TestIssuerOptions, TestTokenOptions } from './types.js'

/**
 * Makes an issuer for tests. Each call makes a new key.
 *
 * @throws `TypeError` that names the option that is unknown or invalid; `Error` if this runtime cannot make such a key
 *
 * @example
 * ```js
 * const issuer = await testIssuer({ issuer: 'https://issuer.example', audience: 'api' })
 * const gate = createGate({ issuer: issuer.issuer, audience: 'api', algorithms: ['ES256'], fetch: issuer.fetch })
 *
 * const request = async (token) => new Request('https://api.example/', { headers: { authorization: `Bearer ${await token}` } })
 * const passed = await gate.check(await request(issuer.token({ sub: 'ada' }, { scope: 'items:read' })))
 * const denied = await gate.check(await request(issuer.bad.expired()))
 * ```
 */
export async function testIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const given = new Options('testIssuer', options, ['issuer', 'algorithm', 'audience', 'currentDate'])
  const issuer = given.read('issuer', identifier) ?? 'https://issuer.test'
  const algorithm = given.read('algorithm', algorithmOf) ?? 'ES256'
  const audience = given.read('audience', texts)
  const currentDate = given.read('currentDate', date)
  const base = issuer.replace(/\/+$/, '')
  const jwksUri = `${base}/jwks`
  const keys: [SigningKey, ...SigningKey[]] = [await makeKey(algorithm, 'test-key-1')]
  const now = () => Math.floor((currentDate?.getTime() ?? Date.now()) / 1000)

  /** Returns the header and claims of a good token. */
  const draft = (claims: TestClaims, options: TestTokenOptions): Draft => {
    const given = new Options('token', options, ['expiresIn', 'scope', 'audience', 'header'])
    const expiresIn = given.read('expiresIn', seconds) ?? 300
    const scope = given.read('scope', scopes)
    const aud = given.read('audience', texts) ?? audience
    const { iat } = claims
    const issued = typeof iat === 'number' ? iat : now()
    return {
      header: { alg: algorithm, typ: 'at+jwt', kid: keys[0].kid, ...given.read('header', members) },
      claims: {
        iss: issuer,
        sub: 'test-user',
        client_id: 'test-client',
        aud: aud?.length === 1 ? aud[0] : aud,
        iat: issued,
        exp: issued + expiresIn,
        jti: crypto.randomUUID(),
        ...(scope !== undefined && { scope }),
        ...claims,
      },
    }
  }
  const token: MakeToken = async (claims = {}, options = {}) => sign(draft(claims, options), keys[0])
  const changed =
    (change: (draft: Draft, now: number) => void): MakeToken =>
    async (claims = {}, options = {}) => {
      const made = draft(claims, options)
      change(made, now())
      return sign(made, keys[0])
    }
  const bad: BadTokens = {
    expired: changed(({ claims }, now) => Object.assign(claims, { iat: now - 2 * HOUR, exp: now - HOUR })),
    notYet: changed(({ claims }, now) => Object.assign(claims, { nbf: now + HOUR, exp: now + 2 * HOUR })),
    wrongAudience: changed(({ claims }) => Object.assign(claims, { aud: 'https://wrong-audience.test' })),
    wrongIssuer: changed(({ claims }) => Object.assign(claims, { iss: 'https://wrong-issuer.test' })),
    tampered: async (claims = {}, options = {}) => {
      const made = draft(claims, options)
      const [header, , signature] = (await sign(made, keys[0])).split('.')
      return [header, encoded({ ...made.claims, sub: `${made.claims['sub']}-tampered` }), signature].join('.')
    },
    wrongKey: async (claims = {}, options = {}) =>
      sign(draft(claims, options), await makeKey(algorithm, keys[0].kid)),
    unknownKey: async (claims = {}, options = {}) => {
      const made = draft(claims, options)
      made.header['kid'] = 'unknown-key'
      return sign(made, await makeKey(algorithm, 'unknown-key'))
    },
    none: async (claims = {}, options = {}) => {
      const made = draft(claims, options)
      return `${encoded({ ...made.header, alg: 'none' })}.${encoded(made.claims)}.`
    },
  }
  const published = () => ({ keys: keys.flatMap(({ jwk }) => (jwk === undefined ? [] : [{ ...jwk }])) })
  const metadata = {
    issuer,
    jwks_uri: jwksUri,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  }
  const uri = `${base}/statuslists/1`
  /** The status of each index, one byte each. */
  let statuses = new Uint8Array(1_024)
  const statusList = async () => {
    const header = { alg: algorithm, typ: 'statuslist+jwt', kid: keys[0].kid }
    // A short `ttl`, so that a change counts a second later.
    const claims = { iss: issuer, sub: uri, iat: now(), ttl: 1, status_list: { bits: 8, lst: await deflated(statuses) } }
    const headers = record({ 'content-type': 'application/statuslist+jwt', 'cache-control': 'max-age=1' })
    return new Response(await sign({ header, claims }, keys[0]), record({ headers }))
  }
  const { origin, pathname } = new URL(base)
  const path = pathname === '/' ? '' : pathname
  const documents = new Map<string, () => unknown>([
    [jwksUri, published],
    [`${base}/.well-known/openid-configuration`, () => metadata],
    [`${origin}/.well-known/openid-configuration${path}`, () => metadata],
    // RFC 8414 §3: the well-known part comes before the path.
    [`${origin}/.well-known/oauth-authorization-server${path}`, () => metadata],
  ])
  return {
    issuer,
    algorithm,
    jwksUri,
    get jwks() {
      return published()
    },
    get secret() {
      return keys[0].secret?.slice()
    },
    async fetch(input, init) {
      init?.signal?.throwIfAborted()
      const url = new URL(typeof input === 'object' && 'url' in input ? input.url : input)
      if (url.origin !== origin) throw new TypeError(`fetch failed: testIssuer serves ${origin} only, not ${url.origin}`)
      if (url.origin + url.pathname === uri) return statusList()
      const document = documents.get(url.origin + url.pathname)
      if (document === undefined) return new Response('Not Found', { status: 404 })
      const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=300' }
      return new Response(jsonOf(document()), { headers })
    },
    token,
    bad,
    statusAt: (index) => ({ status_list: { idx: wholeUpTo('index', index, MAX_INDEX), uri } }),
    setStatus(index, status) {
      wholeUpTo('status', status, 255)
      if (wholeUpTo('index', index, MAX_INDEX) >= statuses.length) {
        const longer = new Uint8Array(index + 1)
        longer.set(statuses)
        statuses = longer
      }
      statuses[index] = status
    },
    async rotate() {
      keys.unshift(await makeKey(algorithm, `test-key-${keys.length + 1}`))
    },
  }
}

/** A token before it is signed. */
interface Draft {
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
}

/** The largest index of the status list. */
const MAX_INDEX = 99_999

/** Checks a whole number from 0 to `most`. */
function wholeUpTo(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value
  throw optionError(name, `must be a whole number from 0 to ${most}`)
}

/** Compresses bytes in the format of ZLIB (RFC 1950), in base64url. */
async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))
  return base64url(new Uint8Array(await new Response(stream).arrayBuffer()))
}

/** One hour, in seconds. */
const HOUR = 3_600

async function sign({ header, claims }: Draft, key: SigningKey): Promise<string> {
  const input = `${encoded(header)}.${encoded(claims)}`
  return `${input}.${base64url(await key.sign(input))}`
}

function encoded(value: object): string {
  return base64url(new TextEncoder().encode(jsonOf(value)))
}

function identifier(name: string, value: unknown): string {
  const issuer = text(name, value)
  const url = webUrl(issuer)
  if (url === undefined || /[?#]/.test(issuer)) throw optionError(name, 'must be an http: or https: URL without a query')
  return issuer
}

function date(name: string, value: unknown): Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value)
  throw optionError(name, 'must be a valid Date')
}

function scopes(name: string, value: unknown): string {
  return texts(name, value).join(' ')
}

function members(name: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw optionError(name, 'must be an object')
}

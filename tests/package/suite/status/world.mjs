/** Status lists for the tests: a host is a function, and lists are packed here, so that every runtime can run them. */
import { base64url, CLAIMS, NOW } from '../mint.mjs'

export const URI = `${CLAIMS.iss}/statuslists/1`
export const MEDIA_TYPE = 'application/statuslist+jwt'

/** What the real `@sd-jwt/jwt-status-list` makes of {@link peerStatuses}; the suite `status` compares them. */
export const PEER_LISTS = {
  1: 'eNoLDQUCAAUAAao',
  2: 'eNqTloYBAAXXAQ8',
  4: 'eNpb3Jjvq835_OhiJBoAYXYJYQ',
  8: 'eNoBKADX_wMKERgfJi00O0JJUFdeZWxzeoGIj5adpKuyucDHztXc4-rx-P8GDRQnTxLN',
}
export const peerStatuses = (bits) => Array.from({ length: 40 }, (_, index) => (index * 7 + 3) % 2 ** bits)

/** Packs statuses as in draft-ietf-oauth-status-list §4.1. */
export function packed(statuses, bits) {
  const bytes = new Uint8Array(Math.ceil((statuses.length * bits) / 8))
  statuses.forEach((status, index) => (bytes[(index * bits) >> 3] |= status << ((index * bits) & 7)))
  return bytes
}

/** ZLIB data of stored blocks (RFC 1950, RFC 1951 §3.2.4). */
export function zlib(bytes) {
  const out = [0x78, 0x01]
  for (let start = 0; start === 0 || start < bytes.length; start += 65_535) {
    const block = bytes.subarray(start, start + 65_535)
    const { length } = block
    out.push(start + 65_535 >= bytes.length ? 1 : 0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255, ...block)
  }
  let [a, b] = [1, 0]
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return Uint8Array.from([...out, b >> 8, b & 255, a >> 8, a & 255])
}

/** The claim `status_list` of a list. */
export const listOf = (statuses, bits = 2) => ({ bits, lst: base64url(zlib(packed(statuses, bits))) })

/** The helpers that the tests share. */
export function statusWorld({ jotgate, status: { statusLists }, world }) {
  /** A host that counts. `answer` is the text of a list, a response, or a function of the request. */
  function hostOf(answer) {
    const self = { answer, calls: [] }
    self.fetch = async (url, init) => {
      self.calls.push({ url: String(url), init })
      const said = typeof self.answer === 'function' ? await self.answer(init, self.calls.length) : await self.answer
      return typeof said === 'string' ? served(said) : said
    }
    return self
  }
  const served = (text, headers = {}, status = 200) => new Response(text, { status, headers: { 'content-type': MEDIA_TYPE, ...headers } })
  /** The text of a status list token. */
  const listToken = (list = listOf([0, 1, 2, 3]), { claims = {}, header = {}, alg = 'ES256' } = {}) =>
    world().token(alg, { sub: URI, aud: undefined, scope: undefined, iat: NOW, exp: undefined, status_list: list, ...claims }, { typ: 'statuslist+jwt', ...header })
  /** A token with this entry. */
  const tokenAt = (idx, { uri = URI, ...claims } = {}) => world().token('ES256', { status: { status_list: { idx, uri } }, ...claims })

  const rules = { keys: world().jwks, algorithms: ['ES256'], issuer: CLAIMS.iss, audience: CLAIMS.aud }
  const fixed = { currentDate: new Date(NOW * 1000) }
  const valueFor = (host, options) => statusLists({ fetch: host.fetch, timeoutDuration: 60_000, ...options })
  const gateWith = (host, options, extra) => jotgate.createGate({ ...rules, ...fixed, status: valueFor(host, options), ...extra })
  const bearer = (token) => ({ headers: new Headers({ authorization: `Bearer ${token}` }), method: 'GET', url: 'https://api.example/notes' })
  const word = (pass) => (pass.ok ? 'passed' : `${pass.status} ${pass.error ?? '-'} ${pass.refusal}`)
  const wordOf = async (gate, token) => word(await gate.check(bearer(await token)))
  /** Runs with a stopped clock, so many seconds after {@link NOW}. */
  async function at(seconds, body) {
    const { now } = Date
    Date.now = () => (NOW + seconds) * 1000
    try {
      return await body()
    } finally {
      Date.now = now
    }
  }
  return { at, bearer, fixed, gateWith, hostOf, listToken, rules, served, tokenAt, valueFor, word, wordOf }
}

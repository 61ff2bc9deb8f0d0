/** The introspection endpoint that the issuer's metadata names (RFC 8414). */
import { misused, ok, same } from '../harness.mjs'
import { CLAIMS } from '../mint.mjs'
import { ACTIVE, ENDPOINT, introspectionWorld, OMIT, OPAQUE } from './world.mjs'

const ISSUER = CLAIMS.iss
const PLACES = [`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/.well-known/oauth-authorization-server`]

export function introspectionDiscoveryTests(context) {
  const { introspection: { introspection, IntrospectionUnavailable }, test } = context

  /** A site with these documents by address, and an endpoint for which every token is active. */
  function use(documents) {
    const world = introspectionWorld(context)
    const calls = []
    const all = { [ENDPOINT]: ACTIVE, ...documents }
    const fetch = async (url, init) => {
      calls.push({ url, init })
      const document = all[url]
      if (typeof document === 'function') return document()
      return document === undefined ? new Response('', { status: 404 }) : new Response(JSON.stringify(document))
    }
    const gate = (options) => world.gateWith({ fetch }, { endpoint: OMIT, issuer: ISSUER, ...options })
    return { ...world, documents: all, gate, calls, urls: () => calls.map(({ url }) => url) }
  }

  test('introspection: the endpoint is found by the metadata, once a day, without the credentials of the API', async () => {
    for (const [turn, place] of PLACES.entries()) {
      const { at, bearer, calls, gate, urls, word } = use({ [place]: { issuer: ISSUER, introspection_endpoint: ENDPOINT } })
      const found = gate({ maxAge: 0 })
      same(calls.length, 0)
      const start = Date.now()
      const check = (time) => at(start + time, async () => word(await found.check(bearer(OPAQUE))))
      same([await check(0), urls()], ['passed', [...PLACES.slice(0, turn + 1), ENDPOINT]])
      for (const { url, init } of calls.slice(0, -1)) {
        same([init.method, init.body ?? null, init.headers.get('authorization'), init.redirect], ['GET', null, null, 'manual'], url)
      }
      const { init } = calls.at(-1)
      same([init.method, init.headers.get('authorization')], ['POST', `Basic ${btoa('api:s3cret')}`])
      same([await check(86_300_000), urls().slice(turn + 2)], ['passed', [ENDPOINT]])
      same([await check(86_500_000), urls().slice(turn + 3)], ['passed', [...PLACES.slice(0, turn + 1), ENDPOINT]])
    }
  })

  test('introspection: metadata without a usable endpoint is a coded 503, and no token is sent', async () => {
    const [place, other] = PLACES
    const good = { issuer: ISSUER, introspection_endpoint: ENDPOINT }
    const refusals = [
      [{}, 'discovery_status', 404],
      [{ [place]: { ...good, issuer: `${ISSUER}/` } }, 'discovery_issuer_mismatch'],
      [{ [other]: { ...good, issuer: [ISSUER] } }, 'discovery_issuer_mismatch'],
      [{ [place]: { introspection_endpoint: ENDPOINT } }, 'discovery_issuer_mismatch'],
      [{ [place]: { issuer: ISSUER, jwks_uri: ENDPOINT } }, 'discovery_introspection_endpoint'],
      [{ [place]: { ...good, introspection_endpoint: '/introspect' } }, 'discovery_introspection_endpoint'],
      [{ [place]: { ...good, introspection_endpoint: [ENDPOINT] } }, 'discovery_introspection_endpoint'],
      [{ [place]: { ...good, introspection_endpoint: ENDPOINT.replace('https', 'http') } }, 'discovery_introspection_endpoint'],
      [{ [place]: { ...good, introspection_endpoint: ENDPOINT.replace('//', '//u:p@') } }, 'discovery_introspection_endpoint'],
      [{ [place]: { ...good, introspection_endpoint: `${ENDPOINT}#part` } }, 'discovery_introspection_endpoint'],
      [{ [place]: [good] }, 'discovery_malformed'],
      [{ [place]: () => new Response('<html>') }, 'discovery_malformed'],
      [{ [place]: () => new Response(new Uint8Array([0xff])) }, 'discovery_not_utf8'],
      [{ [place]: () => new Response('x'.repeat(2_000_000)) }, 'discovery_too_large'],
      [{ [place]: () => new Response(null, { status: 302, headers: { location: other } }) }, 'discovery_redirected', 302],
      [{ [place]: () => Promise.reject(new Error('down')) }, 'discovery_unreachable'],
      [{ [place]: () => new Promise(() => {}) }, 'discovery_timeout'],
    ]
    for (const [documents, code, status] of refusals) {
      const { bearer, gate, urls, word } = use(documents)
      const denied = await gate(code === 'discovery_timeout' ? { timeoutDuration: 50 } : {}).check(bearer(OPAQUE))
      same([word(denied), denied.cause.status ?? null], [`503 - ${code}`, status ?? null], code)
      ok(denied.cause instanceof IntrospectionUnavailable && denied.cause.message.startsWith("the issuer's metadata"), denied.cause.message)
      ok(PLACES.includes(denied.cause.url), denied.cause.url)
      ok(!urls().some((url) => url.includes('introspect')), urls().join())
      ok(!/s3cret|opaque-token/.test(`${denied.cause.stack}${JSON.stringify(denied)}`))
    }
    const { bearer, gate } = use({ [place]: () => new Response('', { status: 503, headers: { 'retry-after': '17' } }) })
    same((await gate().check(bearer(OPAQUE))).response().headers.get('retry-after'), '17')
  })

  test('introspection: an endpoint that moved is found again, and one search serves all requests', async () => {
    const [place] = PLACES
    const moved = `${ENDPOINT}/2`
    const { at, bearer, calls, documents, gate, urls, word } = use({ [place]: { issuer: ISSUER, introspection_endpoint: ENDPOINT } })
    const found = gate()
    const start = Date.now()
    const check = async (token, seconds = 0) => at(start + seconds * 1_000, async () => word(await found.check(bearer(token))))
    same([await check('a'), await check('b')], ['passed', 'passed'])
    delete documents[ENDPOINT]
    Object.assign(documents, { [place]: { issuer: ISSUER, introspection_endpoint: moved }, [moved]: ACTIVE })
    const before = urls().length
    // A search has just been made: the endpoint is asked again, its issuer is not.
    same([await check('c', 5), await check('c', 9)], ['503 - introspection_status', '503 - introspection_status'])
    same([await check('c', 11), await check('c', 11)], ['503 - introspection_status', 'passed'])
    same(urls().slice(before), [ENDPOINT, ENDPOINT, ENDPOINT, place, moved])
    const isShared = !(typeof WebSocketPair !== 'undefined' || typeof EdgeRuntime !== 'undefined')
    calls.length = 0
    const fresh = gate()
    // The metadata comes after the hashes of all three tokens, so that none of them finds the address in hand.
    const metadata = documents[place]
    documents[place] = async () => {
      for (let round = 0; round < 20; round++) await crypto.subtle.digest('SHA-256', new Uint8Array(1_000))
      return new Response(JSON.stringify(metadata))
    }
    same((await Promise.all(['d', 'e', 'f'].map((token) => fresh.check(bearer(token))))).map(word), ['passed', 'passed', 'passed'])
    same(urls().filter((url) => url === place).length, isShared ? 1 : 3)
  })

  test('introspection: metadata that cannot be read is not asked for again at once', async () => {
    const [place] = PLACES
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '17' } })
    for (const [document, code, pause] of [[undefined, 'discovery_status', 10], [busy, 'discovery_status', 17], [() => Promise.reject(new Error('down')), 'discovery_unreachable', 10]]) {
      const { at, bearer, calls, documents, gate } = use(document ? { [place]: document } : {})
      const found = gate()
      const start = Date.now()
      const check = async (token, seconds) => at(start + seconds * 1_000, () => found.check(bearer(token)))
      const denied = [await check('a', 0)]
      const asked = calls.length
      denied.push(await check('b', 4), await check('c', pause - 1))
      same(denied.map(({ refusal, status }) => [status, refusal]), Array(3).fill([503, code]))
      same([calls.length, denied[2].response().headers.get('retry-after')], [asked, '1'])
      ok(denied[1].cause !== denied[0].cause, 'each request has an error of its own')
      documents[place] = { issuer: ISSUER, introspection_endpoint: ENDPOINT }
      same((await check('d', pause + 1)).ok, true)
    }
  })

  test('introspection: without `endpoint`, `issuer` must be an address', async () => {
    const credentials = { clientId: 'api', clientSecret: 's3cret' }
    await misused(() => introspection(credentials), 'endpoint')
    for (const issuer of ['', 'issuer', 'ftp://issuer.example', 'https://issuer.example?a', 'https://issuer.example/#', 'https://u:p@issuer.example', 5, undefined]) {
      await misused(() => introspection({ ...credentials, issuer }), 'issuer', String(issuer))
    }
    introspection({ ...credentials, issuer: 'urn:issuer', endpoint: ENDPOINT })
  })
}

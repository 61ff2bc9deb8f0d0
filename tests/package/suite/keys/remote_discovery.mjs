/** A remote key set that is found by the issuer's metadata (RFC 8414, OpenID Connect Discovery). */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'
import { remoteWorld } from './remote_world.mjs'

export function remoteDiscoveryTests(context) {
  const { jotgate, world } = context
  const { RemoteKeySet, createGate } = jotgate
  const { url, only, verifier, later, test, PATIENCE, site } = remoteWorld(context)

  test('from an issuer alone: its metadata is found at each well-known address and must name exactly it', async () => {
    const token = await world().token('ES256')
    const jwks_uri = 'https://keys.example/set'
    const addresses = {
      'https://issuer.example': [
        'https://issuer.example/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server',
      ],
      'https://issuer.example/': [
        'https://issuer.example/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server',
      ],
      'https://issuer.example/tenant/a': [
        'https://issuer.example/tenant/a/.well-known/openid-configuration',
        'https://issuer.example/.well-known/oauth-authorization-server/tenant/a',
        'https://issuer.example/.well-known/openid-configuration/tenant/a',
      ],
    }
    for (const [name, places] of Object.entries(addresses)) {
      for (const [turn, place] of places.entries()) {
        const { calls, fetch } = site({ [place]: { issuer: name, jwks_uri }, [jwks_uri]: world().jwks })
        const keys = RemoteKeySet.fromIssuer(name, { fetch })
        same(calls(), [])
        same((await verifier(keys).verify(token)).payload, CLAIMS)
        same(calls(), [...places.slice(0, turn + 1), jwks_uri])
        await keys.reload()
        same(calls().length, turn + 3, 'the metadata is not asked for again')
        await later(86_300_000, () => keys.reload())
        same(calls().length, turn + 4, 'nor within a day')
        await later(86_500_000, () => keys.reload())
        same(calls().slice(turn + 4), [...places.slice(0, turn + 1), jwks_uri], 'after a day it is')
      }
    }
  })

  test('metadata of another issuer, or none: coded, and no key set is fetched', async () => {
    const place = 'https://issuer.example/.well-known/openid-configuration'
    const other = 'https://issuer.example/.well-known/oauth-authorization-server'
    const jwks_uri = 'https://issuer.example/jwks'
    const refusals = [
      [{}, { code: 'ERR_JWKS_UNAVAILABLE', refusal: 'discovery_status' }],
      [
        { [place]: { issuer: `${issuer}/`, jwks_uri } },
        { code: 'ERR_JWKS_INVALID', refusal: 'discovery_issuer_mismatch' },
      ],
      [{ [place]: { issuer: issuer.toUpperCase(), jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [other]: { issuer: [issuer], jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [place]: { jwks_uri } }, { refusal: 'discovery_issuer_mismatch' }],
      [{ [place]: { issuer } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: '/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'http://issuer.example/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'https://u:p@issuer.example/jwks' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: 'file:///etc/passwd' } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: { issuer, jwks_uri: `${jwks_uri}#part` } }, { refusal: 'discovery_jwks_uri' }],
      [{ [place]: [issuer] }, { refusal: 'discovery_malformed' }],
      [{ [place]: null }, { refusal: 'discovery_malformed' }],
      [{ [place]: () => new Response('<html>') }, { refusal: 'discovery_malformed' }],
      [{ [place]: () => new Response('x'.repeat(2_000_000)) }, { refusal: 'discovery_too_large' }],
      [
        { [place]: () => new Response(null, { status: 302, headers: { location: other } }) },
        { refusal: 'discovery_redirected' },
      ],
      [{ [place]: () => Promise.reject(new Error('down')) }, { refusal: 'discovery_unreachable' }],
      [{ [place]: () => new Promise(() => {}) }, { code: 'ERR_JWKS_TIMEOUT', refusal: 'discovery_timeout' }],
    ]
    const token = await world().token('ES256')
    for (const [documents, expected] of refusals) {
      const { calls, fetch } = site({ [jwks_uri]: world().jwks, ...documents })
      const options = { fetch, timeoutDuration: expected.refusal === 'discovery_timeout' ? 50 : PATIENCE }
      await refused(() => verifier(RemoteKeySet.fromIssuer(issuer, options)).verify(token), expected, expected.refusal)
      ok(!calls().includes(jwks_uri), expected.refusal)
      // Who can't be reached at one address can't be at the others.
      if (/unreachable|timeout/.test(expected.refusal)) same(calls().length, 1, expected.refusal)
      const gate = createGate({ ...options, algorithms: ['ES256'], issuer, audience, currentDate })
      const denied = await gate.check(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      same([denied.status, denied.refusal], [503, expected.refusal])
    }
  })

  test('a gate needs nothing but its issuer, and an address that moved is found again', async () => {
    const place = 'https://issuer.example/.well-known/openid-configuration'
    const documents = {
      [place]: { issuer, jwks_uri: 'https://issuer.example/1' },
      'https://issuer.example/1': only('ES256'),
    }
    const { fetch } = site(documents)
    const gate = createGate({ fetch, algorithms: ['ES256', 'ES384'], issuer, audience, currentDate })
    const check = async (alg) =>
      gate.check(new Request(url, { headers: { authorization: `Bearer ${await world().token(alg)}` } }))
    same((await check('ES256')).ok, true)
    delete documents['https://issuer.example/1']
    documents[place].jwks_uri = 'https://issuer.example/2'
    documents['https://issuer.example/2'] = only('ES384')
    same((await check('ES384')).refusal, 'key_set_status')
    await later(31_000, async () => same((await check('ES384')).ok, true))
    for (const bad of [
      '',
      'issuer',
      'ftp://issuer.example',
      'https://issuer.example?a',
      'https://issuer.example/#',
      'https://u:p@issuer.example',
      5,
      undefined,
    ]) {
      await misused(() => RemoteKeySet.fromIssuer(bad), 'issuer')
    }
    await misused(
      () => createGate({ algorithms: ['ES256'], issuer: [issuer, 'https://b.example'], audience }),
      'jwksUri',
    )
  })
}

/** Keys and header fields that a function gives, and a secret beside public keys. */
import { misused, ok, refused, same } from '../harness.mjs'
import { audience, base64url, CLAIMS, currentDate, issuer } from '../mint.mjs'

export function keyFunctionTests({ jotgate, test, world, jose }) {
  const { createGate, RemoteKeySet, Verifier } = jotgate
  const settings = (extra) => ({ issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  const bearer = (token) => new Request('https://api.example', { headers: { authorization: `Bearer ${token}` } })
  const word = async (gate, token) => {
    const pass = await gate.check(bearer(token))
    return pass.ok ? pass.claims.sub : `${pass.status} ${pass.refusal}`
  }

  test('keys: a function is asked once, and again for an unknown key', async () => {
    for (const asked of [() => world().jwks, async () => world().jwks]) {
      let calls = 0
      const gate = createGate(settings({ keys: () => (calls++, asked()), cooldownDuration: 60_000 }))
      same(calls, 0, 'making a gate asks for nothing')
      same(gate.checkSync(bearer(await world().token('ES256'))).refusal, 'keys_not_ready')
      for (let at = 0; at < 3; at++) same(await word(gate, await world().token('ES256')), 'user-1')
      same(calls, 1)
      for (let at = 0; at < 3; at++) same(await word(gate, await world().token('ES256', {}, { kid: `x${at}` })), '401 no_matching_key')
      same(calls, 2)
    }
    let keys = { keys: [world().keys.EdDSA.jwk] }
    const rotating = createGate(settings({ keys: () => keys }))
    same(await word(rotating, await world().token('ES256')), '401 no_matching_key')
    keys = world().jwks
    const fresh = createGate(settings({ keys: () => keys, cooldownDuration: 0 }))
    same(await word(fresh, await world().token('ES256')), 'user-1')
  })

  test('keys: a function that fails or gives no key set is 503, and says so in the cause', async () => {
    const away = new Error('the store is away')
    for (const [keys, refusal] of [
      [() => { throw away }, 'key_set_unreachable'],
      [async () => { throw away }, 'key_set_unreachable'],
      [() => undefined, 'jwks_malformed'],
      [() => ({}), 'jwks_malformed'],
      [() => ({ keys: [] }), 'key_set_empty'],
    ]) {
      const denied = await createGate(settings({ keys })).check(bearer(await world().token('ES256')))
      same(denied.status, 503, refusal)
      if (refusal === 'key_set_unreachable') same([denied.refusal, denied.cause.cause], [refusal, away])
    }
    const late = createGate(settings({ keys: () => new Promise(() => {}), timeoutDuration: 20 }))
    same(await word(late, await world().token('ES256')), '503 key_set_timeout')
    const verifier = new Verifier(settings({ keys: () => world().jwks }))
    same((await verifier.verify(await world().token('ES256'))).payload.sub, 'user-1')
    for (const name of ['headers', 'fetch']) {
      await misused(() => createGate(settings({ keys: () => world().jwks, [name]: name === 'fetch' ? fetch : {} })), name)
    }
    const issuers = [{ issuer, keys: () => world().jwks }]
    same(await word(createGate({ issuers, audience, algorithms: ['ES256'], currentDate }), await world().token('ES256')), 'user-1')
  })

  test('headers: a function is asked at each fetch', async () => {
    let calls = 0
    const sent = []
    const headers = async () => ({ authorization: `Bearer ${++calls}` })
    const fetch = async (url, init) => {
      sent.push([init.headers.get('authorization'), init.headers.get('accept')])
      return Response.json(world().jwks)
    }
    const keys = new RemoteKeySet('https://issuer.example/jwks', { headers, fetch })
    await keys.reload()
    await keys.reload()
    const accept = 'application/jwk-set+json, application/json'
    same(sent, [['Bearer 1', accept], ['Bearer 2', accept]])
    const plain = new RemoteKeySet('https://issuer.example/jwks', { headers: () => new Headers({ accept: 'x/y' }), fetch })
    await plain.reload()
    same(sent[2], [null, 'x/y'])
    const secret = new Error('no token')
    for (const failing of [() => { throw secret }, async () => { throw secret }, () => 5, () => ({ 'a b': 'c' })]) {
      const broken = new RemoteKeySet('https://issuer.example/jwks', { headers: failing, fetch })
      await refused(() => broken.reload(), { refusal: 'key_set_unreachable' })
    }
    const stuck = new RemoteKeySet('https://issuer.example/jwks', { headers: () => new Promise(() => {}), fetch, timeoutDuration: 20 })
    await refused(() => stuck.reload(), { code: 'ERR_JWKS_UNAVAILABLE' })
    same(sent.length, 3)
  })

  test('a `fetch` that lost its object is named in the error', async () => {
    const fetch = async () => {
      throw new TypeError('Illegal invocation: function called with incorrect `this` reference.')
    }
    const keys = new RemoteKeySet('https://issuer.example/jwks', { fetch })
    const error = await refused(() => keys.reload(), { refusal: 'key_set_unreachable' })
    ok(error.message.includes('(url, init) => env.AUTH.fetch(url, init)'), error.message)
  })

  test('keys: a secret and a set, each for the algorithms of its kind', async () => {
    const { secret } = world().keys.HS256
    const algorithms = ['HS256', 'ES256', 'EdDSA']
    for (const keys of [[secret, world().jwks], [new jotgate.KeySet(world().jwks), world().keys.HS256.jwk], [() => world().jwks, secret]]) {
      const gate = createGate(settings({ keys, algorithms }))
      for (const alg of algorithms) same(await word(gate, await world().token(alg)), 'user-1', alg)
      same(await word(gate, await world().token('RS256')), '401 algorithm_not_allowed')
      same(await word(gate, 'garbage'), '401 token_parts')
    }
    // RFC 8725 §2.1: what everybody knows of the set is tried as the secret.
    const gate = createGate(settings({ keys: [secret, world().jwks], algorithms }))
    const { jwk, publicKey } = world().keys.ES256
    const encoder = new TextEncoder()
    const guesses = [JSON.stringify(jwk), JSON.stringify(world().jwks), jwk.x, await jose.exportSPKI(publicKey), jwk.x + jwk.y]
    for (const guess of [...guesses.map((text) => encoder.encode(text)), jose.base64url.decode(jwk.x)]) {
      for (const kid of [jwk.kid, 'key-HS256', undefined]) {
        const header = { alg: 'HS256', ...(kid && { kid }) }
        const forged = await new jose.SignJWT({ ...CLAIMS }).setProtectedHeader(header).sign(guess)
        same(await word(gate, forged), '401 signature_mismatch')
      }
    }
    const none = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(CLAIMS))}.`
    same(await word(gate, none), '401 algorithm_none')
    const odd = `${base64url('{"alg":5}')}.${base64url(JSON.stringify(CLAIMS))}.AAAA`
    same((await gate.check(bearer(odd))).status, 401)
    const issuers = [{ issuer, keys: [secret, world().jwks] }]
    const several = createGate({ issuers, audience, algorithms, currentDate })
    for (const alg of algorithms) same(await word(several, await world().token(alg)), 'user-1', alg)
    await misused(() => new Verifier(settings({ keys: [secret, world().jwks], algorithms })), 'keys')
    await misused(() => new Verifier({ issuers, audience, algorithms }), 'keys')
    for (const keys of [[], [secret], [secret, secret], [world().jwks, world().jwks], [secret, world().jwks, secret]]) {
      await misused(() => createGate(settings({ keys, algorithms })), 'keys', String(keys.length))
    }
    for (const list of [['ES256'], ['HS256']]) await misused(() => createGate(settings({ keys: [secret, world().jwks], algorithms: list })), 'algorithms')
  })
}

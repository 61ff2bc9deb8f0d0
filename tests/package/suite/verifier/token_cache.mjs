/**
 * Remembered tokens. To see whether a token was remembered, the next set has its key under another `kid`: a verification finds no key,
 * the cache has the same key.
 */
import { ok, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer, NOW } from '../mint.mjs'

export function tokenCacheTests({ jotgate, test, world }) {
  const { createGate, RemoteKeySet, Verifier } = jotgate
  const base = { issuer, audience, currentDate, algorithms: ['ES256', 'RS256'] }
  const refusal = (work) => {
    try {
      work()
      return 'none'
    } catch (error) {
      return error.refusal
    }
  }

  /** A verifier of a set that can be replaced. */
  async function verifierOf(tokenCache, options = base) {
    let keys = [world().keys.ES256.jwk, world().keys.RS256.jwk]
    const set = new RemoteKeySet('https://issuer.example/jwks', {
      fetch: async () => Response.json({ keys }),
      cooldownDuration: 0,
    })
    await set.reload()
    const verifier = new Verifier({ ...options, keys: set, ...(tokenCache && { tokenCache }) })
    const publish = async (next) => {
      keys = next
      await set.reload()
    }
    return { verifier, publish, set }
  }
  const renamed = () => [world().keys.ES256.jwk, world().keys.RS256.jwk].map((jwk) => ({ ...jwk, kid: `new ${jwk.kid}` }))

  /** Lets `work` set the clock, in seconds from the time of the tests, and puts it right again. */
  async function withClock(work) {
    const clock = Date.now
    try {
      await work((seconds) => {
        Date.now = () => (NOW + seconds) * 1000
      })
    } finally {
      Date.now = clock
    }
  }

  test('a remembered token is found by its key, under any name', async () => {
    const token = await world().token('ES256')
    const [with_, without] = [await verifierOf({}), await verifierOf(undefined)]
    for (const { verifier, publish } of [with_, without]) {
      verifier.verifySync(token)
      await publish(renamed())
    }
    const { payload, protectedHeader, key } = with_.verifier.verifySync(token)
    same([payload.sub, protectedHeader.kid, key.kid], [CLAIMS.sub, 'key-ES256', 'new key-ES256'])
    same((await with_.verifier.verify(token)).payload, payload)
    same(refusal(() => without.verifier.verifySync(token)), 'no_matching_key')
  })

  test('a remembered token ends with its key, and with what its key is for', async () => {
    const token = await world().token('ES256')
    const { jwk } = world().keys.ES256
    for (const keys of [[world().keys.RS256.jwk], [{ ...jwk, kid: 'x', use: 'sig' }], [{ ...world().keys.ES256.jwk, kid: 'x', alg: undefined }]]) {
      const { verifier, publish } = await verifierOf({})
      verifier.verifySync(token)
      await publish(keys)
      same(refusal(() => verifier.verifySync(token)), 'no_matching_key')
      await publish([jwk])
      same(verifier.verifySync(token).payload.sub, CLAIMS.sub)
    }
  })

  test('what is returned belongs to the caller alone', async () => {
    const token = await world().token('ES256', { nested: { list: [1] } })
    const { verifier } = await verifierOf({})
    for (let turn = 0; turn < 3; turn++) {
      const { payload, protectedHeader } = verifier.verifySync(token)
      same([payload.nested, protectedHeader.alg, payload.added], [{ list: [1] }, 'ES256', undefined])
      payload.nested.list.push(2)
      payload.added = true
      protectedHeader.alg = 'none'
    }
  })

  test('every hit gives the claims that the token has, whatever they are', async () => {
    const { keys, raw } = world()
    const text = `{"iss":"${issuer}","aud":["${audience}"],"exp":${NOW + 60},"__proto__":{"polluted":true},"zero":-0,
      "deep":[[{"__proto__":[1],"a":{"b":[null,true,"é€"]}}],-0,{}],"empty":{},"none":null}`
    const token = await raw('{"alg":"HS256"}', text)
    const verifier = new Verifier({ ...base, algorithms: ['HS256'], keys: keys.HS256.secret, tokenCache: {} })
    const shown = (value) =>
      typeof value === 'object' && value !== null
        ? [Array.isArray(value), Object.getPrototypeOf(value) === (Array.isArray(value) ? Array : Object).prototype]
            .concat(Object.getOwnPropertyNames(value).map((name) => [name, shown(value[name])]))
        : Object.is(value, -0)
          ? '-0'
          : value
    const changed = (value) => {
      if (typeof value !== 'object' || value === null) return
      for (const name of Object.keys(value)) changed(Object.getOwnPropertyDescriptor(value, name).value)
      if (Array.isArray(value)) value.push('added')
      else value.added = 'added'
    }
    for (let turn = 0; turn < 4; turn++) {
      const { payload } = verifier.verifySync(token)
      same(shown(payload), shown(JSON.parse(text)))
      changed(payload)
    }
    same([{}.polluted, {}.added], [undefined, undefined])
  })

  test('a token that ends as a remembered one is another token', async () => {
    const { verifier } = await verifierOf({})
    const token = await world().token('ES256')
    const [header, , signature] = token.split('.')
    verifier.verifySync(token)
    same(refusal(() => verifier.verifySync(`${header}.e30.${signature}`)), 'signature_mismatch')
    same(refusal(() => verifier.verifySync(`x${token}`)), 'header_base64url')
    same(refusal(() => verifier.verifySync(token.slice(-24))), 'token_parts')
    verifier.verifySync(token)
  })

  test('a remembered token is held to the clock as any other', async () => {
    const { currentDate: _, ...open } = base
    const token = await world().token('ES256', { exp: NOW + 100, nbf: NOW })
    const endless = await world().token('ES256', { exp: undefined })
    await withClock(async (at) => {
      at(0)
      const options = { ...open, clockTolerance: 10, requireExp: false }
      const { verifier, publish } = await verifierOf({}, options)
      const judged = (seconds, text) => {
        at(seconds)
        return refusal(() => verifier.verifySync(text))
      }
      same([judged(0, token), judged(0, endless)], ['none', 'none'])
      await publish(renamed())
      same([judged(0, token), judged(109, token), judged(110, token)], ['none', 'none', 'no_matching_key'])
      // RFC 7519 leaves `exp` out: remembered for 300 seconds.
      same([judged(299, endless), judged(300, endless)], ['none', 'no_matching_key'])
      same([judged(0, token), judged(-10, token), judged(-11, token)], ['none', 'none', 'no_matching_key'])
    })
  })

  test('a remembered token gets no older than others may', async () => {
    const { currentDate: _, ...open } = base
    const options = { ...open, clockTolerance: 10, maxTokenAge: 100 }
    const token = await world().token('ES256', { iat: NOW, exp: NOW + 1_000 })
    await withClock(async (at) => {
      at(0)
      const { verifier, publish } = await verifierOf({}, options)
      verifier.verifySync(token)
      await publish(renamed())
      const judged = (seconds) => {
        at(seconds)
        return refusal(() => verifier.verifySync(token))
      }
      same([judged(0), judged(109), judged(111)], ['none', 'none', 'no_matching_key'])
      same([judged(-10), judged(-11)], ['none', 'no_matching_key'])
    })
  })

  test('the cache judges times as a verification does', async () => {
    const { currentDate: _, ...open } = base
    const tokens = await Promise.all(
      [{ exp: NOW + 1_000 }, { exp: NOW + 50 }, { exp: NOW + 1_000, nbf: NOW + 20 }, { exp: NOW + 50, nbf: NOW + 20 }].map(
        (times) => world().token('ES256', { iat: NOW, ...times }),
      ),
    )
    await withClock(async (at) => {
      at(30)
      const options = { ...open, clockTolerance: 10, maxTokenAge: 100 }
      const [with_, without] = [await verifierOf({}, options), await verifierOf(undefined, options)]
      const found = new Set()
      for (let seconds = -12; seconds < 113; seconds += 0.25) {
        for (const token of tokens) {
          at(30)
          with_.verifier.verifySync(token)
          at(seconds)
          const wanted = refusal(() => without.verifier.verifySync(token))
          found.add(wanted)
          same(refusal(() => with_.verifier.verifySync(token)), wanted, `${seconds}`)
        }
      }
      ok(found.size >= 4, [...found].join())
    })
  })

  test('a remembered token ends with the trust in its set, and is good again with a set that has its key', async () => {
    const { currentDate: _, ...open } = base
    const token = await world().token('ES256', { exp: NOW + 100_000 })
    let publish = () => Response.json({ keys: [world().keys.ES256.jwk] })
    const keys = new RemoteKeySet('https://issuer.example/jwks', {
      fetch: async () => publish(),
      cacheMaxAge: 10_000,
      maxStale: 20_000,
      cooldownDuration: 0,
    })
    const down = () => {
      throw new TypeError('no answer')
    }
    await withClock(async (at) => {
      at(0)
      const verifier = new Verifier({ ...open, keys, tokenCache: {} })
      await verifier.verify(token)
      publish = () => Response.json({ keys: [{ ...world().keys.ES256.jwk, kid: 'renamed' }] })
      await keys.reload()
      publish = down
      const outcomes = async () => {
        const [{ reason: batch }] = await verifier.verifyBatch([token])
        const later = await verifier.verify(token).catch((thrown) => thrown)
        return [refusal(() => verifier.verifySync(token)), later.refusal ?? 'none', batch?.refusal ?? 'none']
      }
      same(await outcomes(), ['none', 'none', 'none'])
      at(29)
      same(await outcomes(), ['none', 'none', 'none'])
      at(31)
      same(await outcomes(), ['keys_not_ready', 'key_set_unreachable', 'key_set_unreachable'])
      // Far enough behind the last failure to be asked again.
      at(5_000)
      publish = () => Response.json({ keys: [{ ...world().keys.ES256.jwk, kid: 'renamed again' }] })
      await keys.reload()
      same(await outcomes(), ['none', 'none', 'none'])
      at(10_000)
      publish = () => Response.json({ keys: [world().keys.RS256.jwk] })
      await keys.reload()
      same(await outcomes(), ['no_matching_key', 'no_matching_key', 'no_matching_key'])
    })
  })

  test('a refused token leaves nothing behind, and neither does a changed one', async () => {
    const good = await world().token('ES256')
    const { verifier } = await verifierOf({})
    for (let turn = 0; turn < 3; turn++) {
      same(refusal(() => verifier.verifySync(`${good.slice(0, -4)}AAAA`)), 'signature_mismatch')
      verifier.verifySync(good)
      same(refusal(() => verifier.verifySync(`${good.slice(0, -4)}AAAA`)), 'signature_mismatch')
    }
  })

  test('the oldest are forgotten when there are too many, or they are too long', async () => {
    const tokens = await Promise.all([1, 2, 3].map((place) => world().token('ES256', { place })))
    const long = await world().token('ES256', { pad: 'x'.repeat(4000) })
    const bytes = (token) => 2 * token.length + 8 * Math.floor((token.split('.')[1].length * 3) / 4)
    for (const bounds of [{ maxEntries: 2 }, { maxBytes: 2 * Math.max(...tokens.map(bytes)) }]) {
      const { verifier, publish } = await verifierOf(bounds)
      for (const token of [...tokens, ...(bounds.maxBytes ? [long] : [])]) verifier.verifySync(token)
      await publish(renamed())
      same(tokens.map((token) => refusal(() => verifier.verifySync(token)))[0], 'no_matching_key')
      same(refusal(() => verifier.verifySync(tokens[2])), 'none')
      same(refusal(() => verifier.verifySync(long)), 'no_matching_key')
    }
  })

  test('the gate asks a remembered token for its scopes each time', async () => {
    const token = await world().token('ES256')
    const gate = createGate({ ...base, keys: world().keys.ES256.jwk, tokenCache: { maxEntries: 10 } })
    const headers = { authorization: `Bearer ${token}` }
    const status = async (needs) => {
      const pass = await gate.check(new Request('https://api.example/', { headers }), needs)
      return pass.ok ? 200 : pass.response().status
    }
    for (let turn = 0; turn < 2; turn++) {
      same(await status({ scopes: ['items:read'] }), 200)
      same(await status({ scopes: ['admin'] }), 403)
      same(await status({}), 200)
      same(await status({ anyScope: ['admin', 'items:list'] }), 200)
    }
  })

  test('invalid bounds are rejected', () => {
    for (const tokenCache of [{ maxEntries: 0 }, { maxBytes: 1.5 }, { maxEntries: undefined }, { entries: 5 }, 5, true]) {
      let thrown
      try {
        new Verifier({ ...base, keys: world().keys.ES256.jwk, tokenCache })
      } catch (error) {
        thrown = error
      }
      ok(thrown instanceof TypeError, JSON.stringify(tokenCache))
    }
  })
}

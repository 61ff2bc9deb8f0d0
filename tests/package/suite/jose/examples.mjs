/**
 * The examples of verification in jose's documentation, one by one, by the page that they stand on: the same calls in the
 * same shape, on keys and tokens of ours. Each runs against jose, then, unchanged, against `jotgate/jose`; what both
 * print must be the same. `fetch` is the host's, answered from here.
 */
import { certificate } from '../certificate.mjs'
import { same } from '../harness.mjs'

const options = { issuer: 'urn:example:issuer', audience: 'urn:example:audience' }

/** As far as the examples use them: what they are given must be what `fetch` takes, besides what is their own. */
const undici = {
  fetch(url, { dispatcher, ...init }) {
    const { method, redirect, headers } = new Request(url, init)
    dispatcher.dispatched.push([url, method, redirect, headers.has('accept')])
    return fetch(url, init)
  },
}
async function ky(url, { hooks, ...init }) {
  const request = new Request(url, init)
  for (const hook of hooks.beforeRequest) await hook(request)
  for (let retryCount = 1; ; retryCount++) {
    try {
      if (retryCount < 3) throw new TypeError('no connection')
      const response = await fetch(url, init)
      for (const hook of hooks.afterResponse) await hook(request, init, response)
      return response
    } catch (error) {
      if (retryCount === 3) throw error
      for (const hook of hooks.beforeRetry) await hook({ request, error, retryCount })
    }
  }
}

/** The examples: their page, what the issuer serves, and the code with `jose` and `console.log` as arguments. */
export function examples({ jose: real, world }) {
  const token = (alg, header) =>
    world().token(
      alg,
      { 'iss': options.issuer, 'aud': options.audience, 'exp': undefined, 'urn:example:claim': true },
      header,
    )
  const bare = (alg) => {
    const { alg: _, kid: __, ...jwk } = world().keys[alg].jwk
    return jwk
  }
  const spkiOf = async (alg) => real.exportSPKI(await real.importJWK(bare(alg), alg, { extractable: true }))
  const noKid = { kid: undefined }

  /** The loop over several keys that fit, as jose's pages on both sets show it. */
  const several = async (jose, jwt, JWKS, log) => {
    const { payload, protectedHeader } = await jose.jwtVerify(jwt, JWKS, options).catch(async (error) => {
      if (error instanceof jose.errors.JWKSMultipleMatchingKeys) {
        for await (const publicKey of error) {
          try {
            return await jose.jwtVerify(jwt, publicKey, options)
          } catch (innerError) {
            if (innerError instanceof jose.errors.JWSSignatureVerificationFailed) continue
            throw innerError
          }
        }
        throw new jose.errors.JWSSignatureVerificationFailed()
      }
      throw error
    })
    log(protectedHeader)
    log(payload)
  }
  const twoKeys = async () => {
    const other = await real.exportJWK((await real.generateKeyPair('ES256', { extractable: true })).publicKey)
    return {
      keys: [
        { ...other, alg: 'ES256' },
        { ...bare('ES256'), alg: 'ES256' },
      ],
    }
  }
  const verify = async (jose, jwt, key, log) => {
    const { payload, protectedHeader } = await jose.jwtVerify(jwt, key, options)
    log(protectedHeader)
    log(payload)
  }

  return [
    {
      page: 'jwtVerify: with a symmetric secret',
      run: async (jose, log) => verify(jose, await token('HS256'), world().keys.HS256.secret, log),
    },
    {
      page: 'jwtVerify: with a public SPKI encoded RSA key',
      run: async (jose, log) => {
        const publicKey = await jose.importSPKI(await spkiOf('RS256'), 'RS256')
        await verify(jose, await token('RS256'), publicKey, log)
      },
    },
    {
      page: 'jwtVerify: with a public JWK encoded RSA key',
      run: async (jose, log) => {
        const publicKey = await jose.importJWK(bare('RS256'), 'RS256')
        await verify(jose, await token('RS256'), publicKey, log)
      },
    },
    {
      page: 'jwtVerify: with a set at a URL',
      serves: () => world().jwks,
      run: async (jose, log) => {
        const JWKS = jose.createRemoteJWKSet(new URL('https://issuer.example/oauth2/v3/certs'))
        await verify(jose, await token('PS256'), JWKS, log)
      },
    },
    {
      page: 'createLocalJWKSet',
      run: async (jose, log) => {
        const JWKS = jose.createLocalJWKSet({
          keys: [
            { ...bare('PS256'), alg: 'PS256' },
            { ...bare('ES256'), alg: 'ES256' },
          ],
        })
        await verify(jose, await token('ES256', noKid), JWKS, log)
        await verify(jose, await token('PS256', noKid), JWKS, log)
      },
    },
    {
      page: 'createLocalJWKSet: opting in to several matches',
      run: async (jose, log) =>
        several(jose, await token('ES256', noKid), jose.createLocalJWKSet(await twoKeys()), log),
    },
    {
      page: 'createRemoteJWKSet',
      serves: () => world().jwks,
      run: async (jose, log) => {
        const JWKS = jose.createRemoteJWKSet(new URL('https://issuer.example/oauth2/v3/certs'))
        await verify(jose, await token('RS256'), JWKS, log)
      },
    },
    {
      page: 'createRemoteJWKSet: opting in to several matches',
      serves: twoKeys,
      run: async (jose, log) => {
        const JWKS = jose.createRemoteJWKSet(new URL('https://issuer.example/oauth2/v3/certs'))
        await several(jose, await token('ES256', noKid), JWKS, log)
      },
    },
    {
      page: 'customFetch: with ky, its retries and hooks',
      serves: () => world().jwks,
      run: async (jose, log) => {
        const JWKS = jose.createRemoteJWKSet(new URL('https://issuer.example/certs'), {
          [jose.customFetch]: (...args) =>
            ky(args[0], {
              ...args[1],
              hooks: {
                beforeRequest: [(request) => log([request.method, request.url])],
                beforeRetry: [({ request, error, retryCount }) => log([request.url, error.message, retryCount])],
                afterResponse: [(request, _, response) => log([request.url, response.status])],
              },
            }),
        })
        await verify(jose, await token('ES256'), JWKS, log)
      },
    },
    ...['to detect and use HTTP proxies', 'to retry network errors', 'to mock responses in tests'].map((what) => ({
      page: `customFetch: with undici, ${what}`,
      serves: () => world().jwks,
      run: async (jose, log) => {
        const agent = { what, dispatched: [] }
        const JWKS = jose.createRemoteJWKSet(new URL('https://issuer.example/certs'), {
          [jose.customFetch]: (...args) => {
            return undici.fetch(args[0], { ...args[1], dispatcher: agent })
          },
        })
        await verify(jose, await token('ES256'), JWKS, log)
        log(agent.dispatched)
      },
    })),
    {
      page: 'jwksCache',
      serves: () => world().jwks,
      run: async (jose, log) => {
        const url = new URL('https://issuer.example/certs')
        let store
        const getPreviouslyCachedJWKS = async () => store && JSON.parse(store)
        const storeNewJWKScache = async (cache) => {
          store = JSON.stringify(cache)
          log(['stored', cache.jwks, typeof cache.uat])
        }
        for (const jwt of [await token('ES256'), await token('PS256')]) {
          const jwksCache = (await getPreviouslyCachedJWKS()) || {}
          const { uat } = jwksCache
          const JWKS = jose.createRemoteJWKSet(url, { [jose.jwksCache]: jwksCache })
          await verify(jose, jwt, JWKS, log)
          if (uat !== jwksCache.uat) {
            await storeNewJWKScache(jwksCache)
          }
        }
      },
    },
    {
      page: 'compactVerify',
      run: async (jose, log) => {
        const jws = await world().token('ES256')
        const { payload, protectedHeader } = await jose.compactVerify(jws, await jose.importJWK(bare('ES256'), 'ES256'))
        log(protectedHeader)
        log(new TextDecoder().decode(payload))
      },
    },
    {
      page: 'decodeJwt',
      run: async (jose, log) => log(jose.decodeJwt(await token('HS256'))),
    },
    {
      page: 'decodeProtectedHeader',
      run: async (jose, log) => log(jose.decodeProtectedHeader(await token('HS256'))),
    },
    {
      page: 'importSPKI',
      run: async (jose, log) => {
        const ecPublicKey = await jose.importSPKI(await spkiOf('ES256'), 'ES256')
        log(ecPublicKey.type)
        await verify(jose, await token('ES256'), ecPublicKey, log)
      },
    },
    ...['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'].map((algorithm) => ({
      page: `importX509: ${algorithm}`,
      run: async (jose, log) => {
        const ecPublicKey = await jose.importX509(certificate(await spkiOf(algorithm)), algorithm)
        log(ecPublicKey.type)
        await verify(jose, await token(algorithm), ecPublicKey, log)
      },
    })),
    {
      page: 'importJWK',
      run: async (jose, log) => {
        const ecPublicKey = await jose.importJWK(bare('ES256'), 'ES256')
        const rsaPublicKey = await jose.importJWK(bare('PS256'), 'PS256')
        log([ecPublicKey.type, rsaPublicKey.type])
        await verify(jose, await token('PS256'), rsaPublicKey, log)
      },
    },
    {
      page: 'calculateJwkThumbprint',
      run: async (jose, log) => log(await jose.calculateJwkThumbprint(bare('RS256'))),
    },
    {
      page: 'calculateJwkThumbprintUri',
      run: async (jose, log) => log(await jose.calculateJwkThumbprintUri(bare('RS256'))),
    },
    {
      page: 'EmbeddedJWK',
      run: async (jose, log) => verify(jose, await token('ES256', { jwk: bare('ES256') }), jose.EmbeddedJWK, log),
    },
  ]
}

export function joseExampleTests(context) {
  const { facade, jose, test } = context
  for (const { page, serves, run } of examples(context)) {
    test(`jose's example: ${page}`, async () => {
      const print = async (lib) => {
        const printed = []
        const real = globalThis.fetch
        if (serves) globalThis.fetch = async () => new Response(JSON.stringify(await serves()))
        try {
          await run(lib, (value) => printed.push(value))
        } finally {
          globalThis.fetch = real
        }
        return printed
      }
      const printed = await print(jose)
      if (printed.length === 0) throw new Error('the example prints nothing')
      same(await print(facade), printed)
    })
  }

  test('EmbeddedJWK: what is no public key is refused as with jose', async () => {
    const { world } = context
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
    const [open, secret] = [await jose.exportJWK(publicKey), await jose.exportJWK(privateKey)]
    const sign = async (jwk) =>
      new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: 'ES256', ...(jwk !== undefined && { jwk }) }).sign(privateKey)
    const outcomeOf = async (lib, jwk) =>
      lib.jwtVerify(await sign(jwk), lib.EmbeddedJWK).then(
        ({ payload }) => payload,
        ({ code }) => code,
      )
    same(await outcomeOf(context.facade, open), { a: 1 })
    for (const jwk of [open, undefined, null, 'a', [open], 5, secret, world().keys.HS256.jwk]) {
      same(await outcomeOf(context.facade, jwk), await outcomeOf(jose, jwk), JSON.stringify(jwk))
    }
    // Another's key does not verify, and neither does one of another kind.
    same(await outcomeOf(context.facade, world().keys.ES256.jwk), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
    same(await outcomeOf(context.facade, world().keys.RS256.jwk), 'ERR_JOSE_NOT_SUPPORTED')
  })

  test('importX509: what is no certificate, and a key for another algorithm, is refused as with jose', async () => {
    const pem = await jose.exportSPKI(context.world().keys.ES256.publicKey)
    const refusal = async (call) => call().then(String, (thrown) => [thrown.name, thrown.refusal ?? thrown.code])
    for (const [call, expected] of [
      [() => facade.importX509(pem, 'ES256'), ['TypeError', null]],
      [() => facade.importX509(5, 'ES256'), ['TypeError', null]],
      [() => facade.importX509(certificate(pem)), ['JOSENotSupported', 'unspecified']],
      [() => facade.importX509(certificate(pem), 'RS256'), ['JOSENotSupported', 'key_does_not_fit']],
      [() => facade.importX509(certificate(pem).slice(0, 200), 'ES256'), ['JWKInvalid', 'key_malformed']],
    ]) {
      same(await refusal(call), expected)
    }
    const plain = await refusal(() => facade.importSPKI(certificate(pem), 'ES256'))
    same(plain, ['TypeError', null])
  })
}

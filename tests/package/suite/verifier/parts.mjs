/** `jotgate/verifier`: a verifier without parts, the parts that options need, and all suites of verifiers with all parts. */
import { misused, ok, same } from '../harness.mjs'
import { audience, CLAIMS, currentDate, issuer } from '../mint.mjs'

/** The context in which `Verifier` is that of `jotgate/verifier` with all parts, under other names of tests. */
export function throughParts({ jotgate, modular, test, ...context }) {
  const { hostRsa, issuers, remoteKeys, tokenCache } = modular
  class Verifier extends modular.Verifier {
    constructor(options) {
      super(typeof options !== 'object' || options === null || Array.isArray(options) ? options : using(options))
    }
  }
  // The options are inherited, so that each is read as it was given.
  const using = (options) =>
    Object.create(options, { use: { value: [remoteKeys(), issuers(), tokenCache(), hostRsa()], enumerable: true } })
  return { ...context, modular, jotgate: { ...jotgate, Verifier }, test: (name, body) => test(`jotgate/verifier: ${name}`, body) }
}

export function partTests({ jotgate, modular, facade, test, world, jose }) {
  const { hostRsa, issuers, KeySet, remoteKeys, RemoteKeySet, tokenCache, Verifier } = modular
  const rules = { algorithms: ['ES256', 'RS256'], issuer, audience, currentDate }
  const served = () => new RemoteKeySet('https://issuer.example/jwks', { fetch: async () => Response.json(world().jwks) })

  test('jotgate/verifier takes a key or a set in hand without any part', async () => {
    const { jwks, keys, token } = world()
    const es256 = await token('ES256')
    const pem = await jose.exportSPKI(keys.ES256.publicKey)
    for (const given of [keys.ES256.jwk, jwks, new KeySet(jwks), new jotgate.KeySet(jwks), pem, await facade.importJWK(keys.ES256.jwk)]) {
      const verifier = new Verifier({ keys: given, ...rules, use: [] })
      same([verifier.verifySync(es256).payload, (await verifier.verify(es256)).payload], [CLAIMS, CLAIMS])
    }
    const secret = new Verifier({ ...rules, keys: keys.HS256.secret, algorithms: ['HS256'] })
    same(secret.verifySync(await token('HS256')).payload, CLAIMS)
    // Without `hostRsa`, the core verifies RSA.
    const rsa = new Verifier({ keys: jwks, ...rules })
    const tokens = Array.from({ length: 20 }, () => token('RS256'))
    for (const { status } of await rsa.verifyBatch(await Promise.all(tokens))) same(status, 'fulfilled')
  })

  test('an option whose part is missing is a TypeError that names the part', async () => {
    const { jwks } = world()
    const base = { keys: jwks, ...rules }
    const { issuer: _, ...open } = rules
    const several = (entry) => ({ ...open, issuers: [{ issuer, ...entry }], use: [issuers()] })
    const cases = [
      ['tokenCache', 'tokenCache', { ...base, tokenCache: {} }],
      ['hostCrypto', 'hostRsa', { ...base, hostCrypto: true }],
      ['hostCrypto', 'hostRsa', { ...base, hostCrypto: false, use: [tokenCache(), remoteKeys()] }],
      ['issuers', 'issuers', { ...several({ keys: jwks }), use: [remoteKeys()] }],
      ['keys', 'remoteKeys', { ...rules, keys: served() }],
      ['keys', 'remoteKeys', { ...rules, keys: () => jwks }],
      ['keys', 'remoteKeys', { ...rules, keys: 'https://issuer.example/jwks' }],
      ['keys', 'remoteKeys', { ...rules, keys: new URL('https://issuer.example/jwks') }],
      ['keys', 'remoteKeys', several({ keys: served() })],
      ['jwksUri', 'remoteKeys', several({ jwksUri: 'https://issuer.example/jwks' })],
      ['keys', 'remoteKeys', several({})],
    ]
    for (const [option, part, options] of cases) {
      const thrown = await misused(() => new Verifier(options), option)
      ok(thrown.message.includes(`import \`${part}\` from 'jotgate/verifier'`), thrown.message)
    }
  })

  test('an option whose part is in use is taken', async () => {
    const { jwks, token } = world()
    const es256 = await token('ES256')
    const { issuer: _, ...open } = rules
    for (const options of [
      { ...rules, keys: jwks, tokenCache: {}, use: [tokenCache()] },
      { ...rules, keys: jwks, hostCrypto: true, use: [hostRsa()] },
      { ...open, issuers: [{ issuer, keys: jwks }], use: [issuers()] },
      { ...rules, keys: served(), use: [remoteKeys()] },
      { ...rules, keys: () => jwks, use: [remoteKeys()] },
      { ...open, issuers: [{ issuer, keys: served() }], use: [issuers(), remoteKeys()] },
    ]) {
      same((await new Verifier(options).verify(es256)).payload, CLAIMS)
    }
  })

  test('a message about text as `keys` names only what each verifier takes', async () => {
    for (const OneVerifier of [Verifier, jotgate.Verifier]) {
      const { message } = await misused(() => new OneVerifier({ ...rules, keys: 'a secret' }), 'keys')
      ok(message.includes('`new RemoteKeySet(url)`') && !message.includes('jwksUri'), message)
    }
  })

  test('`use` takes parts alone', async () => {
    for (const use of [undefined, null, 'remoteKeys', remoteKeys(), [remoteKeys], [{ name: 'remoteKeys' }], [undefined]]) {
      await misused(() => new Verifier({ keys: world().jwks, ...rules, use }), 'use')
    }
    await misused(() => new jotgate.Verifier({ keys: world().jwks, ...rules, use: [remoteKeys()] }), 'use')
  })
}

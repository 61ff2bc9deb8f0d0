/** `jotgate/verifier` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { Verifier as WholeVerifier } from 'jotgate'
import { hostRsa, issuers, KeySet, remoteKeys, RemoteKeySet, tokenCache, type Verified, Verifier, type VerifierOptions } from 'jotgate/verifier'

interface Claims {
  readonly tenant: string
}

export async function verifierTypes(token: string): Promise<string> {
  const rules = { algorithms: ['ES256'], issuer: 'https://a.example', audience: 'a' } as const
  const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '…' }] }
  const plain = new Verifier({ keys: jwks, ...rules })
  new Verifier({ keys: new KeySet(jwks), ...rules, use: [], warm: true })
  new Verifier({ keys: new Uint8Array(32), algorithms: ['HS256'] })
  // @ts-expect-error the cache is a part
  new Verifier({ keys: jwks, ...rules, tokenCache: {} })
  // @ts-expect-error RSA by the runtime is a part
  new Verifier({ keys: jwks, ...rules, hostCrypto: true, use: [tokenCache()] })
  // @ts-expect-error several issuers are a part
  new Verifier({ algorithms: ['ES256'], issuers: [{ issuer: 'https://a.example', keys: jwks }] })
  // @ts-expect-error a set at a URL is a part
  new Verifier({ keys: new RemoteKeySet('https://a.example/jwks'), ...rules })
  // @ts-expect-error keys from a function are a part
  new Verifier({ keys: () => jwks, ...rules })
  // @ts-expect-error an issuer without keys needs the part that fetches them
  new Verifier({ algorithms: ['ES256'], issuers: [{ issuer: 'https://a.example' }], use: [issuers()] })
  // @ts-expect-error the part has to be called
  new Verifier({ keys: jwks, ...rules, use: [remoteKeys] })
  // @ts-expect-error only `remoteKeys()` makes the part
  new Verifier({ keys: jwks, ...rules, use: [{ name: 'remoteKeys' } as const] })
  // @ts-expect-error keys are required
  new Verifier({ ...rules, use: [remoteKeys()] })
  // @ts-expect-error there is no such option
  new Verifier({ keys: jwks, ...rules, requireExpiry: true })
  // @ts-expect-error the Verifier of `jotgate` uses all parts
  new WholeVerifier({ keys: jwks, ...rules, use: [remoteKeys()] })

  new Verifier({ keys: new RemoteKeySet('https://a.example/jwks'), ...rules, use: [remoteKeys()] })
  new Verifier({ keys: async () => jwks, ...rules, tokenCache: { maxEntries: 10 }, hostCrypto: false, use: [remoteKeys(), tokenCache(), hostRsa()] })
  new Verifier({ algorithms: ['ES256'], issuers: [{ issuer: 'https://a.example', keys: jwks }], audience: 'a', use: [issuers()] })
  new Verifier({ algorithms: ['ES256'], issuers: [{ issuer: 'https://a.example', jwksUri: 'https://a.example/jwks', maxStale: 0 }], use: [issuers(), remoteKeys()] })

  const options: VerifierOptions<'tokenCache'> = { keys: jwks, ...rules, tokenCache: {}, use: [tokenCache()] }
  const typed = new Verifier<Claims, 'tokenCache'>(options)
  const own: Verified<Claims> = await typed.verify(token)
  const other: Verifier<Claims> = new Verifier<Claims>({ keys: jwks, ...rules })
  return own.payload.tenant + other.verifySync(token).payload.tenant + (await plain.verify<Claims>(token)).payload.tenant
}

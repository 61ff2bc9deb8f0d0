/** `jotgate/testing` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createGate } from 'jotgate'
import { testIssuer, type TestIssuer, type TestTokenOptions } from 'jotgate/testing'

export async function testingTypes(): Promise<string[]> {
  const issuer: TestIssuer = await testIssuer({ issuer: 'https://issuer.example', algorithm: 'ES256', audience: ['a'] as const })
  // @ts-expect-error there is no such algorithm
  await testIssuer({ algorithm: 'none' })
  // @ts-expect-error there is no such option
  await testIssuer({ algorithms: ['ES256'] })
  const options: TestTokenOptions = { expiresIn: '5 minutes', scope: ['a', 'b'] as const, audience: 'a', header: { kid: undefined } }
  createGate({ issuer: issuer.issuer, audience: 'a', algorithms: [issuer.algorithm], fetch: issuer.fetch })
  createGate({ issuer: issuer.issuer, audience: 'a', algorithms: [issuer.algorithm], keys: issuer.jwks })
  globalThis.fetch = issuer.fetch
  // @ts-expect-error the keys are read only
  issuer.jwks = { keys: [] }
  // @ts-expect-error only HMAC has a secret
  issuer.secret.length
  await issuer.rotate()
  issuer.setStatus(7, 1)
  await issuer.token({ status: issuer.statusAt(7) })
  // @ts-expect-error a life is no date
  await issuer.token({}, { expiresIn: new Date() })
  return [
    await issuer.token(),
    // Claims of the wrong type are what some tests are about.
    await issuer.token({ sub: undefined, aud: 42 }, options),
    await issuer.bad.expired({ sub: 'ada' }, options),
    ...(await Promise.all(Object.values(issuer.bad).map((make) => make()))),
  ]
}

/** `jotgate/introspection` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createGate, type Introspection, JWKSUnavailable } from 'jotgate'
import { introspection, type IntrospectionOptions, IntrospectionUnavailable } from 'jotgate/introspection'

export async function introspectionTypes(sign: () => Promise<string>): Promise<string | undefined> {
  const options: IntrospectionOptions = { endpoint: new URL('https://a.example/introspect'), clientId: 'api', clientAssertion: sign, maxAge: '1 minute', signed: true }
  const value: Introspection = introspection(options)
  introspection({ endpoint: 'https://a.example/introspect', headers: async () => ({ authorization: 'Bearer x' }), chooses: (token) => token.startsWith('x') })
  introspection({ issuer: 'https://a.example', clientId: 'api', clientSecret: 'x' })
  // @ts-expect-error the endpoint or the issuer is required
  introspection({ clientId: 'api', clientSecret: 'x' })
  // @ts-expect-error there is no such option
  introspection({ endpoint: 'https://a.example/introspect', secret: 'x' })
  // @ts-expect-error a choice is made at once
  introspection({ endpoint: 'https://a.example/introspect', headers: {}, chooses: async () => true })
  const gate = createGate({ issuer: 'https://a.example', audience: 'a', algorithms: ['ES256'], introspection: value })
  createGate({ issuers: [{ issuer: 'https://a.example' }], audience: 'a', algorithms: ['ES256'], introspection: [value, value] as const })
  // @ts-expect-error a value is made by `introspection`
  createGate({ issuer: 'https://a.example', audience: 'a', algorithms: ['ES256'], introspection: options })
  const pass = await gate.check({ headers: new Headers() })
  if (!pass.ok) return pass.cause instanceof IntrospectionUnavailable && pass.cause instanceof JWKSUnavailable ? pass.cause.refusal : pass.detail
  // @ts-expect-error a token that was introspected has no header
  const alg: string = pass.header.alg
  return alg ?? pass.header.kid
}

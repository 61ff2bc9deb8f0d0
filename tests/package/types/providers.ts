/** `jotgate/providers` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createGate } from 'jotgate'
import * as providers from 'jotgate/providers'
import { cognito, type CognitoOptions, entra, google, githubActions, type Preset } from 'jotgate/providers'

export function providerTypes(env: { AUD: string }): unknown[] {
  const pool: CognitoOptions = { userPoolId: 'eu-west-1_AbCdEfGhI', clientId: ['a', 'b'] as const }
  const tenants = ['11111111-2222-3333-4444-555555555555'] as const
  const rules: Preset<'issuer' | 'algorithms' | 'client' | 'clientFrom'> = githubActions({ repositoryOwnerId: '9919' })
  // @ts-expect-error the pool is required
  cognito({ clientId: 'a' })
  // @ts-expect-error there is no such use
  cognito({ ...pool, tokenUse: 'refresh' })
  // @ts-expect-error everybody can get a token of Google
  google({})
  // @ts-expect-error the tenants are required
  entra({})
  // @ts-expect-error there is no third version
  entra({ tenants, version: 3 })
  // @ts-expect-error the namespace is required
  providers.kubernetes({ issuer: 'https://issuer.example', serviceAccount: 'worker' })
  // @ts-expect-error identifiers are texts
  githubActions({ repositoryId: 74 })
  return [
    createGate({ ...cognito(pool) }),
    createGate({ ...cognito({ ...pool, tokenUse: 'id' }), rolesFrom: ['cognito:groups'], cookie: true }),
    createGate({ ...cognito({ ...pool, authorize: ({ sub }) => sub !== 'mallory' }) }),
    createGate({ ...entra({ tenants, client: 'a', version: 1 }), audience: 'api://notes' }),
    createGate({ ...entra({ tenants: 'any' }), audience: 'a', principal: ({ tid }) => (typeof tid === 'string' ? { tid } : undefined) }),
    createGate({ ...google({ clientId: 'a' }) }),
    createGate({ ...google({ clientId: 'a', hd: 'example.com' }), resource: 'https://api.example' }),
    createGate({ ...google({ hd: 'example.com' }), audience: 'a' }),
    // @ts-expect-error the preset has no audience
    createGate({ ...google({ hd: 'example.com' }) }),
    createGate({ ...rules, audience: 'https://api.example', authorize: ({ ref }) => ref === 'refs/heads/main' }),
    createGate({ ...rules, resource: 'https://api.example' }),
    // @ts-expect-error the preset has no audience
    createGate({ ...rules }),
    createGate({ ...providers.kubernetes({ issuer: 'https://issuer.example', namespace: 'a', serviceAccount: 'b' }), audience: 'a' }),
    createGate({ ...providers.cloudflareAccess({ team: 'example' }), audience: env.AUD }),
    createGate({ ...providers.xsuaa({ url: 'https://a.example', clientid: 'a', xsappname: 'b' }), fetch: globalThis.fetch }),
  ]
}

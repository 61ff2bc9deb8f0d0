/** The package as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import {
  createGate,
  decodeJwt,
  decodeProtectedHeader,
  type ExportedKeySet,
  type Gate,
  type GateNeeds,
  JOSEError,
  type JWTPayload,
  JWTExpired,
  KeySet,
  type NodeRequest,
  ready,
  type RefusalCode,
  RemoteKeySet,
  Verifier,
  type VerifierOptions,
} from 'jotgate'
import { hasScope, scopesOf, secondsLeft } from 'jotgate/decode'
import { Verifier as InlineVerifier } from 'jotgate/inline'
import {
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type ImportedKey,
  importJWK,
  importSPKI,
  jwksCache,
  type JWKSCacheInput,
  type JSONWebKeySet,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jotgate/jose'

/** Two types are the same, not merely assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function is<T extends true>(): T | undefined {
  return undefined
}

interface MyClaims {
  tenant: string
  roles: ('admin' | 'user')[]
}

declare const jwks: JSONWebKeySet
declare const pem: string
declare const secret: Uint8Array

export async function verifierTypes(token: string) {
  is<Same<Awaited<ReturnType<typeof ready>>, void>>()
  is<Same<Parameters<typeof ready>[0], { tableMemory?: number } | undefined>>()
  const options: VerifierOptions = {
    keys: jwks,
    algorithms: ['ES256', 'EdDSA'],
    issuer: ['https://a.example', 'https://b.example'],
    audience: 'api',
    clockTolerance: '5 seconds',
    maxTokenAge: 3600,
    typ: ['JWT', 'at+jwt'],
    crit: { x: true },
    currentDate: new Date(),
  }
  const verifier = new Verifier(options)
  const result = await verifier.verify(token)
  is<Same<typeof result.payload.sub, string | undefined>>()
  is<Same<typeof result.payload.exp, number | undefined>>()
  is<Same<(typeof result.payload)['anything'], unknown>>()
  is<Same<typeof result.key, ImportedKey | undefined>>()
  const kid: string | undefined = result.protectedHeader.kid

  const own = new Verifier<MyClaims>({ keys: pem, algorithms: ['RS256'] })
  const { payload } = own.verifySync(token)
  const tenant: string = payload.tenant
  is<Same<(typeof payload.roles)[number], 'admin' | 'user'>>()
  const other = (await own.verify<{ plan: number }>(token)).payload.plan
  is<Same<typeof other, number>>()

  new Verifier({ keys: secret, algorithms: ['HS256'], minSecretLength: 16, requireExp: false })
  new Verifier({ keys: new KeySet(jwks), algorithms: ['ES256'] })
  new Verifier({ keys: new RemoteKeySet('https://a.example/jwks', { timeoutDuration: 1000 }), algorithms: ['ES256'] })
  new Verifier({ keys: await importJWK({ kty: 'oct', k: 'AA' }), algorithms: ['HS256'] })

  const keys = RemoteKeySet.fromIssuer('https://a.example', { maxStale: 1000 })
  const exported: ExportedKeySet | undefined = keys.export()
  if (exported !== undefined) keys.hydrate(exported)
  const names: readonly string[] | undefined = keys.keySet?.dropped[0]?.names
  void names
  new Verifier({
    issuers: [
      { issuer: 'https://a.example', keys: jwks, algorithms: ['ES256'], audience: 'a' },
      { issuer: 'https://b.example', jwksUri: 'https://b.example/jwks', cacheMaxAge: 1000 },
    ],
    algorithms: ['RS256'],
  })
  createGate({ issuers: [{ issuer: 'https://a.example' }, { issuer: 'b', audience: false }], audience: 'api' })
  // @ts-expect-error keys belong to an issuer
  createGate({ issuers: [{ issuer: 'https://a.example' }], audience: 'api', keys: jwks })
  new InlineVerifier({ keys: jwks, algorithms: ['ES256'] })
  // @ts-expect-error issuers have names
  new Verifier({ issuers: [{ keys: jwks }], algorithms: ['ES256'] })
  // @ts-expect-error algorithms are required
  new Verifier({ keys: jwks })
  // @ts-expect-error there is no such algorithm
  new Verifier({ keys: jwks, algorithms: ['none'] })
  // @ts-expect-error an option that is written wrong
  new Verifier({ keys: jwks, algorithms: ['ES256'], audiance: 'api' })
  // @ts-expect-error present but undefined
  new Verifier({ keys: jwks, algorithms: ['ES256'], audience: undefined })
  // @ts-expect-error a token is text
  await verifier.verify(secret)
  // @ts-expect-error keys can't be made by hand
  new (result.key!.constructor as typeof ImportedKey)({})
  // @ts-expect-error what a key is can't be changed
  result.key!.alg = 'HS256'
  return [kid, tenant]
}

export async function gateTypes(request: Request) {
  const gate: Gate<MyClaims> = createGate<MyClaims>({
    issuer: 'https://a.example',
    audience: false,
    algorithms: ['ES256'],
    jwksUri: new URL('https://a.example/jwks'),
    cooldownDuration: 1000,
    realm: 'items',
  })
  const needs: GateNeeds = { scopes: ['items:read'], waitUntil: (work) => void work }
  const login: GateNeeds = { acr: ['urn:gold'] as const, maxAuthAge: '5 minutes' }
  await gate.check(request, { ...login, maxAuthAge: 300, optional: true })
  // @ts-expect-error the accepted contexts are a list
  await gate.check(request, { acr: 'urn:gold' })
  const pass = await gate.check(request, needs)
  if (!pass.ok) {
    is<Same<typeof pass.status, 204 | 400 | 401 | 403 | 429 | 503>>()
    type OfDpop = 'invalid_dpop_proof' | 'use_dpop_nonce'
    type OfStepUp = 'insufficient_user_authentication'
    is<Same<typeof pass.error, 'invalid_request' | 'invalid_token' | 'insufficient_scope' | OfDpop | OfStepUp | undefined>>()
    const response: Response = pass.response({ headers: { vary: 'origin' } })
    // @ts-expect-error there is no header without a pass
    pass.header
    return response
  }
  const tenant: string = pass.claims.tenant
  // @ts-expect-error a pass has no answer
  pass.response()
  // @ts-expect-error the audience is required, or false, or a resource
  createGate({ issuer: 'https://a.example', algorithms: ['ES256'], keys: jwks })
  createGate({ issuer: 'https://a.example', algorithms: ['ES256'], keys: jwks, resource: 'https://mcp.example/mcp' })
  // @ts-expect-error the issuer is required
  createGate({ audience: 'api', algorithms: ['ES256'], keys: jwks })
  const maybe = await gate.check(request, { optional: true })
  if (maybe.ok) {
    is<Same<typeof maybe.anonymous, true | undefined>>()
    // @ts-expect-error there may be no claims
    maybe.claims.tenant
    if (!maybe.anonymous) is<Same<typeof maybe.claims.tenant, string>>()
    const scopes: readonly string[] = maybe.scopes
    void scopes
  }
  const document: Response | undefined = gate.metadata(request)
  const answer: Response = gate.cors(request, Response.json({ tenant }))
  const later: string | undefined = gate.challenge({ scopes: ['a'] }).challenge
  createGate({
    ...{ audience: 'api', algorithms: ['RS256'], jwksUri: 'https://login.example/keys' },
    issuer: { template: 'https://login.microsoftonline.com/{tenantid}/v2.0', tenants: 'any' },
    authorize: { anonymous: true, rule: (claims) => claims?.sub === 'a' || { status: 401, detail: 'log in' } },
  })
  return [tenant, document, answer, later]
}

interface User {
  name: string
}
declare function lookUp(sub: string | undefined): Promise<User | undefined>
declare const incoming: NodeRequest

export async function gateRuleTypes(request: Request) {
  const options = { issuer: 'https://a.example', audience: 'api', algorithms: ['ES256'], keys: jwks } as const
  const gate = createGate({
    ...options,
    cookie: true,
    origins: ['https://app.example'],
    header: 'cf-access-jwt-assertion',
    query: 'jwt',
    principal: (claims) => lookUp(claims.sub),
    authorize: (claims, _, user) => claims.sub === user.name,
    onRefusal: (denied) => (denied.status === 401 ? Response.redirect('https://a.example/login', 302) : undefined),
  })
  const pass = await gate.check(request, {
    authorize: (claims, asked, user) => `${asked.url}${user.name}` !== claims.sub,
  })
  if (!pass.ok) {
    is<Same<typeof pass.challenge, string | undefined>>()
    return pass.detail
  }
  is<Same<typeof pass.principal, User>>()
  is<Same<typeof pass.preflight, undefined>>()
  const own = createGate<MyClaims, User>({ ...options, principal: ({ tenant }) => lookUp(tenant) })
  const now = own.checkSync(request, {
    authorize: ({ roles }, asked: Request) => asked.bodyUsed !== roles.includes('admin'),
  })
  const preflight = createGate({ ...options, preflight: true })
  const either = await preflight.check(request)
  // @ts-expect-error there may be no claims: it may be a pre-flight
  if (either.ok) either.claims.sub
  if (either.ok && !either.preflight) is<Same<typeof either.claims, JWTPayload>>()
  await gate.check(incoming)
  // @ts-expect-error a cookie has a name, or the default one
  createGate({ ...options, cookie: false })
  // @ts-expect-error an answer is there at once
  createGate({ ...options, onRefusal: async () => new Response() })
  // @ts-expect-error a rule answers yes or no
  await gate.check(request, { authorize: () => 'yes' })
  return now.ok && now.principal.name
}

export async function joseTypes(token: string | Uint8Array) {
  const options: JWTVerifyOptions = { issuer: 'a', audience: ['b'], algorithms: ['ES256'], maxTokenAge: '2 hours' }
  const result: JWTVerifyResult = await jwtVerify(token, await importSPKI(pem, 'ES256'), options)
  const payload: JWTPayload = result.payload
  // @ts-expect-error a key that was given is not given back
  result.key
  const found = await jwtVerify<MyClaims>(token, createLocalJWKSet(jwks), options)
  const tenant: string = found.payload.tenant
  found.key
  const cache: JWKSCacheInput = {}
  const remote = createRemoteJWKSet(new URL('https://a.example'), {
    cacheMaxAge: Infinity,
    headers: { a: 'b' },
    [customFetch]: async (url, { headers, method, redirect, signal }) =>
      fetch(url, { headers, method, redirect, signal }),
    [jwksCache]: cache,
  })
  const cooling: boolean = remote.coolingDown && remote.fresh && remote.reloading
  const copy: JSONWebKeySet | undefined = remote.jwks()
  await remote.reload()
  await jwtVerify(token, remote, options)
  void [cooling, copy]
  // @ts-expect-error the URL is an object
  createRemoteJWKSet('https://a.example')
  const getKey: JWTVerifyGetKey = async ({ kid, alg }, { payload: encoded }) => {
    is<Same<typeof alg, string>>()
    void [kid, encoded]
    return { kty: 'oct', k: 'AA' }
  }
  const resolved = await jwtVerify(token, getKey)
  const { payload: bytes } = await compactVerify(token, secret)
  is<Same<typeof bytes, Uint8Array>>()
  const print: string = await calculateJwkThumbprint({ kty: 'oct', k: 'AA' }, 'sha512')
  // @ts-expect-error there is no such hash
  await calculateJwkThumbprint({ kty: 'oct', k: 'AA' }, 'md5')
  // @ts-expect-error an algorithm is needed
  await importSPKI(pem)
  try {
    await jwtVerify(token, getKey)
  } catch (thrown) {
    if (thrown instanceof errors.JWTExpired) {
      is<Same<typeof thrown.code, 'ERR_JWT_EXPIRED'>>()
      const { claim, reason, payload: claims, refusal } = thrown
      const code: RefusalCode = refusal
      // @ts-expect-error no refusal has this code
      void (code === 'expird')
      void [claim, reason, claims.sub, code === 'expired']
    }
    if (thrown instanceof errors.JWKSMultipleMatchingKeys) {
      for await (const key of thrown) await jwtVerify(token, key, options)
    }
    const same: boolean = thrown instanceof JWTExpired && thrown instanceof JOSEError
    void same
  }
  return [payload, tenant, resolved.key, print]
}

export function decodeTypes(token: string) {
  const claims = decodeJwt<MyClaims>(token)
  const tenant: string = claims.tenant
  const { alg } = decodeProtectedHeader(token)
  is<Same<typeof alg, string | undefined>>()
  const set = new KeySet('{"keys":[]}')
  const [skipped] = set.skipped
  const code: string | undefined = skipped?.code
  // @ts-expect-error a set can't be changed
  set.size = 5
  return [tenant, code]
}

export async function speedTypes(token: string, keys: KeySet) {
  const verifier = new Verifier<MyClaims>({
    keys,
    algorithms: ['RS256'],
    tokenCache: { maxEntries: 100 },
    hostCrypto: false,
  })
  const [result] = await verifier.verifyBatch([token])
  if (result?.status === 'fulfilled') {
    const tenant: string = result.value.payload.tenant
    void tenant
  }
  // @ts-expect-error a cache has bounds, or none are given
  void new Verifier({ keys, algorithms: ['RS256'], tokenCache: true })
  // @ts-expect-error a batch is a list
  await verifier.verifyBatch(token)
}

export function claimsTypes(claims: JWTPayload) {
  const scopes: string[] = scopesOf(claims)
  is<Same<ReturnType<typeof hasScope>, boolean>>()
  is<Same<ReturnType<typeof secondsLeft>, number | undefined>>()
  // @ts-expect-error a token has to be decoded first
  scopesOf('a.b.c')
  return [scopes, hasScope(claims, 'a'), secondsLeft(claims, 0)]
}

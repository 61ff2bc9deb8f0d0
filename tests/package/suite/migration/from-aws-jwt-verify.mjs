/** `docs/from-aws-jwt-verify.md`: aws-jwt-verify beside the gate and `Verifier`. */
import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify'
import { ok, same } from '../harness.mjs'
import { AUDIENCE, duplicateSub, inSeconds, jwks, outcomeOf, token } from './world.mjs'

const POOL = 'eu-west-1_AbCdEfGhI'
const POOL_ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${POOL}`
const issuer = 'https://issuer.example'

/** An access token of Cognito, and an ID token. */
const access = (claims, options) =>
  token('RS256', { iss: POOL_ISSUER, aud: undefined, token_use: 'access', client_id: 'my-app-client', scope: 'openid', ...claims }, options)
const id = (claims, options) => token('RS256', { iss: POOL_ISSUER, aud: 'my-app-client', token_use: 'id', ...claims }, options)

export function snippetTests({ test, execute }) {
  test('the snippets of Cognito decide equally', async () => {
    const real = globalThis.fetch
    globalThis.fetch = async (url) => {
      const address = String(url)
      if (address === `${POOL_ISSUER}/.well-known/openid-configuration`) {
        return Response.json({ issuer: POOL_ISSUER, jwks_uri: `${POOL_ISSUER}/.well-known/jwks.json` })
      }
      same(address, `${POOL_ISSUER}/.well-known/jwks.json`)
      return Response.json(jwks)
    }
    try {
      const [before, after] = [await execute('cognito-before.js'), await execute('cognito-after.js')]
      // It fetches by its own means; the set can also be given.
      before.verifier.cacheJwks(jwks, POOL)
      for (const { verify } of [before, after]) {
        same((await verify(access())).sub, 'ada')
        const refused = {
          expired: access({ exp: inSeconds(-60) }),
          client: access({ client_id: 'another' }),
          idToken: id(),
          pool: access({ iss: `${POOL_ISSUER}X` }),
          stranger: access({}, { header: { kid: 'unknown' } }),
        }
        for (const [name, text] of Object.entries(refused)) ok((await outcomeOf(() => verify(text))) !== 'accepted', name)
      }
    } finally {
      globalThis.fetch = real
    }
  })

  test('the snippets of another issuer decide equally', async () => {
    const real = globalThis.fetch
    globalThis.fetch = async (url) => (same(String(url), `${issuer}/jwks`), Response.json(jwks))
    try {
      const [before, after] = [await execute('jwt-before.js'), await execute('jwt-after.js')]
      before.verifier.cacheJwks(jwks)
      for (const { verify } of [before, after]) {
        same((await verify(token('RS256'))).sub, 'ada')
        for (const claims of [{ exp: inSeconds(-60) }, { nbf: inSeconds(60) }, { aud: 'other' }, { aud: undefined }, { iss: 'other' }]) {
          ok((await outcomeOf(() => verify(token('RS256', claims)))) !== 'accepted', JSON.stringify(claims))
        }
        ok((await outcomeOf(() => verify(token('ES256', {}, { stranger: true })))) !== 'accepted')
      }
    } finally {
      globalThis.fetch = real
    }
  })
}

export function rows({ jotgate: { createGate, Verifier }, providers: { cognito } }) {
  const theirsOf = (options = {}) => {
    const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri: `${issuer}/jwks`, ...options })
    verifier.cacheJwks(jwks)
    return verifier
  }
  const oursOf = (options = {}) => new Verifier({ issuer, audience: AUDIENCE, algorithms: ['ES256', 'RS256'], keys: jwks, ...options })
  /** One token for both. */
  const both =
    (text, theirs = theirsOf(), ours = oursOf()) =>
    async () => [await named(() => theirs.verifySync(text)), await outcomeOf(() => ours.verifySync(text))]
  /** The same at a gate, which has needs. */
  const asked = async (gate, text, needs) => {
    const pass = await gate.check({ headers: { authorization: `Bearer ${text}` } }, needs)
    return pass.ok ? 'accepted' : pass.refusal
  }
  const gate = createGate({ issuer, audience: AUDIENCE, algorithms: ['ES256'], keys: jwks })
  const last = (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)
  const partial = token('ES256', { scope: 'a' })
  return [
    { id: 'expiry', theirs: 'accepted', ours: 'claim_missing', run: both(token('ES256', { exp: undefined })) },
    {
      id: 'algorithms',
      theirs: 'accepted',
      ours: 'option',
      run: async () => [await named(() => theirsOf()), await outcomeOf(() => new Verifier({ issuer, audience: AUDIENCE, keys: jwks }))],
    },
    { id: 'crit', theirs: 'accepted', ours: 'crit_not_understood', run: both(token('ES256', {}, { header: { crit: ['x'], x: 1 } })) },
    { id: 'duplicate-claim', theirs: 'accepted', ours: 'claims_duplicate_member', run: both(token('ES256', {}, { payload: duplicateSub() })) },
    { id: 'padding', theirs: 'accepted', ours: 'signature_base64url', run: both(token('ES256', {}, { pad: true })) },
    { id: 'stray-bits', theirs: 'accepted', ours: 'signature_base64url', run: both(last(token('ES256'))) },
    { id: 'kid', theirs: 'JwtWithoutValidKidError', ours: 'accepted', run: both(token('ES256', {}, { header: { kid: undefined } })) },
    {
      id: 'ps256',
      theirs: 'JwtInvalidSignatureAlgorithmError',
      ours: 'accepted',
      run: both(token('PS256'), theirsOf(), oursOf({ algorithms: ['PS256'] })),
    },
    {
      id: 'scope',
      theirs: 'accepted',
      ours: 'insufficient_scope',
      run: async () => [
        await named(() => theirsOf({ scope: ['a', 'b'] }).verifySync(partial)),
        await asked(gate, partial, { scopes: ['a', 'b'] }),
      ],
    },
    {
      id: 'scope-list',
      theirs: 'JwtParseError',
      ours: 'accepted',
      run: async () => {
        const list = token('ES256', { scope: ['a', 'b'] })
        return [await named(() => theirsOf({ scope: 'a' }).verifySync(list)), await asked(gate, list, { scopes: ['a', 'b'] })]
      },
    },
    {
      id: 'typ',
      theirs: 'accepted',
      ours: 'type_mismatch',
      run: async () => {
        const logout = token('ES256', {}, { header: { typ: 'logout+jwt' } })
        return [await named(() => theirsOf().verifySync(logout)), await asked(gate, logout)]
      },
    },
    {
      id: 'no-issuer',
      theirs: 'accepted',
      ours: 'option',
      run: async () => [
        await named(() => theirsOf({ issuer: null, audience: null }).verifySync(token('ES256', { iss: 'other', aud: 'other' }))),
        await outcomeOf(() => createGate({ audience: false, algorithms: ['ES256'], keys: jwks })),
      ],
    },
    {
      id: 'token-use',
      theirs: 'accepted',
      ours: 'not_authorized',
      run: async () => {
        const open = CognitoJwtVerifier.create({ userPoolId: POOL, tokenUse: null, clientId: 'my-app-client' })
        open.cacheJwks(jwks, POOL)
        const { issuer, ...rules } = cognito({ userPoolId: POOL, clientId: 'my-app-client' })
        const mixed = id({ client_id: 'my-app-client' })
        return [await named(() => open.verifySync(mixed)), await asked(createGate({ issuer, ...rules, keys: jwks }), mixed)]
      },
    },
    {
      id: 'issuer-configuration',
      theirs: 'accepted',
      ours: 'issuer_mismatch',
      run: async () => {
        const updated = access({ iss: POOL_ISSUER.replace('cognito', 'issuer-cognito') })
        const theirs = CognitoJwtVerifier.create({ userPoolId: POOL, tokenUse: 'access', clientId: 'my-app-client' })
        theirs.cacheJwks(jwks, POOL)
        const ours = createGate({ ...cognito({ userPoolId: POOL, clientId: 'my-app-client' }), keys: jwks })
        return [await named(() => theirs.verifySync(updated)), await asked(ours, updated)]
      },
    },
  ]
}

/** The same as `outcomeOf`, with the name of the error's class: their errors are all named `Error`. */
async function named(call) {
  try {
    await call()
    return 'accepted'
  } catch (error) {
    return error.constructor.name
  }
}

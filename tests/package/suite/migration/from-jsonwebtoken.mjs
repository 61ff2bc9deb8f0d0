/** `docs/from-jsonwebtoken.md`: jsonwebtoken beside `Verifier`. */
import jwt from 'jsonwebtoken'
import { same } from '../harness.mjs'
import { AUDIENCE, duplicateSub, inSeconds, outcomeOf, pem, privatePem, SECRET, token } from './world.mjs'

const issuer = 'https://issuer.example'
const bytes = (text) => new TextEncoder().encode(text)

/** Tokens that both must refuse, with the error of each side. */
const BAD = {
  'expired': [{ exp: inSeconds(-10) }, {}, 'TokenExpiredError', 'expired'],
  'not yet valid': [{ nbf: inSeconds(60) }, {}, 'NotBeforeError', 'not_yet_valid'],
  'for another audience': [{ aud: 'other' }, {}, 'JsonWebTokenError', 'audience_mismatch'],
  'without an audience': [{ aud: undefined }, {}, 'JsonWebTokenError', 'claim_missing'],
  'of another issuer': [{ iss: 'https://other.example' }, {}, 'JsonWebTokenError', 'issuer_mismatch'],
  'of another secret': [{}, { secret: 'another secret of 32 bytes or more' }, 'JsonWebTokenError', 'signature_mismatch'],
}

export function snippetTests({ test, execute }) {
  test('the snippets verify equally, and their errors are those of the page', async () => {
    process.env.JWT_SECRET = SECRET
    const [before, after] = [await execute('before.js'), await execute('after.js')]
    for (const { verify } of [before, after]) same(verify(token('HS256')).sub, 'ada')
    for (const [name, [claims, options, theirs, ours]] of Object.entries(BAD)) {
      const thrown = [before, after].map(({ verify }) => thrownBy(() => verify(token('HS256', claims, options))))
      same([thrown[0].name, thrown[1].refusal], [theirs, ours], name)
    }
    same(thrownBy(() => after.verify(token('HS256', { exp: 1 }))).code, 'ERR_JWT_EXPIRED')
  })
}

function thrownBy(call) {
  try {
    return call()
  } catch (error) {
    return error
  }
}

export function rows({ jotgate: { Verifier } }) {
  const both = (theirs, ours) => async () => [await outcomeOf(theirs), await outcomeOf(ours)]
  const rules = { issuer, audience: AUDIENCE }
  /** One token of HS256, verified with the same options. */
  const hs = (text, options = {}, key = SECRET) =>
    both(
      () => jwt.verify(text, key, { algorithms: ['HS256'], ...rules, ...options }),
      () => new Verifier({ keys: bytes(key), algorithms: ['HS256'], ...rules, ...options }).verifySync(text),
    )
  /** The same with a public key. */
  const spki = (alg, text, key = pem(alg), options = {}) =>
    both(
      () => jwt.verify(text, key, { algorithms: [alg], ...rules, ...options }),
      () => new Verifier({ keys: key, algorithms: [alg], ...rules, ...options }).verifySync(text),
    )
  const last = (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)
  /** A token of ES256 whose last character has stray bits: `A`, `Q`, `g` and `w` have none. */
  const stray = last(token('ES256'))
  return [
    { id: 'expiry', theirs: 'accepted', ours: 'claim_missing', run: hs(token('HS256', { exp: undefined })) },
    {
      id: 'algorithms',
      theirs: 'accepted',
      ours: 'option',
      run: both(
        () => jwt.verify(token('ES256'), pem('ES256'), rules),
        () => new Verifier({ keys: pem('ES256'), ...rules }),
      ),
    },
    { id: 'empty-audience', theirs: 'accepted', ours: 'option', run: hs(token('HS256', { aud: 'other' }), { audience: '' }) },
    { id: 'undefined-issuer', theirs: 'accepted', ours: 'option', run: hs(token('HS256', { iss: 'other' }), { issuer: undefined }) },
    {
      id: 'secret-length',
      theirs: 'accepted',
      ours: 'key_secret_too_short',
      run: hs(token('HS256', {}, { secret: 'short' }), {}, 'short'),
    },
    {
      id: 'secret-text',
      theirs: 'accepted',
      ours: 'option',
      run: both(
        () => jwt.verify(token('HS256'), SECRET, { algorithms: ['HS256'] }),
        () => new Verifier({ keys: SECRET, algorithms: ['HS256'] }),
      ),
    },
    { id: 'crit', theirs: 'accepted', ours: 'crit_not_understood', run: hs(token('HS256', {}, { header: { crit: ['x'], x: 1 } })) },
    { id: 'duplicate-claim', theirs: 'accepted', ours: 'claims_duplicate_member', run: hs(token('HS256', {}, { payload: duplicateSub() })) },
    {
      id: 'payload-text',
      theirs: 'accepted',
      ours: 'claims_not_object',
      run: both(
        () => jwt.verify(token('HS256', {}, { payload: '"text"' }), SECRET, { algorithms: ['HS256'] }),
        () => new Verifier({ keys: bytes(SECRET), algorithms: ['HS256'] }).verifySync(token('HS256', {}, { payload: '"text"' })),
      ),
    },
    { id: 'stray-bits', theirs: 'accepted', ours: 'signature_base64url', run: spki('ES256', stray) },
    { id: 'audience-pattern', theirs: 'accepted', ours: 'option', run: hs(token('HS256'), { audience: /^https:/ }) },
    { id: 'ignore-expiration', theirs: 'accepted', ours: 'option', run: hs(token('HS256', { exp: inSeconds(-10) }), { ignoreExpiration: true }) },
    { id: 'tolerance', theirs: 'accepted', ours: 'option', run: hs(token('HS256', { exp: inSeconds(-10) }), { clockTolerance: 3600 }) },
    {
      id: 'issued-in-future',
      theirs: 'accepted',
      ours: 'issued_in_future',
      run: both(
        () => jwt.verify(token('HS256', { iat: inSeconds(100) }), SECRET, { algorithms: ['HS256'], maxAge: '1h' }),
        () => new Verifier({ keys: bytes(SECRET), algorithms: ['HS256'], maxTokenAge: '1h' }).verifySync(token('HS256', { iat: inSeconds(100) })),
      ),
    },
    { id: 'private-key', theirs: 'accepted', ours: 'key_kind_unsupported', run: spki('ES256', token('ES256'), privatePem) },
    { id: 'ed25519', theirs: 'Error: Unknown key type "ed25519".', ours: 'accepted', run: spki('EdDSA', token('EdDSA'), pem('EdDSA')) },
  ]
}

/** Several issuers in one gate and in one verifier. */
import { misused, refused, same } from '../harness.mjs'
import { audience, currentDate, issuer } from '../mint.mjs'
import { remoteWorld } from '../keys/remote_world.mjs'

export function issuerTests(context) {
  const { jotgate, world } = context
  const { Verifier, createGate } = jotgate
  const { url, only, test, site } = remoteWorld(context)

  test('complaint 8: several issuers in one gate: Cognito names no audience, others do; only who can fetch says unknown', async () => {
    const [other, third] = ['https://other.example', 'https://third.example']
    const { calls, fetch } = site({ 'https://other.example/jwks': only('ES384') })
    const gate = createGate({
      issuers: [
        { issuer, keys: only('ES256') },
        { issuer: other, jwksUri: 'https://other.example/jwks', fetch, audience: ['ops'] },
        { issuer: third, keys: world().keys.EdDSA.jwk, algorithms: ['EdDSA'], audience: false },
      ],
      algorithms: ['ES256', 'ES384'],
      audience: 'api',
      currentDate,
    })
    const request = async (...of) =>
      new Request(url, { headers: { authorization: `Bearer ${await world().token(...of)}` } })
    const answerOf = ({ ok, status, error, refusal }) => (ok ? 'passes' : [status, error, refusal])
    const check = async (...of) => answerOf(await gate.check(await request(...of)))
    const now = async (...of) => answerOf(gate.checkSync(await request(...of)))
    const denied = (refusal) => [401, 'invalid_token', refusal]
    same(await check('ES256', { iss: issuer }), 'passes')
    same(await check('EdDSA', { iss: third, aud: undefined }), 'passes')
    same(await now('EdDSA', { iss: third, aud: 'whatever' }), 'passes')
    same(await now('ES384', { iss: other, aud: 'ops' }), [503, undefined, 'keys_not_ready'])
    same(await check('ES384', { iss: other, aud: 'ops' }), 'passes')
    same(await now('ES384', { iss: other, aud: 'ops' }), 'passes')
    same(calls().length, 1)
    same(await check('ES384', { iss: other, aud: 'api' }), denied('audience_mismatch'))
    same(await check('ES256', { iss: issuer, aud: undefined }), denied('claim_missing'))
    same(await check('ES256', { iss: 'https://unknown.example' }), denied('issuer_mismatch'))
    same(await check('ES256', { iss: undefined }), denied('claim_missing'))
    same(await check('ES256', { iss: third }), denied('algorithm_not_allowed'))
    // An unknown key of the remote set may be a new one, of the others it can't be.
    same(await now('ES384', { iss: other, aud: 'ops' }, { kid: 'x' }), [503, undefined, 'keys_not_ready'])
    same(await now('ES256', { iss: issuer }, { kid: 'x' }), denied('no_matching_key'))

    const wrong = (more) => () => createGate({ issuers: [{ issuer, keys: only('ES256') }], algorithms: ['ES256'], ...more })
    await misused(wrong({}), 'audience')
    await misused(wrong({ audience: undefined }), 'audience')
    await misused(wrong({ audience, issuer }), 'issuer')
    await misused(wrong({ audience, jwksUri: url }), 'jwksUri')
    await misused(wrong({ audience, fetch }), 'fetch')
    await misused(() => createGate({ issuers: [{ issuer, keys: only('ES256') }], audience }), 'algorithms')
    wrong({ audience: false })()
  })

  test('complaint 8: several issuers in one verifier: each has its keys, algorithms and audiences, `iss` only chooses', async () => {
    const other = 'https://other.example'
    const { calls, fetch } = site({
      'https://other.example/.well-known/openid-configuration': {
        issuer: other,
        jwks_uri: 'https://other.example/jwks',
      },
      'https://other.example/jwks': only('ES384'),
    })
    const checks = new Verifier({
      issuers: [
        { issuer, keys: only('ES256', 'ES384', 'EdDSA'), algorithms: ['ES256'] },
        { issuer: other, fetch, algorithms: ['ES384'], audience: ['admin', 'ops'] },
        { issuer: 'third', keys: world().keys.EdDSA.jwk },
      ],
      algorithms: ['EdDSA'],
      audience,
      currentDate,
    })
    const mint = (alg, iss, aud = 'api', header) => world().token(alg, { iss, aud }, header)
    same((await checks.verify(await mint('ES256', issuer))).payload.iss, issuer)
    same(checks.verifySync(await mint('EdDSA', 'third')).payload.iss, 'third')
    same(calls(), [], 'the other issuer is not asked for tokens that are not its own')
    same((await checks.verify(await mint('ES384', other, 'ops'))).payload.iss, other)
    same(checks.verifySync(await mint('ES384', other, 'admin')).payload.iss, other)
    same(calls().length, 2)

    const mismatch = {
      name: 'JWTClaimValidationFailed',
      claim: 'iss',
      reason: 'check_failed',
      refusal: 'issuer_mismatch',
      payload: {},
    }
    for (const iss of ['https://unknown.example', 'constructor', '__proto__', `${issuer}/`]) {
      await refused(async () => checks.verify(await mint('ES256', iss)), mismatch, iss)
      await refused(async () => checks.verifySync(await mint('ES256', iss)), mismatch, iss)
    }
    await refused(async () => checks.verify(await mint('ES256', undefined)), {
      claim: 'iss',
      reason: 'missing',
      payload: {},
    })
    await refused(async () => checks.verify(await world().token('ES256', { iss: [issuer] })), { claim: 'iss' })
    await refused(
      async () => checks.verify(await mint('ES384', issuer)),
      { code: 'ERR_JOSE_ALG_NOT_ALLOWED' },
      "the other's algorithm",
    )
    await refused(async () => checks.verify(await mint('ES256', other, 'ops')), { code: 'ERR_JOSE_ALG_NOT_ALLOWED' })
    await refused(async () => checks.verify(await mint('ES384', other)), { claim: 'aud' }, "the others' audience")
    await refused(async () => checks.verify(await mint('EdDSA', 'third', 'admin')), { claim: 'aud' })
    const stolen = await mint('ES384', other, 'ops', { kid: 'key-ES256' })
    await refused(
      () => checks.verify(stolen),
      { code: 'ERR_JWKS_NO_MATCHING_KEY' },
      "one issuer's key signs for no other",
    )
    for (const garbage of ['', 'a.b.c', undefined, 5])
      await refused(() => checks.verify(garbage), { code: 'ERR_JWS_INVALID' })

    const good = { issuer, keys: only('ES256') }
    const wrong = (issuers, more) => () => new Verifier({ issuers, algorithms: ['ES256'], ...more })
    for (const none of [undefined, null, {}, 'a', []]) await misused(wrong(none), 'issuers')
    await misused(wrong([good, good]), 'issuers')
    await misused(wrong([{ keys: only('ES256') }]), 'issuer')
    await misused(wrong([{ ...good, issuer: '' }]), 'issuer')
    await misused(wrong([{ ...good, audience: undefined }]), 'audience')
    await misused(wrong([{ ...good, algorithms: [] }]), 'algorithms')
    await misused(wrong([{ ...good, jwksUri: url }]), 'jwksUri')
    await misused(wrong([{ ...good, fetch }]), 'fetch')
    await misused(wrong([{ ...good, subject: 'a' }]), 'subject')
    await misused(wrong([good], { keys: only('ES256') }), 'keys')
    await misused(wrong([good], { issuer }), 'issuer')
    await misused(() => new Verifier({ issuers: [good] }), 'algorithms')
  })
}

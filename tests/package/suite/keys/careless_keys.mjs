/** Keys as people and issuers hand them over: many in one set, written carelessly, in the wrong form. */
import { certificate } from '../certificate.mjs'
import { ok, outcome, same } from '../harness.mjs'
import { audience, base64url, currentDate, issuer } from '../mint.mjs'

export function carefulKeyTests({ jotgate, facade, jose, test, world }) {
  const { KeySet, Verifier } = jotgate
  const options = (extra) => ({ algorithms: ['ES256'], issuer, audience, currentDate, ...extra })
  const bytes = (text) => new TextEncoder().encode(text)
  /** The code of the refusal, or `accepted`. */
  const codeOf = async (call) => (await outcome(call)).thrown?.refusal ?? 'accepted'
  const messageOf = async (call) => (await outcome(call)).thrown?.message ?? 'accepted'
  const nameless = ({ kid: _, ...jwk }) => jwk
  const strangers = async (count) =>
    Promise.all(
      Array.from({ length: count }, async () => jose.exportJWK((await jose.generateKeyPair('ES256')).publicKey)),
    )

  test('V4: without a kid, every key of a set is tried that `maxCandidates` allows', async () => {
    const others = await strangers(16)
    const own = nameless(world().keys.ES256.jwk)
    const token = await world().token('ES256', {}, { kid: undefined })
    const judged = (before, extra) =>
      codeOf(() => new Verifier(options({ keys: { keys: [...others.slice(0, before), own] }, ...extra })).verifySync(token))
    same(await judged(8), 'accepted')
    same(await judged(11), 'accepted')
    same(await judged(15, { maxCandidates: 16 }), 'accepted')
    same(await judged(16, { maxCandidates: 16 }), 'too_many_candidates')
    same(await judged(16, { maxCandidates: 17 }), 'accepted')
    // By default 16 in Workers, where CPU time is short.
    const isWorker = typeof globalThis.WebSocketPair !== 'undefined' || typeof globalThis.EdgeRuntime === 'string'
    same(await judged(16, {}), isWorker ? 'too_many_candidates' : 'accepted')
    same(await judged(1, { maxCandidates: 1 }), 'too_many_candidates')
    for (const maxCandidates of [0, 65, 1.5, -1, '8', null]) same(await judged(0, { maxCandidates }), 'option')
    const gate = jotgate.createGate(options({ keys: { keys: [...others, own] }, maxCandidates: 16 }))
    const denied = await gate.check(new Request('https://a.example', { headers: { authorization: `Bearer ${token}` } }))
    same([denied.status, denied.refusal], [401, 'too_many_candidates'])
  })

  test('V4: the key that verified last is tried first', async () => {
    const others = await strangers(3)
    const own = nameless(world().keys.ES256.jwk)
    const keys = new KeySet({ keys: [...others, own] })
    const token = await world().token('ES256', {}, { kid: undefined })
    same(await codeOf(() => new Verifier(options({ keys, maxCandidates: 3 })).verifySync(token)), 'too_many_candidates')
    same(await codeOf(() => new Verifier(options({ keys, maxCandidates: 4 })).verifySync(token)), 'accepted')
    same(await codeOf(() => new Verifier(options({ keys, maxCandidates: 1 })).verifySync(token)), 'accepted')
  })

  test('V4: with a kid only keys of that kid or without one are tried', async () => {
    const [other] = await strangers(1)
    const own = nameless(world().keys.ES256.jwk)
    const token = await world().token('ES256', {}, { kid: 'a' })
    const judged = (...keys) => codeOf(() => new Verifier(options({ keys: { keys }, maxCandidates: 64 })).verifySync(token))
    same(await judged(...Array.from({ length: 20 }, () => ({ ...other, kid: 'a' })), { ...own, kid: 'a' }), 'accepted')
    same(await judged({ ...other, kid: 'a' }, own), 'accepted')
    same(await judged({ ...other, kid: 'b' }, own), 'accepted')
    same(await judged({ ...other, kid: 'a' }, { ...own, kid: 'b' }), 'signature_mismatch')
    same(await judged(other, { ...own, kid: 'b' }), 'no_matching_key')
  })

  test('V4: of mixed types only those count that fit the algorithm', async () => {
    const { ES256, ES384, RS256, EdDSA } = world().keys
    const noise = [ES384, RS256, EdDSA].map(({ jwk }) => nameless(jwk))
    const keys = { keys: [...Array.from({ length: 20 }, () => noise).flat(), nameless(ES256.jwk)] }
    const token = await world().token('ES256', {}, { kid: undefined })
    same(await codeOf(() => new Verifier(options({ keys, maxCandidates: 1 })).verifySync(token)), 'accepted')
  })

  test('V7: numbers and sets of a trusted issuer are read however they are written', async () => {
    const { ES256, RS256 } = world().keys
    const careless = (text) => `${text.replace(/-/g, '+').replace(/_/g, '/').replace(/(.{20})/, '$1\r\n ')}=`
    const ec = { ...ES256.jwk, x: careless(ES256.jwk.x), y: careless(ES256.jwk.y) }
    const rsa = { ...RS256.jwk, n: `${careless(RS256.jwk.n)}=`, e: `${RS256.jwk.e}\n` }
    const text = `\ufeff${JSON.stringify({ keys: [ec, rsa] })}`
    const algorithms = ['ES256', 'RS256']
    const remote = new jotgate.RemoteKeySet('https://issuer.example/jwks', { fetch: async () => new Response(text) })
    for (const keys of [new KeySet(text), remote]) {
      const verifier = new Verifier(options({ keys, algorithms }))
      for (const alg of algorithms) same((await verifier.verify(await world().token(alg))).protectedHeader.alg, alg)
    }
    same((await facade.calculateJwkThumbprint(ec)), await facade.calculateJwkThumbprint(ES256.jwk))
    same((await facade.calculateJwkThumbprint(rsa)), await facade.calculateJwkThumbprint(RS256.jwk))
    const skipped = new KeySet({ keys: [{ ...ec, kid: 5 }, { ...ec, x: `AAAA${ec.x}` }, { ...ec, x: ec.y }] }).skipped
    same(skipped.map(({ code }) => code), ['jwk_member', 'key_coordinate_length', 'key_point_not_on_curve'])
  })

  test('V7: metadata with a byte order mark leads to its key set', async () => {
    const fetch = async (url) =>
      `${url.url ?? url}`.includes('.well-known')
        ? new Response(`\ufeff${JSON.stringify({ issuer, jwks_uri: 'https://issuer.example/jwks' })}`)
        : new Response(`\ufeff${JSON.stringify(world().jwks)}`)
    const gate = jotgate.createGate({ algorithms: ['ES256'], issuer, audience, currentDate, fetch })
    const headers = { authorization: `Bearer ${await world().token('ES256')}` }
    ok((await gate.check(new Request('https://a.example', { headers }))).ok)
  })

  test('V7: the numbers of a key in a token are read in their canonical form only', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
    const jwk = await jose.exportJWK(publicKey)
    const signed = (changed) =>
      new jose.SignJWT({}).setProtectedHeader({ alg: 'ES256', jwk: { ...jwk, ...changed } }).sign(privateKey)
    const judged = async (changed) => {
      const token = await signed(changed)
      return codeOf(() => facade.jwtVerify(token, facade.EmbeddedJWK))
    }
    same(await judged({}), 'accepted')
    for (const x of [`${jwk.x}=`, ` ${jwk.x}`, `${jwk.x}\n`]) same(await judged({ x }), 'jwk_member', x)
  })

  test('V12: a public key in any form that shows what it is, is no secret', async () => {
    const { ES256 } = world().keys
    const pem = await jose.exportSPKI(ES256.publicKey)
    const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, '')), (c) => c.charCodeAt(0))
    const x509 = Uint8Array.from(atob(certificate(pem).replace(/-----.*?-----|\s/g, '')), (c) => c.charCodeAt(0))
    const blob = Uint8Array.from([0, 0, 0, 11, ...bytes('ssh-ed25519'), 0, 0, 0, 32, ...der.slice(-32)])
    const base64 = (data) => btoa(String.fromCharCode(...data))
    const forms = {
      SPKI: der,
      certificate: x509,
      JWK: bytes(JSON.stringify(ES256.jwk)),
      JWKS: bytes(JSON.stringify(world().jwks, null, 2)),
      OpenSSH: bytes(`ssh-ed25519 ${base64(blob)} me@example`),
    }
    const taken = (secret) => codeOf(() => new Verifier(options({ algorithms: ['HS256'], keys: secret })))
    for (const [name, form] of Object.entries(forms)) {
      same(await taken(form), 'key_secret_is_public_key', name)
      same(await taken(bytes(base64(form))), 'key_secret_is_public_key', `${name} in base64`)
      same(await taken(bytes(base64url(form))), 'key_secret_is_public_key', `${name} in base64url`)
      same(
        await codeOf(() => facade.jwtVerify('a.b.c', form)).then((code) => code !== 'accepted'),
        true,
        name,
      )
    }
    same(await taken(bytes(btoa(pem))), 'key_secret_is_pem')
    // Raw points and keys are as random as a secret.
    for (const raw of [der.slice(-65), der.slice(-32), crypto.getRandomValues(new Uint8Array(32))]) {
      same(await taken(raw), 'accepted')
    }
  })

  test('V13: `key_ops` with duplicates and an embedded key for another algorithm are refused', async () => {
    const { jwk } = world().keys.ES256
    const twice = { ...jwk, key_ops: ['verify', 'verify'] }
    same(await codeOf(() => new Verifier(options({ keys: twice }))), 'jwk_member')
    same(await codeOf(() => facade.importJWK(twice)), 'jwk_member')
    same(new KeySet({ keys: [twice] }).skipped[0].code, 'jwk_member')
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
    const own = await jose.exportJWK(publicKey)
    const judged = async (alg) => {
      const token = await new jose.SignJWT({}).setProtectedHeader({ alg: 'ES256', jwk: { ...own, alg } }).sign(privateKey)
      return codeOf(() => facade.jwtVerify(token, facade.EmbeddedJWK))
    }
    same([await judged('ES256'), await judged('ES384'), await judged('ES256K')], ['accepted', 'key_does_not_fit', 'key_does_not_fit'])
  })

  test('V14: a key for `Ed25519` fits a token with `EdDSA` and the reverse; the list is compared exactly', async () => {
    for (const [alg, other] of [['EdDSA', 'Ed25519'], ['Ed25519', 'EdDSA']]) {
      const key = { ...world().keys[alg].jwk, alg: other }
      const token = await world().token(alg)
      const judged = (algorithms, keys) => codeOf(() => new Verifier(options({ algorithms, keys })).verifySync(token))
      for (const keys of [key, { keys: [key] }]) {
        same(await judged([alg], keys), 'accepted')
        same(await judged([other], keys), 'algorithm_not_allowed')
      }
      same(await codeOf(() => facade.jwtVerify(token, key, { currentDate })), 'accepted')
      same(await codeOf(() => facade.jwtVerify(token, facade.createLocalJWKSet({ keys: [key] }), { currentDate })), 'accepted')
    }
  })

  test('V16: PEM is read as environment variables and files hold it, of a chain the first certificate', async () => {
    const pem = await jose.exportSPKI(world().keys.ES256.publicKey)
    const token = await world().token('ES256')
    const spellings = (text) => [
      text.replace(/\n/g, '\\n'),
      `"${text.replace(/\n/g, '\\n')}"`,
      text.replace(/\n/g, '\r\n'),
      `KEY='${text}'`,
      `Bag Attributes\n    localKeyID: 01\n${text}`,
      `${text}\nthe end\n`,
    ]
    for (const text of spellings(pem)) {
      const key = await facade.importSPKI(text, 'ES256')
      same((await facade.jwtVerify(token, key, { currentDate })).protectedHeader.alg, 'ES256')
      same(await codeOf(() => new Verifier(options({ keys: text })).verifySync(token)), 'accepted')
    }
    const other = await jose.exportSPKI(world().keys.ES384.publicKey)
    for (const text of spellings(certificate(pem) + certificate(other))) {
      const key = await facade.importX509(text, 'ES256')
      same((await facade.jwtVerify(token, key, { currentDate })).protectedHeader.alg, 'ES256')
    }
  })

  test('V16: the message names what was found instead of a key', async () => {
    const pem = await jose.exportSPKI(world().keys.ES256.publicKey)
    const hidden = await jose.exportPKCS8(world().keys.ES256.signer)
    for (const [text, found] of [
      [hidden, 'a private key'],
      [hidden.replace(/PRIVATE/g, 'OPENSSH PRIVATE'), 'an OpenSSH private key'],
      ['ssh-ed25519 AAAA me', 'an OpenSSH key'],
      [certificate(pem), 'a certificate'],
      [JSON.stringify(world().keys.ES256.jwk), 'JSON text'],
      ['', 'no text'],
    ]) {
      const { thrown } = await outcome(() => facade.importSPKI(text, 'ES256'))
      ok(thrown instanceof TypeError && thrown.message.includes(`found ${found}`), thrown?.message)
      ok(!thrown.message.includes(world().keys.ES256.privateJwk.d.slice(0, 8)))
    }
    ok((await messageOf(() => facade.importX509(pem, 'ES256'))).includes('found a public key without its certificate'))
    ok((await messageOf(() => new Verifier(options({ keys: hidden })))).includes('found a private key'))
  })

  test('V19: what is refused is named, and so is the limit', async () => {
    const { verifySync } = Verifier.prototype
    const verifier = new Verifier(options({ keys: world().jwks }))
    const refusal = async (call) => {
      const { thrown } = await outcome(call)
      return [thrown?.refusal, thrown?.message ?? 'accepted']
    }
    const named = async (call, code, words) => {
      const [found, message] = await refusal(call)
      same(found, code)
      ok(message.includes(words), message)
    }
    await named(() => verifySync.call(verifier, 'a.b.c.d.e'), 'token_parts', 'encrypted token (JWE)')
    await named(() => verifySync.call(verifier, 'a.b'), 'token_parts', '2 parts')
    const { signer, kid } = world().keys.ES256
    const raw = (claims) => new jose.CompactSign(bytes(claims)).setProtectedHeader({ alg: 'ES256', kid }).sign(signer)
    const [lone, large, deep] = [
      await raw('{"sub":"\\ud800"}'),
      await raw('{"exp":1e999}'),
      await raw(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`),
    ]
    await named(() => verifier.verifySync(lone), 'claims_malformed', 'lone surrogate')
    await named(() => verifier.verifySync(large), 'claims_malformed', 'range of a double')
    await named(() => verifier.verifySync(deep), 'claims_too_deep', '128 levels')
    const many = { keys: Array.from({ length: 1001 }, () => ({})) }
    await named(() => new KeySet(many), 'jwks_too_large', 'more than 1000 keys')
    const explicit = `-----BEGIN PUBLIC KEY-----\n${EXPLICIT}\n-----END PUBLIC KEY-----`
    await named(() => new Verifier(options({ keys: explicit })), 'key_kind_unsupported', 'explicit curve parameters')
  })
}

/** P-256 by its parameters instead of its name, as OpenSSL's `-param_enc explicit` writes it. */
const EXPLICIT =
  'MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAA' +
  'AAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR' +
  '8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqt' +
  'pxeehPO5ysL8YyVRAgEBA0IABH/Nzidw9sRdQYPL7m/bS3tYBzM1e+nvE7rPbjx70VRFx/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0='

/** Certificates of the client (RFC 8705 §3): what Workers report in `request.cf`, and what Node's socket reports. */
import { misused, ok, same } from '../harness.mjs'
import { base64url } from '../mint.mjs'
import { proofClient, proven, requestWith, rules } from './proofs.mjs'

/** As a Worker received it, of a client with a certificate. */
const RECORDED = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certIssuerDN: 'CN=Example CA',
  certSubjectDN: 'CN=worker',
  certFingerprintSHA1: '6f8a0e7f6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e',
  certFingerprintSHA256: '7d2f7b0c1e4a5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8',
}

export function mtlsTests(context) {
  const { jotgate, dpop: { dpop }, mtls: { mtls }, test, world } = context
  const gateWith = (options, extra) => jotgate.createGate(rules(world, { proof: mtls(options), ...extra }))
  const bytes = Uint8Array.from(RECORDED.certFingerprintSHA256.match(/../g), (octet) => Number.parseInt(octet, 16))
  const x5t = base64url(bytes)
  const bound = (cnf = { 'x5t#S256': x5t }) => world().token('ES256', { cnf })
  const bearer = async (more, cnf) => ({ ...requestWith({ authorization: `Bearer ${await bound(cnf)}` }), ...more })
  const word = (pass) => (pass.ok ? 'passed' : `${pass.status} ${pass.error} ${pass.refusal}`)

  test('mTLS: the recorded request of a Worker passes, by check and checkSync', async () => {
    const incoming = await bearer({ cf: { tlsClientAuth: RECORDED } })
    same([word(await gateWith().check(incoming)), word(gateWith({ required: true }).checkSync(incoming))], ['passed', 'passed'])
    const upper = { ...RECORDED, certFingerprintSHA256: RECORDED.certFingerprintSHA256.toUpperCase() }
    same(word(await gateWith().check(await bearer({ cf: { tlsClientAuth: upper } }))), 'passed')
  })

  test('mTLS: a certificate that is missing, not verified or another one is refused', async () => {
    const missing = [
      undefined,
      null,
      'x',
      {},
      { ...RECORDED, certPresented: '0' },
      { ...RECORDED, certPresented: 1 },
      { ...RECORDED, certVerified: 'FAILED:self signed certificate' },
      { ...RECORDED, certVerified: 'NONE' },
      { ...RECORDED, certVerified: undefined },
      { ...RECORDED, certFingerprintSHA256: '' },
      { ...RECORDED, certFingerprintSHA256: x5t },
      { ...RECORDED, certFingerprintSHA256: `${RECORDED.certFingerprintSHA256}00` },
      { ...RECORDED, certFingerprintSHA256: 7 },
    ]
    for (const tlsClientAuth of missing) {
      same(word(await gateWith().check(await bearer({ cf: { tlsClientAuth } }))), '401 invalid_token mtls_certificate_missing', JSON.stringify(tlsClientAuth))
    }
    const other = { ...RECORDED, certFingerprintSHA256: RECORDED.certFingerprintSHA256.replace('7d', '7e') }
    same(word(await gateWith().check(await bearer({ cf: { tlsClientAuth: other } }))), '401 invalid_token mtls_certificate_mismatch')
    // No certificate at all, as in a request that did not come from Cloudflare.
    same((await gateWith().check(await bearer())).refusal, 'mtls_certificate_missing')
  })

  test('mTLS: header fields of proxies are never read', async () => {
    const names = ['x-client-cert', 'x-ssl-cert', 'client-cert', 'x-forwarded-client-cert', 'cf-client-cert-sha256', 'x-amzn-mtls-clientcert']
    const request = await bearer()
    for (const name of names) request.headers.set(name, RECORDED.certFingerprintSHA256)
    same((await gateWith().check(request)).refusal, 'mtls_certificate_missing')
  })

  test('mTLS: the certificate of a socket of Node, or of the raw request of Fastify', async () => {
    const fingerprint256 = RECORDED.certFingerprintSHA256.toUpperCase().match(/../g).join(':')
    const socket = (certificate) => ({ getPeerCertificate: () => certificate })
    same(word(await gateWith().check(await bearer({ socket: socket({ fingerprint256 }) }))), 'passed')
    same(word(await gateWith().check(await bearer({ raw: { socket: socket({ fingerprint256 }) } }))), 'passed')
    for (const certificate of [{}, null, undefined, { fingerprint256: '' }, { fingerprint256: 7 }]) {
      same((await gateWith().check(await bearer({ socket: socket(certificate) }))).refusal, 'mtls_certificate_missing')
    }
    same((await gateWith().check(await bearer({ socket: {} }))).refusal, 'mtls_certificate_missing')
    const other = fingerprint256.replace('7D', '7E')
    same((await gateWith().check(await bearer({ socket: socket({ fingerprint256: other }) }))).refusal, 'mtls_certificate_mismatch')
  })

  test('mTLS and DPoP together: every member of cnf must be proven', async () => {
    const gate = jotgate.createGate(rules(world, { proof: [dpop(), mtls()] }))
    const client = await proofClient(context)
    const cf = { tlsClientAuth: RECORDED }
    const both = await bound({ 'jkt': client.jkt, 'x5t#S256': x5t })
    same(word(await gate.check({ ...proven(both, await client.proof(both)), cf })), 'passed')
    same((await gate.check(proven(both, await client.proof(both)))).refusal, 'mtls_certificate_missing')
    same((await gate.check({ ...proven(both, undefined), cf })).refusal, 'dpop_proof_missing')
    same((await gate.check({ ...requestWith({ authorization: `Bearer ${both}` }), cf })).refusal, 'dpop_scheme_required')
    same(word(await gate.check(await bearer({ cf }))), 'passed')
    const onlyCertificate = await bound()
    same((await gate.check({ ...proven(onlyCertificate, await client.proof(onlyCertificate)), cf })).refusal, 'token_not_bound')
    // Alone, it proves no `jkt`, and takes no scheme DPoP.
    same((await gateWith().check({ ...requestWith({ authorization: `Bearer ${both}` }), cf })).refusal, 'confirmation_not_enforced')
    same((await gateWith().check(proven(both, undefined))).refusal, 'scheme_not_supported')
    const strict = gateWith({ required: true })
    const unbound = await strict.check(requestWith({ authorization: `Bearer ${await world().token('ES256')}` }))
    same([word(unbound), unbound.challenge?.startsWith('Bearer ')], ['401 invalid_token token_not_bound', true])
    const { metadata } = gateWith({}, { resource: 'https://api.example/notes' })
    const document = await metadata(new Request('https://api.example/.well-known/oauth-protected-resource/notes')).json()
    ok(document.tls_client_certificate_bound_access_tokens)
    await misused(() => mtls({ header: 'x-client-cert' }), 'header')
    await misused(() => jotgate.createGate(rules(world, { proof: [mtls(), mtls()] })), 'proof')
  })
}

/** The options of `introspection`: how the API authenticates, and what is refused. */
import { misused, ok, same } from '../harness.mjs'
import { ACTIVE, ENDPOINT, introspectionWorld, OMIT, OPAQUE } from './world.mjs'

export function introspectionOptionTests(context) {
  const { introspection: { introspection }, jotgate, test } = context
  const use = () => introspectionWorld(context)

  test('introspection: the API authenticates by an assertion or by header fields, new for each request', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    let count = 0
    const signed = endpointOf(ACTIVE)
    const byAssertion = gateWith(signed, { clientSecret: OMIT, clientAssertion: async () => `assertion-${++count}`, maxAge: 0 })
    same([word(await byAssertion.check(bearer(OPAQUE))), word(await byAssertion.check(bearer(OPAQUE)))], ['passed', 'passed'])
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    for (const [index, { form, init }] of signed.calls.entries()) {
      const expected = { token: OPAQUE, token_type_hint: 'access_token', client_id: 'api', client_assertion_type: type, client_assertion: `assertion-${index + 1}` }
      same([form, init.headers.get('authorization')], [expected, null])
    }
    for (const headers of [{ authorization: 'Bearer of-the-api', 'x-own': '1' }, async () => new Headers({ authorization: 'Bearer of-the-api', 'x-own': '1' })]) {
      const endpoint = endpointOf(ACTIVE)
      same(word(await gateWith(endpoint, { clientId: OMIT, clientSecret: OMIT, headers }).check(bearer(OPAQUE))), 'passed')
      const [{ init, form }] = endpoint.calls
      same([init.headers.get('authorization'), init.headers.get('x-own'), form.client_id ?? null], ['Bearer of-the-api', '1', null])
    }
  })

  test('introspection: credentials that cannot be had are 503, with the cause for logs', async () => {
    const { bearer, endpointOf, gateWith, word } = use()
    const failing = [
      { clientAssertion: () => Promise.reject(new Error('the key store is down')) },
      { clientAssertion: () => undefined },
      { clientAssertion: () => '' },
      { clientId: OMIT, headers: () => 'x' },
      { clientId: OMIT, headers: () => ({ 'x\n': 's3cret' }) },
    ]
    for (const options of failing) {
      const endpoint = endpointOf(ACTIVE)
      const denied = await gateWith(endpoint, { clientSecret: OMIT, ...options }).check(bearer(OPAQUE))
      same([word(denied), endpoint.calls.length], ['503 - introspection_unreachable', 0])
      ok(denied.cause.cause instanceof Error, String(denied.cause.cause))
      ok(!String(denied.cause.cause.message).includes('s3cret'))
    }
  })

  test('introspection: options that make no sense are refused by name, and secrets are in no message', async () => {
    const good = { endpoint: ENDPOINT, clientId: 'api', clientSecret: 's3cret' }
    introspection(good)
    const { clientSecret: _, ...withoutSecret } = good
    const wrong = {
      endpoint: [undefined, null, '', 'introspect', 'ftp://a.example', 'https://user:s3cret@issuer.example', 5],
      clientId: [undefined, '', 5],
      clientSecret: [undefined, '', 5, ['s3cret']],
      issuer: [undefined, '', 5],
      fetch: [undefined, 'x', {}],
      signed: [undefined, 'yes', 1],
      introspectJwts: [undefined, 'yes'],
      chooses: [undefined, 'x', /x/],
      maxAge: [undefined, -1, 3_601, 'soon', Number.NaN],
      maxEntries: [undefined, 0, 1.5, '5'],
      maxCalls: [undefined, 0, -1, Infinity],
      timeoutDuration: [undefined, -1, 0, 1.5, 2 ** 31, '5s'],
      endpont: [ENDPOINT],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        await misused(() => introspection({ ...good, [name]: value }), name, String(value))
        try {
          introspection({ ...good, [name]: value })
        } catch (thrown) {
          ok(!thrown.message.includes('s3cret'), thrown.message)
        }
      }
    }
    await misused(() => introspection(withoutSecret), 'clientSecret')
    await misused(() => introspection({ ...good, headers: {} }), 'clientSecret')
    await misused(() => introspection({ ...good, clientAssertion: () => 'x' }), 'clientSecret')
    await misused(() => introspection({ ...withoutSecret, clientAssertion: 'x' }), 'clientAssertion')
    await misused(() => introspection({ ...withoutSecret, headers: 'x' }), 'headers')
    await misused(() => introspection({ endpoint: ENDPOINT, clientSecret: 's3cret' }), 'clientId')
    await misused(() => introspection({ endpoint: ENDPOINT, headers: {}, signed: true }), 'clientId')
    for (const value of [undefined, null, 'x', 5, []]) {
      const { thrown } = await Promise.resolve().then(() => ({ value: introspection(value) })).catch((thrown) => ({ thrown }))
      ok(thrown instanceof TypeError, String(thrown))
    }
  })

  test('introspection: a gate refuses values that do not fit it', async () => {
    const { rules, valueFor, endpointOf } = use()
    const value = (options) => valueFor(endpointOf(ACTIVE), options)
    const gate = (introspection, extra) => () => jotgate.createGate({ ...rules, ...extra, introspection })
    for (const wrong of [undefined, null, {}, 'x', [], [{}], { endpoint: ENDPOINT }, [value(), {}]]) await misused(gate(wrong), 'introspection')
    await misused(gate([value(), value()]), 'chooses')
    await misused(gate([value({ chooses: () => true }), value()]), 'chooses')
    await misused(gate(value({ issuer: 'https://other.example' })), 'introspection')
    gate(value({ issuer: rules.issuer }))()
    const { issuer: _, audience: __, keys, ...others } = rules
    const issuers = [{ issuer: 'https://a.example', keys }, { issuer: 'https://b.example', keys }]
    await misused(() => jotgate.createGate({ ...others, audience: 'api', issuers, introspection: value() }), 'issuer')
    const template = { template: 'https://login.example/{tenantid}', tenants: ['0d1f3c5e-7a9b-4c2d-8e6f-0123456789ab'] }
    await misused(gate(value(), { issuer: template }), 'introspection')
    // The value itself shows nothing.
    same([JSON.stringify(value()), Object.keys(value())], ['{}', ['issuer']])
  })
}

/** `jotgate/providers`: each preset with tokens of its provider's shape, and what a preset requires. */
import { misused, ok, same } from '../harness.mjs'
import { BINDING, CASES } from './cases.mjs'
import { decides, issuerOf } from './decide.mjs'

export function providerTests({ jotgate, providers, testing, test }) {
  for (const sample of CASES.filter(({ preset }) => preset !== undefined)) {
    test(`providers: ${sample.name}: its tokens pass; those of other audiences and of strangers are refused`, async () => {
      const served = await issuerOf(testing, sample)
      const gate = jotgate.createGate({ ...sample.preset(providers), fetch: served.fetch })
      await decides(sample, served, (request) => gate.check(request, sample.needs))
    })
  }

  test('providers: a preset of a shared issuer requires the rule that makes it yours', async () => {
    const { cognito, entra, google, githubActions, kubernetes, cloudflareAccess, xsuaa } = providers
    const wrong = {
      userPoolId: [() => cognito({ clientId: 'a' }), () => cognito({ userPoolId: 'a', clientId: 'a' }), () => cognito({ userPoolId: 'eu-west-1_A.evil.example/x', clientId: 'a' })],
      clientId: [
        () => cognito({ userPoolId: 'eu-west-1_A' }),
        () => cognito({ userPoolId: 'eu-west-1_A', clientId: undefined }),
        () => cognito({ userPoolId: 'eu-west-1_A', clientId: [] }),
        () => google({}),
        () => google({ clientId: '' }),
        () => google({ clientId: undefined, hd: 'example.com' }),
      ],
      tokenUse: [null, 'refresh', ['id']].map((tokenUse) => () => cognito({ userPoolId: 'eu-west-1_A', clientId: 'a', tokenUse })),
      issuerType: [() => cognito({ userPoolId: 'eu-west-1_A', clientId: 'a', issuerType: 'new' })],
      authorize: [() => cognito({ userPoolId: 'eu-west-1_A', clientId: 'a', authorize: true }), () => google({ hd: 'a.example', authorize: {} })],
      tenants: [() => entra({}), () => entra({ tenants: [] }), () => entra({ tenants: undefined }), () => entra({ tenants: 'common' })],
      version: [() => entra({ tenants: 'any', version: '2.0' })],
      client: [() => entra({ tenants: 'any', client: [] })],
      hd: [() => google({ hd: [] }), () => google({ hd: 'Example.com' }), () => google({ hd: '*' })],
      authorizedParty: [() => google({ hd: 'example.com', authorizedParty: 'a' })],
      repositoryOwnerId: [() => githubActions({}), () => githubActions({ repositoryOwnerId: 9919 }), () => githubActions({ repositoryOwnerId: 'octo-org' })],
      repositoryId: [() => githubActions({ repositoryId: '' })],
      repository: [() => githubActions({ repository: 'notes' }), () => githubActions({ repository: 'octo-org/*' }), () => githubActions({ repository: 'a/b', repositoryId: '1' })],
      issuer: [() => kubernetes({ namespace: 'a', serviceAccount: 'b' })],
      namespace: [() => kubernetes({ issuer: EXAMPLE, serviceAccount: 'b' }), () => kubernetes({ issuer: EXAMPLE, namespace: 'a:b', serviceAccount: 'c' })],
      serviceAccount: [() => kubernetes({ issuer: EXAMPLE, namespace: 'a' }), () => kubernetes({ issuer: EXAMPLE, namespace: 'a', serviceAccount: '*' })],
      team: [() => cloudflareAccess({}), () => cloudflareAccess({ team: 'evil.example/' }), () => cloudflareAccess({ team: 'a.cloudflareaccess.com' })],
      url: [() => xsuaa({ ...BINDING, url: undefined }), () => xsuaa({ ...BINDING, url: `${EXAMPLE}/path` }), () => xsuaa({ ...BINDING, url: 'http://u:p@a.example' })],
      clientid: [() => xsuaa({ url: EXAMPLE, xsappname: 'a' })],
      xsappname: [() => xsuaa({ url: EXAMPLE, clientid: 'a' })],
      clientID: [() => cognito({ userPoolId: 'eu-west-1_A', clientID: 'a' })],
    }
    for (const [option, calls] of Object.entries(wrong)) for (const [index, call] of calls.entries()) await misused(call, option, `${index}`)
    for (const preset of Object.values(providers)) for (const bag of [undefined, null, 5, 'a', []]) {
      let thrown
      try {
        preset(bag)
      } catch (error) {
        thrown = error
      }
      ok(thrown instanceof TypeError, `${preset.name}(${JSON.stringify(bag)})`)
    }
  })

  test('providers: the gate still requires what a preset leaves out', async () => {
    const { entra, google, githubActions, kubernetes, cloudflareAccess } = providers
    const { createGate } = jotgate
    const open = [
      entra({ tenants: ['11111111-2222-3333-4444-555555555555'] }),
      google({ hd: 'example.com' }),
      githubActions({ repository: 'a/b' }),
      kubernetes({ issuer: EXAMPLE, namespace: 'a', serviceAccount: 'b' }),
      cloudflareAccess({ team: 'a' }),
    ]
    for (const preset of open) await misused(() => createGate(preset), 'audience')
    await misused(() => createGate({ ...entra({ tenants: 'any' }), audience: 'a' }), 'issuer')
    await misused(() => createGate({ ...entra({ tenants: ['COMMON'] }), audience: 'a' }), 'tenants')
  })

  test('providers: presets are plain options, new at each call, and inherit nothing', () => {
    for (const { name, preset } of CASES.filter(({ preset }) => preset !== undefined)) {
      const [one, two] = [preset(providers), preset(providers)]
      same(Object.getPrototypeOf(one), Object.prototype, name)
      ok(one !== two && one.algorithms !== two.algorithms, `${name}: two calls share their options`)
      for (const value of Object.values(one)) ok(value !== undefined, `${name}: an option is undefined`)
    }
    Object.prototype.clientId = 'polluted'
    Object.prototype.tokenUse = 'id'
    try {
      let thrown
      try {
        providers.cognito({ userPoolId: 'eu-west-1_A' })
      } catch (error) {
        thrown = error
      }
      ok(thrown?.message.includes('`clientId`'), 'an inherited option counts')
      same(providers.cognito({ userPoolId: 'eu-west-1_A', clientId: 'a' }).audience, false)
    } finally {
      delete Object.prototype.clientId
      delete Object.prototype.tokenUse
    }
  })

  test('providers: your own rule is asked after that of the preset', async () => {
    const sample = CASES.find(({ name }) => name === 'Google Workspace')
    const served = await issuerOf(testing, sample)
    const asked = []
    const authorize = async (claims, request, principal) => {
      asked.push([claims.sub, request.url, principal])
      return claims.email_verified === true || { status: 401, detail: 'the address is not verified' }
    }
    const options = providers.google({ clientId: sample.claims.aud, hd: 'example.com', authorize })
    const gate = jotgate.createGate({ ...options, principal: () => 'ada', fetch: served.fetch })
    ok((await gate.check(await served.request())).ok)
    same(asked, [[sample.claims.sub, 'https://api.example/notes', 'ada']])
    same((await gate.check(await served.request({ hd: 'mallory.example' }))).status, 401)
    same(asked.length, 1)
    const denied = await gate.check(await served.request({ email_verified: false }))
    same([denied.status, denied.detail], [401, 'the address is not verified'])
  })
}

const EXAMPLE = 'https://issuer.example'

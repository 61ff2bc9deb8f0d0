/** What a token permits, from where issuers put it; clients; tenants of Entra ID. */
import { misused, same } from '../harness.mjs'
import { audience, currentDate, issuer } from '../mint.mjs'

const TENANT = '0d1f3c5e-7a9b-4c2d-8e6f-0123456789ab'
const OTHER = 'ffffffff-0000-4000-8000-000000000000'
const V2 = 'https://login.microsoftonline.com/{tenantid}/v2.0'
const V1 = 'https://sts.windows.net/{tenantid}/'
const COMMON = 'https://login.microsoftonline.com/common/v2.0'

export function gateRightsTests({ jotgate, test, world }) {
  const { createGate, KeySet } = jotgate
  const gateWith = (extra) =>
    createGate({ keys: world().jwks, issuer, audience, algorithms: ['ES256'], currentDate, ...extra })
  const bearer = async (claims, header) =>
    new Request('https://api.example', { headers: { authorization: `Bearer ${await world().token('ES256', claims, header)}` } })
  const word = async (gate, claims, needs) => {
    const pass = await gate.check(await bearer(claims), needs)
    return pass.ok ? 'passed' : `${pass.status} ${pass.refusal}`
  }

  test('implies: a scope includes others, and what they include', async () => {
    const gate = gateWith({ implies: { 'admin': ['write'], 'write': ['read', 'list'], 'other:write': ['read'] } })
    const may = async (scope, needs) => (await word(gate, { scope }, needs)) === 'passed'
    same(await may('admin', { scopes: ['read', 'list', 'write', 'admin'] }), true)
    same(await may('write', { scopes: ['read'] }), true)
    same(await may('write', { anyScope: ['x', 'list'] }), true)
    same(await may('read', { scopes: ['write'] }), false)
    same(await may('read', { anyScope: ['write', 'admin'] }), false)
    same(await may('writes', { scopes: ['read'] }), false)
    same((await gate.check(await bearer({ scope: 'admin x' }))).scopes, ['admin', 'write', 'read', 'list', 'x'])
    same((await gate.check(await bearer({ scope: undefined }))).scopes, [])
    same((await gateWith().check(await bearer({ scope: 'a  b' }))).scopes, ['a', 'b'])
    // Names that every object has are scopes like others, and imply nothing.
    for (const scope of ['constructor', 'toString', '__proto__']) same(await may(scope, { scopes: ['read'] }), false)
    const implies = (value) => () => gateWith({ implies: value })
    for (const cycle of [{ a: ['a'] }, { a: ['b'], b: ['a'] }, { a: ['b'], b: ['c'], c: ['d', 'b'] }]) await misused(implies(cycle), 'implies')
    for (const value of [undefined, null, 'a', ['a'], { a: 'b' }, { a: [] }, { a: [5] }, { a: undefined }]) await misused(implies(value), 'implies')
    gateWith({ implies: { a: ['c'], b: ['c'], c: ['d'] } })
  })

  test('scopes, permissions and roles are read from the path that the options name', async () => {
    const keycloak = gateWith({ rolesFrom: ['realm_access', 'roles'] })
    same(await word(keycloak, { realm_access: { roles: ['admin'] } }, { roles: ['admin'] }), 'passed')
    same(await word(keycloak, { roles: ['admin'] }, { roles: ['admin'] }), '403 insufficient_roles')
    const dotted = gateWith({ permissionsFrom: ['https://api.example/a.b', 'may'], scopesFrom: ['grants'] })
    const claims = { 'https://api.example/a.b': { may: 'x y' }, 'grants': ['g', 'h'] }
    same(await word(dotted, claims, { permissions: ['x', 'y'], scopes: ['g', 'h'] }), 'passed')
    same(await word(dotted, { ...claims, scope: 'z' }, { scopes: ['z'] }), '403 insufficient_scope')
    same(await word(dotted, { permissions: ['x'] }, { permissions: ['x'] }), '403 insufficient_permissions')
    for (const odd of [null, 5, true, {}, { admin: true }, [['admin']], ['admin', 5], [{}], 'administrator', []]) {
      same(await word(keycloak, { realm_access: { roles: odd } }, { roles: ['admin'] }), '403 insufficient_roles', JSON.stringify(odd))
      same(await word(keycloak, { realm_access: odd }, { roles: ['admin'] }), '403 insufficient_roles')
    }
    for (const path of [['toString'], ['constructor', 'name'], ['realm_access', 'roles', 'length']]) {
      same(await word(gateWith({ rolesFrom: path }), { realm_access: { roles: ['a'] } }, { roles: ['Object'] }), '403 insufficient_roles')
    }
    for (const name of ['scopesFrom', 'permissionsFrom', 'rolesFrom', 'clientFrom']) {
      for (const value of [undefined, 'roles', [], [''], [5], {}]) await misused(() => gateWith({ client: 'a', [name]: value }), name)
    }
  })

  test('client: the one that the token was issued to must be listed', async () => {
    const gate = gateWith({ client: ['app', 'cli'] })
    same(await word(gate, { client_id: 'app' }), 'passed')
    same(await word(gate, { azp: 'cli' }), 'passed')
    for (const claims of [{}, { client_id: 'other' }, { client_id: 'other', azp: 'app' }, { client_id: ['app'] }, { client_id: null, azp: 'app' }, { sub: 'app' }, { cid: 'app' }]) {
      same(await word(gate, claims), '401 client_mismatch', JSON.stringify(claims))
    }
    const denied = await gate.check(await bearer({ client_id: 'other' }))
    same([denied.error, denied.detail], ['invalid_token', "the token's client is not accepted"])
    same(await word(gateWith({ client: 'app', clientFrom: ['cid'] }), { cid: 'app' }), 'passed')
    same(await word(gateWith({ client: 'app', clientFrom: ['cid'] }), { cid: 'app', azp: 'other' }), '401 client_mismatch')
    for (const client of [undefined, '', [], [''], 5, {}]) await misused(() => gateWith({ client }), 'client')
    await misused(() => gateWith({ clientFrom: ['cid'] }), 'clientFrom')
  })

  const entra = (extra, more) => gateWith({ issuer: { template: [V2, V1], tenants: [TENANT], ...extra }, ...more })
  const claimsOf = (tid, template = V2) => ({ tid, iss: template.replace('{tenantid}', tid) })

  test('a template accepts the issuers of its tenants, and no other', async () => {
    const gate = entra()
    same(await word(gate, claimsOf(TENANT)), 'passed')
    same(await word(gate, claimsOf(TENANT, V1)), 'passed')
    same(await word(entra({ template: V2 }), claimsOf(TENANT, V1)), '401 issuer_mismatch')
    const cases = [
      [claimsOf(OTHER), 'tenant_mismatch'],
      [{ tid: TENANT, iss: claimsOf(OTHER).iss }, 'issuer_mismatch'],
      [{ tid: OTHER, iss: claimsOf(TENANT).iss }, 'tenant_mismatch'],
      [{ tid: TENANT, iss: V2 }, 'issuer_mismatch'],
      [{ tid: TENANT, iss: `${claimsOf(TENANT).iss}/` }, 'issuer_mismatch'],
      [{ tid: TENANT, iss: undefined }, 'claim_missing'],
      [{ ...claimsOf(TENANT), tid: undefined }, 'claim_missing'],
    ]
    for (const [claims, refusal] of cases) same(await word(gate, claims), `401 ${refusal}`, JSON.stringify(claims))
    const any = entra({ tenants: 'any' }, { authorize: ({ tid }) => tid === OTHER })
    same([await word(any, claimsOf(OTHER)), await word(any, claimsOf(TENANT))], ['passed', '403 not_authorized'])
    for (const tid of [TENANT.toUpperCase(), 'common', '', '{tenantid}', `${TENANT}/../${OTHER}`, ` ${TENANT}`, `${TENANT}\n`, '../x', 5, null, [TENANT]]) {
      const claims = { tid, iss: V2.replace('{tenantid}', () => String(tid)) }
      same(await word(any, claims), '401 tenant_mismatch', String(tid))
      same(await word(gate, claims), '401 tenant_mismatch', String(tid))
    }
  })

  test("a key that names its issuer signs for no other", async () => {
    const jwk = world().keys.ES256.jwk
    const gate = (keyIssuer) => entra({}, { keys: new KeySet({ keys: [world().keys.EdDSA.jwk, { ...jwk, issuer: keyIssuer }] }) })
    same(await word(gate(V2), claimsOf(TENANT)), 'passed')
    same(await word(gate(claimsOf(TENANT).iss), claimsOf(TENANT)), 'passed')
    same(await word(gate(V1), claimsOf(TENANT)), '401 issuer_mismatch')
    same(await word(gate(claimsOf(OTHER).iss), claimsOf(TENANT)), '401 issuer_mismatch')
    same(await word(gate(5), claimsOf(TENANT)), 'passed', 'a member of another type is ignored')
    const escaped = JSON.stringify({ keys: [{ ...jwk, issuer: V1 }] }).replace('"issuer"', '"iss\\u0075er"')
    same(await word(entra({}, { keys: new KeySet(escaped) }), claimsOf(TENANT)), '401 issuer_mismatch')
  })

  test('the keys of a template come from one configured address, never from the token', async () => {
    const fetched = []
    const { keys: _, ...rest } = { keys: 1, audience, algorithms: ['ES256'], currentDate }
    const make = (metadata) =>
      createGate({
        ...rest,
        issuer: { template: V2, tenants: [TENANT], discovery: COMMON },
        fetch: async (url) => {
          fetched.push(url)
          if (!url.includes('.well-known')) return Response.json(world().jwks)
          return url.startsWith(`${COMMON}/.well-known/`) ? Response.json(metadata) : new Response('', { status: 404 })
        },
      })
    const gate = make({ issuer: V2, jwks_uri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys' })
    same(await word(gate, { ...claimsOf(OTHER), sub: 'evil' }), '401 tenant_mismatch')
    same(await word(gate, claimsOf(TENANT)), 'passed')
    same(fetched, [`${COMMON}/.well-known/openid-configuration`, 'https://login.microsoftonline.com/common/discovery/v2.0/keys'])
    // Only the template itself: neither the address, nor another version's template, nor the issuer of one tenant.
    for (const issuer of [COMMON, V1, claimsOf(TENANT).iss, `${V2}/`, undefined]) {
      const strange = make({ issuer, jwks_uri: 'https://login.microsoftonline.com/keys' })
      same(await word(strange, claimsOf(TENANT)), '503 discovery_issuer_mismatch', issuer)
    }
    await misused(() => createGate({ ...rest, issuer: { template: V2, tenants: [TENANT] } }), 'discovery')
  })

  test('misused templates are a TypeError that names them', async () => {
    for (const template of [undefined, '', [], 'https://a.example', 'https://{tenantid}.example/', 'https://{tenantid}.example/{tenantid}', 'https://a.example/?t={tenantid}', 'https://a.example?t={tenantid}', 'a/{tenantid}', 'https://a.example/{tenantid}/{tenantid}', 5]) {
      await misused(() => entra({ template }), 'template', String(template))
    }
    for (const tenants of [undefined, [], 'all', TENANT.toUpperCase(), ['any'], [TENANT.toUpperCase()], [5]]) await misused(() => entra({ tenants }), 'tenants', String(tenants))
    for (const discovery of [undefined, '', 'common', 5]) await misused(() => entra({ discovery }), 'discovery')
    await misused(() => entra({ tenants: 'any' }), 'issuer')
    await misused(() => entra({ tenant: TENANT }), 'tenant')
    await misused(() => entra({}, { resource: 'https://api.example' }), 'authorizationServers')
    entra({}, { resource: 'https://api.example', authorizationServers: [COMMON] })
  })
}

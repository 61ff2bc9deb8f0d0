/**
 * Tokens in the shape of each provider, and what its gate in `docs/providers.md` must decide. The facts are those of the sources that the
 * page names. `snippet` is the file in the page and its export; `preset` makes the same gate's options where the page uses a preset.
 *
 * Each refused token is signed by the issuer's own key and differs from the accepted one in the changes that are listed with the
 * refusal code. Without a code, any refusal is right.
 */

const TENANT = '11111111-2222-3333-4444-555555555555'
const OTHER_TENANT = '99999999-2222-3333-4444-555555555555'
const ENTRA_CLIENT = 'aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb'
const ENTRA_API = '00001111-aaaa-2222-bbbb-3333cccc4444'
const LOGIN = 'https://login.microsoftonline.com'
const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI'
const GOOGLE_CLIENT = '1234-abcd.apps.googleusercontent.com'
const GOOGLE_CERTS = 'https://www.googleapis.com/oauth2/v3/certs'
const EKS = 'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'
const SUPABASE = 'https://abcdefghijklmnop.supabase.co/auth/v1'
const XSUAA = 'https://sub.authentication.eu10.hana.ondemand.com'
const AUD_TAG = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228'

/** A binding as XSUAA writes it, with members that the preset ignores. */
export const BINDING = {
  clientid: 'sb-notes!t123',
  clientsecret: 'not read',
  url: XSUAA,
  uaadomain: 'authentication.eu10.hana.ondemand.com',
  xsappname: 'notes!t123',
  verificationkey: 'not read',
}

const googleUser = { sub: '10769150350006150715113082367', email: 'ada@example.com', email_verified: true, hd: 'example.com' }
const cognitoAccess = { sub: 'a1b2', token_use: 'access', client_id: 'my-app-client', 'version': 2, 'cognito:groups': ['editors'], scope: 'openid', username: 'ada' }
const cognitoId = { sub: 'a1b2', token_use: 'id', aud: 'my-app-client', 'cognito:username': 'ada', email: 'ada@example.com' }
const entraV2 = { tid: TENANT, ver: '2.0', oid: 'user-object', sub: 'pairwise', azp: ENTRA_CLIENT, azpacr: '1', scp: 'notes.read', aud: ENTRA_API }
const workload = {
  sub: 'repo:octo-org/notes:ref:refs/heads/main',
  aud: 'https://api.example',
  repository: 'octo-org/notes',
  repository_id: '74',
  repository_owner: 'octo-org',
  repository_owner_id: '9919',
  ref: 'refs/heads/main',
  event_name: 'push',
  runner_environment: 'github-hosted',
}
const foreignWorkload = {
  sub: 'repo:mallory/notes:ref:refs/heads/main',
  repository: 'mallory/notes',
  repository_id: '75',
  repository_owner: 'mallory',
  repository_owner_id: '666',
}

export const CASES = [
  {
    name: 'Auth0',
    snippet: 'auth0.js check',
    issuer: 'https://example.eu.auth0.com/',
    header: { typ: 'JWT' },
    claims: {
      sub: 'auth0|123456',
      aud: ['https://api.example', 'https://example.eu.auth0.com/userinfo'],
      azp: 'my-web-app',
      scope: 'openid profile',
      permissions: ['read:notes'],
    },
    accepted: {
      'with the RFC 9068 profile': { header: { typ: 'at+jwt' }, changes: { azp: undefined, client_id: 'my-web-app', jti: '73Wakrf' } },
    },
    refused: {
      'another audience': [{ aud: ['https://other.example', 'https://example.eu.auth0.com/userinfo'] }, 'audience_mismatch'],
      'a stranger: another application of the tenant': [{ azp: 'another-app' }, 'client_mismatch'],
      'an ID token': [{ aud: 'my-web-app', azp: undefined }, 'audience_mismatch'],
      'a user without the permission': [{ permissions: [] }, 'insufficient_permissions'],
    },
  },
  {
    name: 'Okta',
    snippet: 'okta.js',
    issuer: 'https://example.okta.com/oauth2/default',
    header: { typ: undefined },
    claims: { ver: 1, jti: 'AT.1', aud: 'api://default', cid: '0oa1my2client3', uid: '00u1', scp: ['openid', 'notes'], sub: 'ada@example.com' },
    refused: {
      'another audience': [{ aud: 'api://other' }, 'audience_mismatch'],
      'a stranger: another client of the authorization server': [{ cid: '0oa9other' }, 'client_mismatch'],
      'a token of the org authorization server': [{ iss: 'https://example.okta.com', aud: 'https://example.okta.com' }, 'issuer_mismatch'],
    },
  },
  {
    name: 'Keycloak',
    snippet: 'keycloak.js check',
    issuer: 'https://login.example/realms/main',
    header: { typ: 'JWT' },
    claims: {
      typ: 'Bearer',
      aud: ['https://api.example', 'account'],
      azp: 'my-web-app',
      sub: 'f3c1',
      sid: 's1',
      scope: 'openid profile',
      realm_access: { roles: ['editor', 'offline_access'] },
    },
    refused: {
      'another audience': [{ aud: 'account' }, 'audience_mismatch'],
      'no audience, as without a mapper': [{ aud: undefined }, 'claim_missing'],
      'a stranger: another client of the realm': [{ azp: 'another-app' }, 'client_mismatch'],
      'a stranger: another realm of the server': [{ iss: 'https://login.example/realms/other' }, 'issuer_mismatch'],
      'a user without the role': [{ realm_access: { roles: [] } }, 'insufficient_roles'],
    },
  },
  {
    name: 'Cognito, access tokens',
    snippet: 'cognito.js',
    preset: ({ cognito }) => cognito({ userPoolId: 'eu-west-1_AbCdEfGhI', clientId: 'my-app-client' }),
    issuer: POOL,
    header: { typ: undefined },
    claims: cognitoAccess,
    refused: {
      'another audience: the client of another application': [{ client_id: 'another' }, 'client_mismatch'],
      'a stranger: another user pool': [{ iss: POOL.replace('AbCdEfGhI', 'Stranger1') }, 'issuer_mismatch'],
      'an ID token': [{ ...cognitoId, client_id: undefined }, 'client_mismatch'],
      'an ID token with a claim `client_id`': [{ ...cognitoId }, 'not_authorized'],
      'no `token_use`': [{ token_use: undefined }, 'not_authorized'],
    },
  },
  {
    name: 'Cognito, ID tokens',
    snippet: 'cognito.js idTokens',
    preset: ({ cognito }) => cognito({ userPoolId: 'eu-west-1_AbCdEfGhI', clientId: ['my-app-client'], tokenUse: 'id' }),
    issuer: POOL,
    header: { typ: undefined },
    claims: cognitoId,
    refused: {
      'another audience': [{ aud: 'another' }, 'audience_mismatch'],
      'a stranger: another user pool': [{ iss: POOL.replace('AbCdEfGhI', 'Stranger1') }, 'issuer_mismatch'],
      'an access token': [{ ...cognitoAccess, aud: undefined }, 'claim_missing'],
      'an access token with an `aud`': [{ ...cognitoAccess }, 'not_authorized'],
    },
  },
  {
    name: 'Cognito, updated issuer',
    preset: ({ cognito }) => cognito({ userPoolId: 'us-gov-west-1_AbC', clientId: ['a', 'my-app-client'], issuerType: 'updated' }),
    issuer: 'https://issuer-cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC',
    header: { typ: undefined },
    claims: cognitoAccess,
    refused: {
      'another audience': [{ client_id: 'another' }, 'client_mismatch'],
      'a stranger: the original issuer': [{ iss: 'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC' }, 'issuer_mismatch'],
    },
  },
  {
    name: 'Entra ID, version 2',
    snippet: 'entra.js',
    preset: ({ entra }) => ({ ...entra({ tenants: [TENANT], client: ENTRA_CLIENT }), audience: ENTRA_API }),
    issuer: `${LOGIN}/${TENANT}/v2.0`,
    jwksUri: `${LOGIN}/common/discovery/v2.0/keys`,
    // Only the keys of version 2 name their issuer.
    key: { issuer: `${LOGIN}/{tenantid}/v2.0` },
    header: { typ: 'JWT' },
    claims: entraV2,
    refused: {
      'another audience': [{ aud: '22221111-aaaa-2222-bbbb-3333cccc4444' }, 'audience_mismatch'],
      'a stranger: another tenant': [{ iss: `${LOGIN}/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT }, 'tenant_mismatch'],
      'a stranger with your `tid`': [{ iss: `${LOGIN}/${OTHER_TENANT}/v2.0` }, 'issuer_mismatch'],
      'a stranger with your `iss`': [{ tid: OTHER_TENANT }, 'tenant_mismatch'],
      'another client': [{ azp: 'cccccccc-0000-1111-2222-bbbbbbbbbbbb' }, 'client_mismatch'],
      'a token of version 1': [{ iss: `https://sts.windows.net/${TENANT}/`, ver: '1.0' }, 'issuer_mismatch'],
    },
  },
  {
    name: 'Entra ID, version 1',
    snippet: 'entra.js v1',
    preset: ({ entra }) => ({ ...entra({ tenants: [TENANT], client: [ENTRA_CLIENT], version: 1 }), audience: 'api://notes' }),
    issuer: `https://sts.windows.net/${TENANT}/`,
    jwksUri: `${LOGIN}/common/discovery/keys`,
    header: { typ: 'JWT', x5t: 'aGVsbG8' },
    claims: { tid: TENANT, ver: '1.0', oid: 'user-object', sub: 'pairwise', appid: ENTRA_CLIENT, appidacr: '1', scp: 'notes.read', aud: 'api://notes' },
    refused: {
      'another audience': [{ aud: 'api://other' }, 'audience_mismatch'],
      'a stranger: another tenant': [{ iss: `https://sts.windows.net/${OTHER_TENANT}/`, tid: OTHER_TENANT }, 'tenant_mismatch'],
      'another client': [{ appid: 'cccccccc-0000-1111-2222-bbbbbbbbbbbb' }, 'client_mismatch'],
    },
  },
  {
    name: 'Entra ID, many tenants',
    snippet: 'entra-any.js',
    preset: ({ entra }) => ({ ...entra({ tenants: 'any' }), audience: ENTRA_API, principal: ({ tid }) => tid === TENANT && { tid } }),
    issuer: `${LOGIN}/${TENANT}/v2.0`,
    jwksUri: `${LOGIN}/common/discovery/v2.0/keys`,
    key: { issuer: `${LOGIN}/{tenantid}/v2.0` },
    header: { typ: 'JWT' },
    claims: entraV2,
    refused: {
      'another audience': [{ aud: '22221111-aaaa-2222-bbbb-3333cccc4444' }, 'audience_mismatch'],
      'a stranger: a tenant that is no customer': [{ iss: `${LOGIN}/${OTHER_TENANT}/v2.0`, tid: OTHER_TENANT }, 'principal_unknown'],
    },
  },
  {
    name: 'Google',
    snippet: 'google.js',
    preset: ({ google }) => google({ clientId: GOOGLE_CLIENT }),
    issuer: 'https://accounts.google.com',
    jwksUri: GOOGLE_CERTS,
    header: { typ: 'JWT' },
    claims: { ...googleUser, aud: GOOGLE_CLIENT, azp: GOOGLE_CLIENT },
    accepted: {
      'with the issuer without a scheme': { changes: { iss: 'accounts.google.com' } },
      'without `azp`': { changes: { azp: undefined } },
      'of a private account': { changes: { hd: undefined, email: 'ada@gmail.com' } },
    },
    refused: {
      'another audience': [{ aud: '999-other.apps.googleusercontent.com', azp: '999-other.apps.googleusercontent.com' }, 'audience_mismatch'],
      'a stranger: a service account that chose your `aud`': [{ sub: '1124', azp: '1124', hd: undefined }, 'client_mismatch'],
    },
  },
  {
    name: 'Google Workspace',
    snippet: 'google.js workspace',
    preset: ({ google }) => google({ clientId: [GOOGLE_CLIENT], hd: 'example.com' }),
    issuer: 'https://accounts.google.com',
    jwksUri: GOOGLE_CERTS,
    header: { typ: 'JWT' },
    claims: { ...googleUser, aud: GOOGLE_CLIENT, azp: GOOGLE_CLIENT },
    refused: {
      'another audience': [{ aud: '999-other.apps.googleusercontent.com' }, 'audience_mismatch'],
      'a stranger: a private account with an address of yours': [{ hd: undefined }, 'not_authorized'],
      'a stranger: another Workspace': [{ hd: 'mallory.example' }, 'not_authorized'],
      'a list of domains': [{ hd: ['example.com'] }, 'not_authorized'],
    },
  },
  {
    name: 'Google Workspace by its domain alone, and an Android app',
    preset: ({ google }) => ({ ...google({ hd: ['example.org', 'example.com'] }), audience: 'https://api.example' }),
    issuer: 'https://accounts.google.com',
    jwksUri: GOOGLE_CERTS,
    header: { typ: 'JWT' },
    claims: { ...googleUser, aud: 'https://api.example', azp: 'android' },
    refused: {
      'another audience': [{ aud: 'https://other.example' }, 'audience_mismatch'],
      'a stranger: a service account': [{ hd: undefined, azp: '1124' }, 'not_authorized'],
    },
  },
  {
    name: 'Google, a client that requests for another',
    preset: ({ google }) => google({ clientId: GOOGLE_CLIENT, authorizedParty: 'android' }),
    issuer: 'https://accounts.google.com',
    jwksUri: GOOGLE_CERTS,
    header: { typ: 'JWT' },
    claims: { ...googleUser, aud: GOOGLE_CLIENT, azp: 'android' },
    refused: {
      'another audience': [{ aud: 'android' }, 'audience_mismatch'],
      'a stranger: a service account': [{ azp: '1124' }, 'client_mismatch'],
    },
  },
  {
    name: 'Firebase',
    snippet: 'firebase.js',
    issuer: 'https://securetoken.google.com/my-project',
    header: { typ: 'JWT' },
    claims: {
      sub: 'uid-1',
      user_id: 'uid-1',
      aud: 'my-project',
      auth_time: 1700000000,
      firebase: { identities: {}, sign_in_provider: 'password' },
    },
    refused: {
      'another audience': [{ aud: 'other-project' }, 'audience_mismatch'],
      'a stranger: another project': [{ iss: 'https://securetoken.google.com/mallory', aud: 'mallory' }, 'issuer_mismatch'],
      'a stranger with your `aud`': [{ iss: 'https://securetoken.google.com/mallory' }, 'issuer_mismatch'],
      'no `auth_time`': [{ auth_time: undefined }, 'claim_missing'],
    },
  },
  {
    name: 'Clerk',
    snippet: 'clerk.js',
    issuer: 'https://clerk.example.com',
    jwksUri: 'https://clerk.example.com/.well-known/jwks.json',
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    claims: { sub: 'user_123', sid: 'sess_123', azp: 'https://app.example.com', fva: [7, -1], sts: 'active', v: 2, o: { id: 'org_1', rol: 'admin' } },
    accepted: { 'of version 1, without `sts`': { changes: { sts: undefined, v: undefined } } },
    refused: {
      'another audience: the page of another origin': [{ azp: 'https://evil.example.com' }, 'client_mismatch'],
      'no origin': [{ azp: undefined }, 'client_mismatch'],
      'a stranger: another instance': [{ iss: 'https://mallory.clerk.accounts.dev' }, 'issuer_mismatch'],
      'a session with open tasks': [{ sts: 'pending' }, 'not_authorized'],
    },
  },
  {
    name: 'Supabase',
    snippet: 'supabase.js',
    issuer: SUPABASE,
    algorithm: 'ES256',
    jwksUri: `${SUPABASE}/.well-known/jwks.json`,
    header: { typ: 'JWT' },
    claims: {
      sub: '123e4567-e89b-12d3-a456-426614174000',
      aud: 'authenticated',
      role: 'authenticated',
      aal: 'aal1',
      session_id: 's1',
      email: 'ada@example.com',
      is_anonymous: false,
    },
    needs: { roles: ['authenticated'] },
    refused: {
      'another audience': [{ aud: 'anon', role: 'anon' }, 'audience_mismatch'],
      'a stranger: another project': [{ iss: SUPABASE.replace('abcdefghijklmnop', 'mallory') }, 'issuer_mismatch'],
      'another role': [{ role: 'service_role' }, 'insufficient_roles'],
    },
  },
  {
    name: 'GitHub Actions',
    snippet: 'github-actions.js',
    preset: ({ githubActions }) => ({
      ...githubActions({ repositoryOwnerId: '9919' }),
      audience: 'https://api.example',
      authorize: ({ ref }) => ref === 'refs/heads/main',
    }),
    issuer: 'https://token.actions.githubusercontent.com',
    header: { typ: 'JWT' },
    claims: workload,
    refused: {
      'another audience': [{ aud: 'https://github.com/octo-org' }, 'audience_mismatch'],
      'a stranger: a workflow of somebody else that chose your `aud`': [foreignWorkload, 'client_mismatch'],
      'a stranger with the name of your repository': [{ ...foreignWorkload, repository: 'octo-org/notes' }, 'client_mismatch'],
      'no owner': [{ repository_owner_id: undefined }, 'client_mismatch'],
      'a number as owner': [{ repository_owner_id: 9919 }, 'client_mismatch'],
      'another branch': [{ ref: 'refs/heads/feature' }, 'not_authorized'],
    },
  },
  ...Object.entries({ repository: ['octo-org/notes'], repositoryId: '74' }).map(([option, value]) => ({
    name: `GitHub Actions by ${option}`,
    preset: ({ githubActions }) => ({ ...githubActions({ [option]: value }), audience: 'https://api.example' }),
    issuer: 'https://token.actions.githubusercontent.com',
    header: { typ: 'JWT' },
    claims: workload,
    refused: {
      'another audience': [{ aud: 'https://github.com/octo-org' }, 'audience_mismatch'],
      'a stranger: a workflow of somebody else that chose your `aud`': [foreignWorkload, 'client_mismatch'],
      'another repository of yours': [{ repository: 'octo-org/other', repository_id: '76' }, 'client_mismatch'],
    },
  })),
  {
    name: 'Kubernetes',
    snippet: 'kubernetes.js',
    preset: ({ kubernetes }) => ({ ...kubernetes({ issuer: EKS, namespace: 'billing', serviceAccount: 'worker' }), audience: 'notes' }),
    issuer: EKS,
    header: { typ: undefined },
    claims: {
      'sub': 'system:serviceaccount:billing:worker',
      'aud': ['notes'],
      'jti': 'f1d9',
      'kubernetes.io': { namespace: 'billing', pod: { name: 'worker-1', uid: 'p' }, serviceaccount: { name: 'worker', uid: 's' } },
    },
    refused: {
      'another audience': [{ aud: ['https://kubernetes.default.svc'] }, 'audience_mismatch'],
      'a stranger: a pod in another namespace that chose your `aud`': [{ sub: 'system:serviceaccount:mallory:worker' }, 'subject_mismatch'],
      'a stranger: another account of the namespace': [{ sub: 'system:serviceaccount:billing:default' }, 'subject_mismatch'],
      'another cluster': [{ iss: EKS.replace(/.$/, '0') }, 'issuer_mismatch'],
    },
  },
  {
    name: 'SPIFFE',
    snippet: 'spiffe.js',
    issuer: 'https://oidc.example.org',
    algorithm: 'ES256',
    header: { typ: 'JWT' },
    claims: { sub: 'spiffe://example.org/billing/worker', aud: ['spiffe://example.org/notes'] },
    accepted: {
      'of the second workload': { changes: { sub: 'spiffe://example.org/billing/cron' } },
      'without `typ`': { header: { typ: undefined }, changes: {} },
    },
    refused: {
      'another audience': [{ aud: ['spiffe://example.org/reports'] }, 'audience_mismatch'],
      'a stranger: another workload of the trust domain': [{ sub: 'spiffe://example.org/mallory' }, 'client_mismatch'],
      'a path below yours': [{ sub: 'spiffe://example.org/billing/worker/x' }, 'client_mismatch'],
    },
  },
  {
    name: 'Cloudflare Access',
    snippet: 'cloudflare-access.js',
    preset: ({ cloudflareAccess }) => ({ ...cloudflareAccess({ team: 'example' }), audience: AUD_TAG }),
    issuer: 'https://example.cloudflareaccess.com',
    jwksUri: 'https://example.cloudflareaccess.com/cdn-cgi/access/certs',
    field: 'Cf-Access-Jwt-Assertion',
    header: { typ: 'JWT' },
    claims: { sub: '7335d417', aud: [AUD_TAG], type: 'app', email: 'ada@example.com', identity_nonce: '6ei6', country: 'US' },
    accepted: { 'of a service token': { changes: { sub: '', common_name: 'id.access', email: undefined } } },
    refused: {
      'another audience: another application of the team': [{ aud: ['ffff7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228aa'] }, 'audience_mismatch'],
      'a stranger: another team': [{ iss: 'https://mallory.cloudflareaccess.com' }, 'issuer_mismatch'],
    },
  },
  {
    name: 'Spring Authorization Server',
    snippet: 'spring.js',
    issuer: 'https://auth.example',
    header: { typ: undefined },
    claims: { sub: 'ada', aud: 'my-client', nbf: 1700000000, scope: ['openid', 'notes:read'], jti: 'b0f5' },
    needs: { scopes: ['notes:read'] },
    refused: {
      'another audience, which is a stranger: another client': [{ aud: 'another-client', sub: 'another-client' }, 'audience_mismatch'],
      'an ID token': [{ scope: undefined, azp: 'my-client', sid: 's1', auth_time: 1700000000 }, 'claim_missing'],
      'a token without the scope': [{ scope: ['openid'] }, 'insufficient_scope'],
    },
  },
  {
    name: 'SAP XSUAA',
    snippet: 'xsuaa.js check',
    preset: ({ xsuaa }) => xsuaa(BINDING),
    issuer: `${XSUAA}/oauth/token`,
    jwksUri: `${XSUAA}/token_keys`,
    // The token's own address of keys, which is not read.
    header: { typ: 'JWT', jku: 'https://mallory.example/token_keys' },
    claims: {
      sub: 'user-uuid',
      aud: ['sb-notes!t123', 'notes!t123', 'openid'],
      scope: ['openid', 'notes!t123.Display'],
      client_id: 'sb-notes!t123',
      cid: 'sb-notes!t123',
      azp: 'sb-notes!t123',
      zid: '3cax4c10',
      grant_type: 'authorization_code',
      ext_attr: { enhancer: 'XSUAA' },
    },
    accepted: { 'of another application that was granted a scope of yours': { changes: { aud: ['notes!t123', 'sb-shop!t9'], client_id: 'sb-shop!t9' } } },
    refused: {
      'another audience, which is a stranger: another application of the subaccount': [{ aud: ['sb-shop!t9', 'shop!t9'], client_id: 'sb-shop!t9' }, 'audience_mismatch'],
      'a stranger: another subaccount': [{ iss: 'https://mallory.authentication.eu10.hana.ondemand.com/oauth/token' }, 'issuer_mismatch'],
      'a token that is bound to a certificate': [{ cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }],
    },
  },
]

/** Tests that the runtime's own `fetch` gets a key set from the runner's issuer and asks it about tokens, and refuses bad responses. */
const ANSWERS = {
  '/jwks': 1,
  '/redirect': 'key_set_redirected',
  '/missing': 'key_set_status',
  '/large': 'jwks_too_large',
  '/page': 'jwks_malformed',
  '/drip': 'key_set_timeout',
  '/silence': 'key_set_timeout',
}

export function ownFetch({ RemoteKeySet, createGate }, issuer) {
  return ({ test, introspection: { introspection } }) => {
    test("the runtime's own fetch brings a set, and bad answers are refused", async () => {
      for (const [path, expected] of Object.entries(ANSWERS)) {
        // Only what must come too late is given little time.
        const timeoutDuration = expected === 'key_set_timeout' ? 500 : 60_000
        const found = await new RemoteKeySet(`${issuer}${path}`, { timeoutDuration }).reload().then(
          ({ size }) => size,
          ({ refusal, stack }) => refusal ?? stack,
        )
        if (found !== expected) throw new Error(`${path} gave ${found}, not ${expected}`)
      }
    })
    test("the runtime's own fetch asks about opaque tokens", async () => {
      const check = async (token, more) => {
        const value = introspection({ endpoint: `${issuer}/introspect`, clientId: 'api', clientSecret: 'secret', timeoutDuration: 60_000, ...more })
        const gate = createGate({ issuer: 'https://issuer.example', audience: 'api', algorithms: ['ES256'], introspection: value })
        const pass = await gate.check({ headers: new Headers({ authorization: `Bearer ${token}` }), method: 'GET' })
        return pass.ok ? pass.claims.sub : pass.refusal
      }
      const found = [await check('good'), await check('other'), await check('good', { clientSecret: 'wrong' })]
      for (const path of ['redirect', 'page', 'large']) found.push(await check('good', { endpoint: `${issuer}/${path}` }))
      found.push(await check('good', { endpoint: `${issuer}/silence`, timeoutDuration: 500 }))
      const expected = ['user-1', 'token_inactive', 'introspection_status', 'introspection_redirected', 'introspection_malformed', 'introspection_too_large', 'introspection_timeout']
      if (found.join() !== expected.join()) throw new Error(found.join())
    })
  }
}

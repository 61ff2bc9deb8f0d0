/** Tests that the runtime's own `fetch` gets a key set from the runner's issuer, and refuses bad responses. */
const ANSWERS = {
  '/jwks': 1,
  '/redirect': 'key_set_redirected',
  '/missing': 'key_set_status',
  '/large': 'jwks_too_large',
  '/page': 'jwks_malformed',
  '/drip': 'key_set_timeout',
  '/silence': 'key_set_timeout',
}

export function ownFetch({ RemoteKeySet }, issuer) {
  return ({ test }) =>
    test("the runtime's own fetch brings a set, and bad answers are refused", async () => {
      for (const [path, expected] of Object.entries(ANSWERS)) {
        // Only what must come too late is given little time.
        const timeoutDuration = expected === 'key_set_timeout' ? 500 : 60_000
        const found = await new RemoteKeySet(`${issuer}${path}`, { timeoutDuration }).reload().then(
          ({ size }) => size,
          ({ refusal, stack }) => refusal ?? stack,
        )
        if (found !== expected) throw new Error(`${path} came to ${found}, not ${expected}`)
      }
    })
}

/** Options that can never work, and durations in the wrong unit. Names begin with the number of the report. */
import { misused, ok, outcome, refused, same } from '../harness.mjs'
import { audience, currentDate, issuer, NOW } from '../mint.mjs'

export function optionErrorTests({ jotgate, facade, test, world }) {
  const { createGate, RemoteKeySet, Verifier } = jotgate
  const rules = { issuer, audience, currentDate }
  const secretOf = () => world().keys.HS256.secret

  test('V18: a tolerance in milliseconds is refused, with the hint', async () => {
    const made = {
      Verifier: (clockTolerance) => new Verifier({ ...rules, keys: secretOf(), algorithms: ['HS256'], clockTolerance }),
      createGate: (clockTolerance) => createGate({ ...rules, keys: secretOf(), algorithms: ['HS256'], clockTolerance }),
    }
    for (const [name, make] of Object.entries(made)) {
      for (const fine of [0, 5, 600, '10 minutes']) ok(make(fine), name)
      for (const wrong of [601, 5_000, '11 minutes']) {
        await misused(() => make(wrong), 'clockTolerance', name)
        ok(/600 seconds.*not milliseconds/.test((await outcome(() => make(wrong))).thrown.message), name)
      }
    }
    const verify = async (clockTolerance) =>
      facade.jwtVerify(await world().token('HS256', { exp: NOW - 5_000 }), secretOf(), { ...rules, clockTolerance })
    ok(await verify(86_400))
    ok(await verify('24 hours'))
    await misused(() => verify(86_401), 'clockTolerance', 'jotgate/jose')
    await refused(() => verify(600), { code: 'ERR_JWT_EXPIRED' }, 'jotgate/jose')
  })

  test('a date made of seconds, an age in milliseconds and a length below any token are refused, with the hint', async () => {
    const wrong = [
      ['currentDate', new Date(NOW), /new Date\(seconds \* 1000\)/],
      ['maxTokenAge', 315_576_001, /315576000 seconds.*not milliseconds/],
      ['maxTokenLength', 67, /at least 68/],
    ]
    for (const [option, value, hint] of wrong) {
      const made = {
        Verifier: () => new Verifier({ ...rules, keys: secretOf(), algorithms: ['HS256'], [option]: value }),
        createGate: () => createGate({ ...rules, keys: secretOf(), algorithms: ['HS256'], [option]: value }),
        jwtVerify: async () => facade.jwtVerify(await world().token('HS256'), secretOf(), { ...rules, [option]: value }),
      }
      for (const [name, make] of Object.entries(made)) {
        await misused(make, option, name)
        ok(hint.test((await outcome(make)).thrown.message), `${name}: ${option}`)
      }
    }
    ok(new Verifier({ ...rules, keys: secretOf(), algorithms: ['HS256'], maxTokenAge: '10 years', maxTokenLength: 68 }))
  })

  test('V22: options that can never work are a TypeError at construction', async () => {
    const url = 'https://issuer.example/jwks'
    for (const timeoutDuration of [2 ** 31, 3e9]) {
      await misused(() => new RemoteKeySet(url, { timeoutDuration }), 'timeoutDuration')
      await misused(() => createGate({ ...rules, algorithms: ['ES256'], timeoutDuration }), 'timeoutDuration')
      await misused(() => facade.createRemoteJWKSet(new URL(url), { timeoutDuration }), 'timeoutDuration')
    }
    ok(new RemoteKeySet(url, { timeoutDuration: 2 ** 31 - 1 }))
    const secrets = { algorithms: ['HS256', 'HS512'] }
    await misused(() => createGate({ ...rules, ...secrets, jwksUri: url }), 'algorithms', 'with a URL')
    await misused(() => createGate({ ...rules, ...secrets }), 'algorithms', 'with discovery')
    await misused(() => createGate({ issuers: [{ issuer }], audience, ...secrets }), 'algorithms', 'with issuers')
    await misused(() => new Verifier({ ...rules, ...secrets, keys: new RemoteKeySet(url) }), 'algorithms', 'Verifier')
    ok(createGate({ ...rules, algorithms: ['HS256', 'ES256'], jwksUri: url }))
    const remembering = (maxEntries) => new Verifier({ ...rules, keys: world().jwks, algorithms: ['ES256'], tokenCache: { maxEntries } })
    await misused(() => remembering(2 ** 24), 'maxEntries')
    ok(remembering(2 ** 24 - 1))
  })

  test('V22: a pre-flight has both an Origin and a method that it asks for', () => {
    const gate = createGate({ ...rules, keys: world().jwks, algorithms: ['ES256'], preflight: true })
    const [origin, method] = ['origin', 'access-control-request-method']
    const asked = (headers) => gate.checkSync({ method: 'OPTIONS', url: '/', headers })
    same(asked({ [origin]: 'https://app.example', [method]: 'POST' }), { ok: true, preflight: true })
    for (const [one, other] of [['', ''], ['https://app.example', ''], ['', 'POST'], [' ', 'POST']]) {
      const denied = asked({ [origin]: one, [method]: other })
      same([denied.ok, denied.refusal], [false, 'credentials_absent'], `${one}, ${other}`)
    }
  })

  test('messages name the value, except one that may be secret, and what may have been meant', async () => {
    const message = async (call) => (await outcome(call)).thrown?.message
    const gate = (extra) => () => createGate({ ...rules, algorithms: ['HS256'], keys: secretOf(), ...extra })
    const cases = [
      [gate({ algorithms: ['es256'] }), '`algorithms` has a wrong name: `es256` is not a known algorithm; did you mean `ES256`?'],
      [gate({ algorithms: ['ES265'] }), 'did you mean `ES256`?'],
      [gate({ algorithms: ['none'] }), 'the known algorithms are HS256, HS384'],
      [gate({ audiance: 'a' }), '`audiance` is not an option of createGate; did you mean `audience`?'],
      [gate({ JwksUri: 'a' }), 'did you mean `jwksUri`?'],
      [gate({ clock_tolerance: 5 }), 'did you mean `clockTolerance`?'],
      [gate({ issuer: 5 }), '`issuer` must be a string (it is 5)'],
      [gate({ audience: null }), '(it is null)'],
      [gate({ cookie: [] }), '(it is an array)'],
      [gate({ realm: 'é' }), '(it is "é")'],
      [gate({ resource: 'https://joe:pass@api.example/?key=a-secret#x' }), '(it is "https://api.example/")'],
      [gate({ issuer: undefined }), '`issuer` is required, but is undefined: give it a value'],
    ]
    for (const [call, expected] of cases) {
      const found = await message(call)
      ok(found?.includes(expected), `${found}\n    expected ${expected}`)
      ok(!found.includes('secret') && !found.includes('pass'), found)
    }
    for (const call of [
      () => new Verifier({ keys: 'a-secret', algorithms: ['HS256'] }),
      () => new RemoteKeySet('https://issuer.example', { headers: 'a-secret' }),
    ]) {
      const found = await message(call)
      ok(found !== undefined && !found.includes('a-secret'), found)
    }
  })
}

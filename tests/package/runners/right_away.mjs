/** The package as it stands right behind its import enters: a verdict must come out at once, without `await`. */
export function rightAway({ Verifier }) {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const verifier = new Verifier({ keys: jwk, algorithms: ['EdDSA'], issuer: 'https://issuer.example', audience: 'api' })
  let code
  try {
    verifier.verifySync('a.b.c')
  } catch (thrown) {
    code = thrown.code
  }
  return ({ test }) =>
    test('verifySync works right behind the import', () => {
      if (code !== 'ERR_JWS_INVALID') throw new Error(`it came to ${code}`)
    })
}

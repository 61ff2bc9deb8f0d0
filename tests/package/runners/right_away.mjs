/** Checks that the package gives a verdict right after its import, without `await`. */
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
      if (code !== 'ERR_JWS_INVALID') throw new Error(`the code is ${code}`)
    })
}

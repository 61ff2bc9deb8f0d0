const { Verifier } = require('jotgate')
const { decodeJwt } = require('jotgate/decode')

const secret = Uint8Array.from({ length: 32 }, (_, index) => index)
const token =
  'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.aV8R8Et1YyW0gVAuchjtqcYaUbfL5SFrjG5ahYZY0a0'

test('a good token passes, a changed one does not', async () => {
  const verifier = new Verifier({ keys: secret, algorithms: ['HS256'], issuer: 'joe', requireExp: false })
  expect(decodeJwt(token).iss).toBe('joe')
  expect((await verifier.verify(token)).payload).toEqual({ iss: 'joe' })
  await expect(verifier.verify(`${token.slice(0, -5)}AAAAA`)).rejects.toMatchObject({ refusal: 'signature_mismatch' })
})

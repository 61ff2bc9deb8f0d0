import { Verifier } from 'jotgate'

// The key and the token of RFC 7515, appendix A.3: public, and expired long ago.
const keys = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const token = [
  'eyJhbGciOiJFUzI1NiJ9',
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
  'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
].join('.')
const currentDate = new Date('2011-03-22T18:42:00Z')

const verifier = new Verifier({ keys, algorithms: ['ES256'], issuer: 'joe', currentDate })

/** The results for a good token, and for one with a changed signature. */
export async function verdict() {
  const { payload } = await verifier.verify(token)
  const code = await verifier.verify(token.replace('DtEh', 'DtEi')).catch((error) => error.code)
  return `${payload.iss} passes, the other is ${code}`
}

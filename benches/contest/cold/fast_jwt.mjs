import { createVerifier } from 'fast-jwt'

export async function first({ algorithm, pem, issuer, audience, token }) {
  return createVerifier({ key: pem, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience })(token)
}

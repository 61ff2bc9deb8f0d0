/**
 * Checks an ID token that was received directly from the token endpoint. Its signature is not verified: TLS authenticates the
 * issuer there (OpenID Connect Core §3.1.3.7, point 6).
 */
import { bytesOf } from '../base/bytes.js'
import { record } from '../base/record.js'
import { LoginError } from './errors.js'
import type { Settings } from './options.js'
import type { IdTokenClaims } from './types.js'

/** How far this device's clock may be ahead, in seconds. */
const LEEWAY = 60

/**
 * Checks the claims of an ID token and returns them.
 *
 * @param nonce - the login's nonce, or `undefined` for a renewal
 * @param previous - the claims before the renewal
 * @throws {@link LoginError} `id_token_malformed`, `id_token_invalid`
 */
export function checkIdToken(
  token: string,
  { issuer, clientId }: Settings,
  nonce: string | undefined,
  previous: IdTokenClaims | undefined,
): IdTokenClaims {
  const claims = decode(token)
  const audiences = [claims.aud].flat()
  const holds = {
    iss: claims.iss === issuer,
    aud: audiences.includes(clientId),
    azp: claims.azp === undefined ? audiences.length === 1 : claims.azp === clientId,
    // A renewed token may omit the nonce (OpenID Connect Core §12.2).
    nonce: nonce === undefined || claims.nonce === nonce,
    exp: typeof claims.exp === 'number' && claims.exp > Date.now() / 1000 - LEEWAY,
    sub: typeof claims.sub === 'string' && (previous === undefined || claims.sub === previous.sub),
  }
  for (const [claim, met] of Object.entries(holds)) if (!met) throw new LoginError('id_token_invalid', { claim })
  return claims as IdTokenClaims
}

function decode(token: string): Partial<IdTokenClaims> {
  try {
    const [, payload, ...rest] = token.split('.')
    if (rest.length !== 1) throw 0
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(payload!))
    return record(JSON.parse(text) as object)
  } catch {
    // The error has no `cause`, because its message would contain a part of the token.
    throw new LoginError('id_token_malformed')
  }
}

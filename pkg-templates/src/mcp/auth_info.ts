/** Converts a pass of the gate to the form that the MCP SDKs take. */
import { memberOf } from '../base/record.js'
import { absoluteUrl } from '../base/url.js'
import type { JWTPayload } from '../base/types.js'
import { passDetails } from '../gate/details.js'
import type { Passed } from '../gate/types.js'
import type { AuthInfo } from './types.js'

/**
 * Returns the facts about a verified token, for the option `authInfo` of the MCP SDKs' handlers.
 *
 * @param pass - the result of `gate.check` for a request with a token
 * @throws `TypeError` for any other value, such as the pass of a request without a token
 *
 * @example
 * ```js
 * const pass = await gate.check(request)
 * if (!pass.ok) return pass.response()
 * return handler.fetch(request, { authInfo: authInfo(pass) })
 * ```
 */
export function authInfo<Claims, Principal>(pass: Passed<Claims, Principal>): AuthInfo {
  const details = passDetails(pass)
  if (details === undefined) throw new TypeError('`authInfo` needs the pass of a request that had a token')
  const { token, gate } = details
  const { claims, header, scopes, principal } = pass
  const { exp, aud } = claims as JWTPayload
  const url = gate.resource === undefined ? soleAudience(aud) : absoluteUrl(gate.resource)
  const info: AuthInfo = { token, clientId: clientOf(claims), scopes: [...scopes], extra: { claims, header, principal } }
  if (exp !== undefined) info.expiresAt = exp
  if (url !== undefined) info.resource = url
  if (gate.metadataUrl !== undefined) info.resourceMetadataUrl = gate.metadataUrl
  return info
}

function clientOf(claims: JWTPayload): string {
  for (const name of ['client_id', 'azp', 'sub']) {
    const value = memberOf(claims, name)
    if (typeof value === 'string') return value
  }
  return ''
}

function soleAudience(aud: JWTPayload['aud']): URL | undefined {
  const [only, ...others] = typeof aud === 'string' ? [aud] : (aud ?? [])
  return only === undefined || others.length > 0 ? undefined : absoluteUrl(only)
}

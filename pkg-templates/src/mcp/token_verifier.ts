/** Adapts a gate to `requireBearerAuth` of the MCP SDKs. */
import { isGiven, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { Denied, Passed } from '../gate/types.js'
import { authInfo } from './auth_info.js'
import type { AnyGate, TokenVerifier, VerifierErrors } from './types.js'

/**
 * Makes the `verifier` of `requireBearerAuth`. The SDK then reads the header and responds. If possible, use the gate itself, because its
 * responses are more exact.
 *
 * Rules of the gate (`authorize`) are called with a request that contains only the token.
 *
 * @param errors - the SDK's error classes: `{ OAuthError }` of version 2, `{ InvalidTokenError, InsufficientScopeError }` of 1
 * @throws `TypeError` if no class is passed in
 *
 * @example
 * ```js
 * import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
 *
 * app.use('/mcp', requireBearerAuth({ verifier: tokenVerifier(gate, { InvalidTokenError }) }))
 * ```
 */
export function tokenVerifier(gate: AnyGate, errors: VerifierErrors): TokenVerifier {
  const refuse = refuser(errors)
  return {
    async verifyAccessToken(token) {
      // A token that is empty or not a string is refused as malformed.
      const authorization = `Bearer ${String(token)}`
      const pass: Passed | Denied = await gate.check({ method: 'POST', url: '/', headers: { authorization } })
      if (!pass.ok) {
        const { status, detail } = pass
        // The token may be valid. The SDK responds with 500 to errors of other classes.
        if (status === 503) throw new Error(detail, record({ cause: pass.cause }))
        throw refuse(status === 403 ? 'insufficient_scope' : 'invalid_token', detail)
      }
      return authInfo(pass)
    },
  }
}

type Refuse = (code: 'invalid_token' | 'insufficient_scope', message: string) => Error

function refuser(errors: VerifierErrors): Refuse {
  const member = <T>(name: string): T | undefined => {
    if (typeof errors !== 'object' || errors === null || !isGiven(errors, name)) return undefined
    const value = (errors as Record<string, unknown>)[name]
    if (typeof value !== 'function') throw optionError(name, 'must be an error class of the MCP SDK')
    return value as T
  }
  type OfMessage = new (message: string) => Error
  const OAuthError = member<new (code: string, message: string) => Error>('OAuthError')
  if (OAuthError !== undefined) return (code, message) => new OAuthError(code, message)
  const InvalidTokenError = member<OfMessage>('InvalidTokenError')
  if (InvalidTokenError === undefined) {
    throw optionError('errors', 'must contain `OAuthError`, or `InvalidTokenError` with version 1 of the MCP SDK')
  }
  const InsufficientScopeError = member<OfMessage>('InsufficientScopeError') ?? InvalidTokenError
  return (code, message) => new (code === 'invalid_token' ? InvalidTokenError : InsufficientScopeError)(message)
}

/** Makes the errors of introspection. A gate answers each with 503. */
import { JWKSUnavailable, type JOSEError } from '../base/errors.js'
import { memberOf, record } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import type { RefusalCode } from '../base/refusal_codes.js'

/** The introspection endpoint sent no usable response. The token may be valid. `refusal` is the exact reason. */
export class IntrospectionUnavailable extends JWKSUnavailable {
  override readonly name = 'IntrospectionUnavailable'
}

/** Makes the error. */
export function unavailable(refusal: RefusalCode, message: string, cause?: unknown): IntrospectionUnavailable {
  return withRefusal(refusal, new IntrospectionUnavailable(message, cause === undefined ? undefined : record({ cause })))
}

/** Converts the error of a fetch to one of introspection, with the same address, status and pause. */
export function fetchFailure(error: JOSEError): IntrospectionUnavailable {
  const { refusal } = error
  const status = memberOf(error, 'status')
  const problem = refusal === 'introspection_status' ? `answered with status ${status}` : (MESSAGES[refusal] ?? 'failed')
  const message = refusal.startsWith('discovery') ? error.message : `the introspection endpoint ${problem}`
  const failure = unavailable(refusal, message, memberOf(error, 'cause'))
  for (const name of ['url', 'status', 'retryAfter'] as const) {
    const value = memberOf(error, name)
    if (value !== undefined) Object.assign(failure, record({ [name]: value }))
  }
  return failure
}

/** The ends of the messages, by the code of the refusal. */
const MESSAGES: Readonly<Partial<Record<RefusalCode, string>>> = /* @__PURE__ */ record({
  introspection_malformed: 'sent no JSON object with `active`',
  introspection_not_utf8: 'sent an answer that is not UTF-8',
  introspection_redirected: 'sent a redirect: redirects are not followed',
  introspection_timeout: 'did not answer in time',
  introspection_too_large: 'sent an answer that is too large',
  introspection_unreachable: 'could not be reached',
})

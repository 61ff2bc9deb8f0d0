/** Authenticates the API at the introspection endpoint (RFC 7662 §2.1, RFC 6749 §2.3.1, RFC 7523 §2.2). */
import { callable, type Options, text } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import type { MaybePromise } from '../gate/types.js'
import { requestHeaders } from '../remote/remote_key_set.js'

/** The options of {@link authenticationFrom}. */
export const AUTHENTICATION_NAMES = ['clientId', 'clientSecret', 'clientAssertion', 'headers'] as const

/** Adds credentials to the header fields and the form of a request. */
export type Authenticate = (headers: Headers, form: URLSearchParams) => Promise<void>

/**
 * Reads the options.
 *
 * @throws `TypeError` if there are no credentials, or of more than one kind
 */
export function authenticationFrom(given: Options): Authenticate {
  const clientId = given.read('clientId', text)
  const secret = given.read('clientSecret', text)
  const assertion = given.read('clientAssertion', callable<() => MaybePromise<unknown>>)
  const fields = given.read('headers', (name, value) =>
    typeof value === 'function' ? (value as () => MaybePromise<unknown>) : requestHeaders(name, value),
  )
  const kinds = [secret, assertion, fields].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) throw optionError('clientSecret', 'or `clientAssertion` or `headers` is required, and only one of them')
  if (clientId === undefined && fields === undefined) throw optionError('clientId', 'is required with `clientSecret` and `clientAssertion`')
  return async (headers, form) => {
    if (secret !== undefined) headers.set('authorization', `Basic ${btoa(`${encoded(clientId ?? '')}:${encoded(secret)}`)}`)
    if (assertion !== undefined) {
      const jwt = await assertion()
      if (typeof jwt !== 'string' || jwt === '') throw new TypeError('`clientAssertion` must return the text of a JWT')
      form.set('client_id', clientId ?? '')
      form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      form.set('client_assertion', jwt)
    }
    if (fields !== undefined) {
      const found = typeof fields === 'function' ? requestHeaders('headers', await fields()) : fields
      for (const [name, value] of found) headers.set(name, value)
    }
  }
}

/** Encodes as in a form (RFC 6749 §2.3.1, appendix B). */
function encoded(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1)
}

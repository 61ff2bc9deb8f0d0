/** The errors of status lists: each is a 503. */
import { JWKSUnavailable, type JOSEError } from '../base/errors.js'
import { memberOf, record } from '../base/record.js'
import { isWithoutKeys, withRefusal } from '../base/refusal.js'

/** There is no status list that may be used. The token may be valid. `refusal` has the exact reason. */
export class StatusListUnavailable extends JWKSUnavailable {
  override readonly name = 'StatusListUnavailable'
}

/** Returns the error of a fetch of a list, with its address, status and pause. Other errors, such as those of the keys, stay. */
export function listFailure(thrown: unknown): unknown {
  if (!isWithoutKeys(thrown) || !thrown.refusal.startsWith('status_list')) return thrown
  const error: JOSEError = thrown
  const cause = memberOf(error, 'cause')
  const failure = withRefusal(error.refusal, new StatusListUnavailable(error.message, cause === undefined ? undefined : record({ cause })))
  for (const name of ['url', 'status', 'retryAfter'] as const) {
    const value = memberOf(error, name)
    if (value !== undefined) Object.assign(failure, record({ [name]: value }))
  }
  return failure
}

/** Reports what a gate decided about each request, for logs, counters and traces. */
import { memberOf } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'
import type { JWTPayload } from '../base/types.js'
import { notify } from '../remote/loader.js'
import type { WaitUntil } from '../remote/source_options.js'
import { decodeHeader } from '../wasm/calls.js'
import type { RequestLike } from './request.js'
import type { Anonymous, Decision, Denied, OnDecision, Passed, Preflight } from './types.js'

/** What becomes known of a request while it is decided about. */
export interface Facts {
  /** The token; reported only by the key that it names, and only if its signature held. */
  token?: string
  claims?: JWTPayload
}

/** Measures one decision, and reports it when it is made. */
export function observed(
  onDecision: OnDecision,
  request: RequestLike,
  needs: object,
): (facts: Facts, outcome?: Passed | Anonymous | Preflight | Denied) => void {
  const clock = hostGlobal<Performance>('performance') ?? Date
  const begun = clock.now()
  return ({ token, claims }, outcome) => {
    const duration = clock.now() - begun
    const header = claims && token !== undefined ? decodeHeader(token) : undefined
    const issuer = claims && memberOf(claims, 'iss')
    const kid = header?.ok === true ? memberOf(header.header, 'kid') : undefined
    const decision: Decision = {
      ok: outcome?.ok === true,
      status: outcome === undefined ? 500 : outcome.ok ? 200 : outcome.status,
      ...(outcome?.ok !== true && { refusal: outcome === undefined ? 'internal_error' : outcome.refusal }),
      ...(claims && { claims }),
      ...(issuer !== undefined && { issuer }),
      ...(kid !== undefined && { kid }),
      duration,
    }
    notify(() => onDecision(decision, request), memberOf(needs as { waitUntil?: WaitUntil }, 'waitUntil'))
  }
}

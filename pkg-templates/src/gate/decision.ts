/** Reports each decision of a gate, for logs, counters and traces. */
import { memberOf } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'
import type { JWTPayload } from '../base/types.js'
import { notify } from '../remote/background.js'
import type { WaitUntil } from '../remote/source_options.js'
import { decodeHeader } from '../wasm/calls.js'
import type { RequestLike } from './request.js'
import type { Anonymous, Decision, Denied, OnDecision, Passed, Preflight } from './types.js'

/** The facts about a request that the decision has found so far. */
export interface Facts {
  /** The token. Only its `kid` is reported, and only if its signature is valid. */
  token?: string
  claims?: JWTPayload
}

/** Starts the clock of one decision. Returns the function that reports it. */
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

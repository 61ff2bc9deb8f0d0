/** Reports what a gate decided about each request, for logs, counters and traces. */
import { memberOf } from '../base/record.js'
import { hostGlobal } from '../base/runtime.js'
import type { JWTPayload } from '../base/types.js'
import { notify } from '../remote/loader.js'
import type { WaitUntil } from '../remote/source_options.js'
import { decodeHeader } from '../wasm/calls.js'
import type { RequestLike } from './request.js'
import type { Anonymous, Denied, MaybePromise, Passed, Preflight } from './types.js'

/** What a gate decided about one request. */
export interface Decision<Claims = JWTPayload> {
  /** Whether the request passed. */
  readonly ok: boolean
  /** 200 for a pass, 204 for a pre-flight that the gate answers, 500 if `principal` or a rule threw, else the status of the refusal. */
  readonly status: number
  /** The code of the refusal; absent for a pass. */
  readonly refusal?: string
  /** The claims, whenever the signature held. */
  readonly claims?: Claims & JWTPayload
  /** Their `iss`. */
  readonly issuer?: string
  /** The key that the token names, whenever the signature held. */
  readonly kid?: string
  /** How long the decision took, in milliseconds. Workers stop the clock while code runs: there it counts only waiting. */
  readonly duration: number
}

/** What {@link Decision} is passed to. What it throws, now or by its promise, changes nothing. */
export type OnDecision<Claims = JWTPayload> = (decision: Decision<Claims>, request: RequestLike) => MaybePromise<unknown>

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

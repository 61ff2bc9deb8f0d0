/** Refuses requests of web pages that may not call the server (MCP 2026-07-28, "Security Warning": DNS rebinding). */
import { absoluteUrl } from '../base/url.js'
import { gateDetails } from '../gate/details.js'
import { fieldsOf, type ReadField, type RequestLike } from '../gate/request.js'
import { memberOf } from '../base/record.js'
import { Problem } from './problem.js'
import type { AnyGate } from './types.js'

/**
 * Returns a function that checks `Origin` and `Host`, and throws a `Problem`.
 *
 * @param origins - the accepted origins; `undefined` for those of the gate's `cors` and its `resource`
 * @param hosts - the accepted hosts, with a port or without; `undefined` for all
 */
export function originCheck(
  gate: AnyGate,
  origins: readonly string[] | undefined,
  hosts: readonly string[] | undefined,
): (request: RequestLike) => void {
  const own = absoluteUrl(gateDetails(gate)?.resource ?? '')?.origin
  const known = hosts?.map((host) => host.toLowerCase())
  return (request) => {
    const field = fieldsOf(request)
    const origin = field('origin')
    if (origin !== null) {
      const allowed = origins?.includes(origin) ?? (origin === own || letsRead(gate, request))
      if (!allowed) throw new Problem('origin_refused')
    }
    if (known !== undefined) {
      const host = hostOf(request, field)
      if (!known.includes(host) && !known.includes(host.replace(/:\d+$/, ''))) throw new Problem('host_refused')
    }
  }
}

/** Whether the gate's `cors` allows the page of this request to read the response. */
function letsRead(gate: AnyGate, request: RequestLike): boolean {
  return gate.cors(request, new Response()).headers.has('access-control-allow-origin')
}

function hostOf(request: RequestLike, field: ReadField): string {
  const host = field('host')?.trim().toLowerCase()
  // HTTP/2 has `:authority` instead; runtimes put it into the URL.
  return host || (absoluteUrl(memberOf(request, 'url') ?? '')?.host ?? '')
}

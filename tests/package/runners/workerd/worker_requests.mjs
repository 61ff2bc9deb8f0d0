/**
 * A worker behind a gate whose key set is named by the request, so that each test starts cold. The request also says how
 * long a fetch may take, and whether the worker has forgotten its `waitUntil`.
 */
import { createGate, RemoteKeySet } from 'jotgate'
import { statusLists } from 'jotgate/status'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' }
const gates = new Map()

/** Gates whose keys come from another worker, by a service binding. */
const BOUND = {
  binding: ({ AUTH }) => ({ jwksUri: AUTH_KEYS, fetch: (url, init) => AUTH.fetch(url, init) }),
  // The same address: what came by the binding is not in the shared cache.
  detached: ({ AUTH }) => ({ jwksUri: AUTH_KEYS, fetch: AUTH.fetch }),
  // What issuers in the same program offer, such as better-auth.
  function: ({ AUTH }) => {
    const auth = { api: { getJwks: async () => (await AUTH.fetch(AUTH_KEYS)).json() } }
    return { keys: () => auth.api.getJwks() }
  },
}
const AUTH_KEYS = 'https://auth.example/jwks'

export default {
  async fetch(request, env, ctx) {
    const search = new URL(request.url).searchParams
    if (search.has('by')) {
      const decisions = []
      const gate = createGate({ ...rules, ...BOUND[search.get('by')](env), onDecision: async ({ status }) => void decisions.push(status) })
      const pass = await gate.check(request, { waitUntil: (work) => ctx.waitUntil(work) })
      return Response.json({ status: pass.ok ? 200 : pass.status, refusal: pass.refusal ?? null, message: pass.cause?.message ?? null, decisions })
    }
    const url = search.get('keys')
    // A gate of its own knows as little as that of a new isolate.
    if (!gates.has(url) || search.has('cold')) {
      const timeoutDuration = Number(search.get('timeout') ?? 60_000)
      const lists = search.get('lists')
      const status = lists === null ? {} : { status: statusLists({ uris: [lists], timeoutDuration }) }
      gates.set(url, createGate({ ...rules, keys: new RemoteKeySet(url, { timeoutDuration }), ...status }))
    }
    const needs = search.has('forgotten') ? {} : { waitUntil: (work) => ctx.waitUntil(work) }
    const pass = await gates.get(url).check(request, needs)
    return Response.json({ status: pass.ok ? 200 : pass.status, refusal: pass.refusal ?? null })
  },
}

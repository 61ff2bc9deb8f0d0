/**
 * A worker behind a gate whose key set is named by the request, so that each test starts cold. The request also says how
 * long a fetch may take, and whether the worker has forgotten its `waitUntil`.
 */
import { createGate, RemoteKeySet } from 'jotgate'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' }
const gates = new Map()

export default {
  async fetch(request, env, ctx) {
    const search = new URL(request.url).searchParams
    const url = search.get('keys')
    if (!gates.has(url)) {
      const timeoutDuration = Number(search.get('timeout') ?? 60_000)
      gates.set(url, createGate({ ...rules, keys: new RemoteKeySet(url, { timeoutDuration }) }))
    }
    const needs = search.has('forgotten') ? {} : { waitUntil: (work) => ctx.waitUntil(work) }
    const pass = await gates.get(url).check(request, needs)
    return Response.json({ status: pass.ok ? 200 : pass.status, refusal: pass.refusal ?? null })
  },
}

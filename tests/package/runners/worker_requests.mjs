/** A worker behind a gate whose key set is named by the request, so that each test starts cold. */
import { createGate, RemoteKeySet } from 'jotgate'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' }
const gates = new Map()

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url).searchParams.get('keys')
    if (!gates.has(url)) {
      gates.set(url, createGate({ ...rules, keys: new RemoteKeySet(url, { timeoutDuration: 60_000 }) }))
    }
    const pass = await gates.get(url).check(request, { waitUntil: (work) => ctx.waitUntil(work) })
    return Response.json({ status: pass.ok ? 200 : pass.status, refusal: pass.refusal ?? null })
  },
}

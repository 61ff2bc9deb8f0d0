/** `jotgate/status` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createGate, type Gate, JWKSUnavailable, type RefusalCode, type TokenStatus, Verifier } from 'jotgate'
import { statusLists, type StatusListOptions, StatusListUnavailable } from 'jotgate/status'
import { Verifier as Small } from 'jotgate/verifier'

export async function statusTypes(token: string): Promise<RefusalCode | string | undefined> {
  const options: StatusListOptions = { uris: ['https://a.example/lists/'], required: true, maxStale: 0, maxBytes: 1_000, fetch: (url, init) => fetch(url, init) }
  const value: TokenStatus = statusLists(options)
  statusLists()
  // @ts-expect-error several addresses are an array
  statusLists({ uris: 'https://a.example/lists/' })
  // @ts-expect-error there is no such option
  statusLists({ url: 'https://a.example/lists/' })
  const rules = { algorithms: ['ES256'], issuer: 'https://a.example', audience: 'a' } as const
  const gate: Gate = createGate({ ...rules, status: value })
  createGate({ issuers: [{ issuer: 'https://a.example' }], audience: 'a', algorithms: ['ES256'], status: value })
  // @ts-expect-error a value is made by `statusLists`
  createGate({ ...rules, status: { uris: 'https://a.example/' } })
  const verifier = new Verifier({ ...rules, keys: 'PEM', status: value })
  new Verifier({ issuers: [{ issuer: 'https://a.example' }], algorithms: ['ES256'], status: value })
  // @ts-expect-error the small verifier has no such option
  new Small({ ...rules, keys: 'PEM', status: value })
  try {
    await verifier.verify(token)
  } catch (thrown) {
    if (thrown instanceof StatusListUnavailable) return thrown.url ?? thrown.refusal
  }
  const pass = await gate.check({ headers: new Headers() })
  if (pass.ok) return undefined
  return pass.refusal === 'status_invalid' || pass.cause instanceof JWKSUnavailable ? pass.refusal : pass.detail
}

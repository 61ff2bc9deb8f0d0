/** `jotgate/dpop` and `jotgate/mtls` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createGate } from 'jotgate'
import { dpop, type DpopOptions, type ProofOfPossession, replayMemory, type ReplayStore } from 'jotgate/dpop'
import { mtls } from 'jotgate/mtls'

export async function proofTypes(redis: { set(key: string, ttl: number): Promise<boolean> }): Promise<string | undefined> {
  const store: ReplayStore = { seen: async (key, until, now) => !(await redis.set(key, until - now)) }
  const options: DpopOptions = { required: true, replay: store, nonce: new Uint8Array(32), publicOrigin: 'https://api.example' }
  const proof: ProofOfPossession = dpop(options)
  // @ts-expect-error there is no such option
  dpop({ optional: true })
  // @ts-expect-error certificates in header fields are never read
  mtls({ header: 'x-client-cert' })
  // @ts-expect-error there is no such algorithm
  dpop({ algorithms: ['none'] })
  // @ts-expect-error a store says whether it has seen the key
  dpop({ replay: { seen: () => 'yes' } })
  const memory = dpop({ replay: replayMemory({ maxEntries: 10, maxPerKey: 5 }) })
  const gate = createGate({ issuer: 'https://a.example', audience: 'a', algorithms: ['ES256'], proof: [memory, mtls({ required: false })] as const })
  // @ts-expect-error a proof is made by `dpop`
  createGate({ issuer: 'https://a.example', audience: 'a', algorithms: ['ES256'], proof: { required: true } })
  createGate({ issuers: [{ issuer: 'https://a.example' }], audience: 'a', algorithms: ['ES256'], proof })
  const pass = await gate.check({ headers: new Headers() })
  if (!pass.ok && pass.status === 429) return pass.detail
  return pass.ok ? undefined : pass.error === 'use_dpop_nonce' ? 'again' : pass.refusal
}

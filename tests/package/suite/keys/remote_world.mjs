/**
 * Issuers for the tests of remote key sets. An issuer is a function, so that every runtime can run the tests, and the clock
 * moves only where a test moves it.
 */
import { audience, currentDate, issuer } from '../mint.mjs'

/** Returns the helpers that the tests share; its `test` stops the clock. */
export function remoteWorld({ jotgate, test: add, world }) {
  const { RemoteKeySet, Verifier } = jotgate
  const url = 'https://issuer.example/jwks'

  /** An issuer whose answers can be changed, and which counts. */
  function issuerOf(answer) {
    const self = {
      answer,
      calls: [],
      fetch: async (address, init) => {
        self.calls.push({ address, init })
        return self.answer(init, self.calls.length)
      },
    }
    return self
  }
  const serving = (jwks) => () => new Response(JSON.stringify(jwks))
  const only = (...algs) => ({ keys: algs.map((alg) => world().keys[alg].jwk) })
  const verifier = (keys) =>
    new Verifier({ keys, algorithms: ['ES256', 'ES384', 'EdDSA'], issuer, audience, currentDate })

  /** Runs with a stopped clock. */
  async function at(time, body) {
    const now = Date.now
    Date.now = () => time
    try {
      return await body()
    } finally {
      Date.now = now
    }
  }
  /** Runs with a clock that is that much ahead. */
  const later = (milliseconds, body) => at(Date.now() + milliseconds, body)
  /** Only `later` moves the clock, so that results do not depend on the speed of the machine. */
  const test = (name, body) => add(name, () => at(Date.now(), body))
  /** For the timers of sets whose issuer answers, so that a busy machine gives the same result. */
  const PATIENCE = 60_000
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const isolated =
    typeof WebSocketPair !== 'undefined' ||
    typeof EdgeRuntime !== 'undefined' ||
    globalThis.navigator?.userAgent === 'Cloudflare-Workers'
  /** A page, whose browser caches by itself and keeps some header fields to itself. */
  const page = typeof document === 'object'
  /** A host on which no promise may be shared, as in a worker. */
  async function inWorker(body) {
    const real = globalThis.WebSocketPair
    globalThis.WebSocketPair = class {}
    try {
      return await body()
    } finally {
      if (real === undefined) delete globalThis.WebSocketPair
      else globalThis.WebSocketPair = real
    }
  }

  const said =
    (headers, jwks = world().jwks, status = 200) =>
    () =>
      new Response(JSON.stringify(jwks), { status, headers })
  const make = (answer, options) => {
    const host = issuerOf(answer)
    const keys = new RemoteKeySet(url, { fetch: host.fetch, ...options })
    return { host, keys, checks: verifier(keys) }
  }

  /** An issuer whose documents stand at paths; what it has not is 404. */
  const site = (documents) => {
    const host = issuerOf(async () => {})
    const fetch = async (address, init) => {
      host.calls.push({ address, init })
      const document = documents[address]
      if (document === undefined) return new Response('no', { status: 404 })
      return typeof document === 'function' ? document() : new Response(JSON.stringify(document))
    }
    return { calls: () => host.calls.map(({ address }) => address), fetch }
  }

  /** The error of an issuer that cannot be asked. */
  const unavailable = { name: 'JWKSUnavailable', code: 'ERR_JWKS_UNAVAILABLE' }

  return { url, issuerOf, serving, only, verifier, at, later, test, PATIENCE, sleep, isolated, page, inWorker, said, make, site, unavailable }
}

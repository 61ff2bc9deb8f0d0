/** Introspection endpoints for the tests: an endpoint is a function, so that every runtime can run them. */
import { base64url, CLAIMS, NOW } from '../mint.mjs'

export const ENDPOINT = 'https://issuer.example/introspect'
export const OPAQUE = 'opaque-token_1~2+3/4=='
/** What the endpoint says about a good token. */
export const ACTIVE = Object.freeze({ active: true, client_id: 'app', token_type: 'Bearer', ...CLAIMS })

/** The value of an option that is left out. */
export const OMIT = Symbol('omit')

/** Returns the helpers that the tests share. */
export function introspectionWorld({ jotgate, introspection: { introspection }, world }) {
  /** An endpoint that counts. `answer` is a body, a Response, or a function of the form and the request. */
  function endpointOf(answer) {
    const calls = []
    const fetch = async (url, init) => {
      const form = Object.fromEntries(new URLSearchParams(init.body))
      calls.push({ url: String(url), init, form })
      const said = typeof answer === 'function' ? await answer(form, init) : answer
      if (said instanceof Response) return said
      return new Response(typeof said === 'string' ? said : JSON.stringify(said), { headers: { 'content-type': 'application/json' } })
    }
    return { calls, fetch }
  }
  const valueFor = (endpoint, options) => {
    const all = { endpoint: ENDPOINT, clientId: 'api', clientSecret: 's3cret', fetch: endpoint.fetch, timeoutDuration: 60_000, ...options }
    return introspection(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== OMIT)))
  }
  const rules = { keys: world().jwks, algorithms: ['ES256'], issuer: CLAIMS.iss, audience: CLAIMS.aud, currentDate: new Date(NOW * 1000) }
  const gateWith = (endpoint, options, extra) => jotgate.createGate({ ...rules, introspection: valueFor(endpoint, options), ...extra })
  const bearer = (token) => ({ headers: new Headers({ authorization: `Bearer ${token}` }), method: 'GET', url: 'https://api.example/notes' })
  const word = (pass) => (pass.ok ? 'passed' : `${pass.status} ${pass.error ?? '-'} ${pass.refusal}`)
  /** What a gate says about a token for which the endpoint answers this. */
  const wordOf = async (answer, { needs, token = OPAQUE, ...extra } = {}) => word(await gateWith(endpointOf(answer), {}, extra).check(bearer(token), needs))
  /** Runs with a clock at this time, in milliseconds. */
  const at = async (time, body) => {
    const { now } = Date
    Date.now = () => time
    try {
      return await body()
    } finally {
      Date.now = now
    }
  }
  return { at, bearer, endpointOf, gateWith, rules, valueFor, word, wordOf }
}

/** A token with a JSON header that no key has signed. */
export const forgedJwt = (header = '{"alg":"ES256"}') => `${base64url(header)}.${base64url('{}')}.AAAA`

/** A worker with gates at module scope. V8's log of functions shows what is compiled between the two markers. */
import { createGate } from 'jotgate'
import jwk from './key.json'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' }
const gates = {
  hand: createGate({ ...rules, keys: jwk }),
  set: createGate({ ...rules, keys: { keys: [jwk] } }),
  fetched: createGate({ ...rules, keys: keysOfIssuer }),
}
let total = 0

export default {
  async fetch(request) {
    const gate = gates[new URL(request.url).pathname.slice(1)]
    requestBegins()
    const { ok } = await gate.check(request)
    requestEnds()
    return new Response(`${ok} ${total}`)
  },
}

function keysOfIssuer() {
  return { keys: [jwk] }
}

function requestBegins() {
  total += 1
}

function requestEnds() {
  total += 1
}

/** A worker with a gate at module scope. V8's log of functions shows what is compiled between the two markers. */
import { createGate } from 'jotgate'
import { form, jwk } from './task.json'

const rules = { algorithms: ['ES256'], issuer: 'https://issuer.example', audience: 'api' }
const gate = createGate({ ...rules, keys: { hand: jwk, set: { keys: [jwk] }, fetched: keysOfIssuer }[form] })
let total = 0

export default {
  async fetch(request) {
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

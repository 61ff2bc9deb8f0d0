/** The package imported, nothing made: what every isolate pays. */
import { createGate } from 'jotgate'

export default {
  async fetch() {
    return new Response(typeof createGate.name)
  },
}

/** The package imported, nothing made: what every isolate pays. */
import { createRemoteJWKSet, importJWK, jwtVerify } from 'jose'

export default {
  async fetch() {
    return new Response(typeof [createRemoteJWKSet, importJWK, jwtVerify].join())
  },
}

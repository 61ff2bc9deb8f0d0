/** Makes tasks from fixtures: what an entrant must verify, and its tokens. */

const decoder = new TextDecoder()

/** The size of a cache where each token should be new to it: half of the pool. */
const TOO_FEW = 128
/** The size of a cache where tokens repeat: more than there are. */
const ENOUGH = 1000
/** The number of tokens that repeat. */
export const REPEATED = 64

/** What an entrant has to do: verify the tokens of one algorithm with one key or a set. */
export function taskOf(fixtures, { algorithm, keys, tokens }) {
  const { issuer, audience } = fixtures
  const { keys: all, one, set } = fixtures.algorithms[algorithm]
  const [{ jwk, pem, secret }] = all
  return {
    algorithm,
    keys,
    issuer,
    audience,
    jwk,
    pem,
    ...(secret === undefined ? {} : { secret: Uint8Array.from(atob(secret), (letter) => letter.charCodeAt(0)) }),
    jwks: { keys: all.map(({ jwk }) => jwk) },
    pems: Object.fromEntries(all.map(({ jwk, pem }) => [jwk.kid, pem])),
    example: (keys > 1 ? set : one).good[0],
    cacheEntries: tokens === 'fresh' ? TOO_FEW : ENOUGH,
  }
}

/** Returns tokens in turn. Each is a new flat string without a hash, as one from a socket. */
export class Pool {
  #bytes
  #next = 0

  constructor(fixtures, { algorithm, keys, tokens }) {
    const { one, set } = fixtures.algorithms[algorithm]
    const { good } = keys > 1 ? set : one
    const encoder = new TextEncoder()
    this.#bytes = (tokens === 'fresh' ? good : good.slice(0, REPEATED)).map((token) => encoder.encode(token))
  }

  take(count) {
    const tokens = this.peek(count)
    this.#next = (this.#next + count) % this.#bytes.length
    return tokens
  }

  /** The tokens that {@link take} returns next. */
  peek(count) {
    const tokens = []
    for (let n = 0; n < count; n++) tokens.push(decoder.decode(this.#bytes[(this.#next + n) % this.#bytes.length]))
    return tokens
  }
}

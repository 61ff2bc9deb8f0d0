/** Fixtures enter, tasks leave: what an entrant is made of, and the tokens that it gets. */

const decoder = new TextDecoder()

/** How many tokens a cache is given room for where each token is meant to be new to it: half of the pool. */
const TOO_FEW = 128
/** Where tokens come again: more than there are. */
const ENOUGH = 1000
/** How many different tokens come again and again. */
export const REPEATED = 64

/** What an entrant has to do: verify the tokens of one algorithm under one key, or under a set of them. */
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

/** Hands out tokens in turn, each a string that nobody has seen: flat, without a hash, as one from a socket. */
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

  /** The same tokens that {@link take} will hand out next. */
  peek(count) {
    const tokens = []
    for (let n = 0; n < count; n++) tokens.push(decoder.decode(this.#bytes[(this.#next + n) % this.#bytes.length]))
    return tokens
  }
}

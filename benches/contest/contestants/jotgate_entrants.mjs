import { Absent } from './absent.mjs'

/** The entrants of one build of jotgate. `name` is the first word of their names. */
export function entrantsOf({ KeySet, Verifier }, name) {
  /** One set for all verifiers of a process, as in a program: all keys share the memory for tables. */
  let set

  function options(task) {
    const { algorithm, issuer, audience } = task
    const keys = task.keys > 1 ? (set ??= new KeySet(task.jwks)) : (task.secret ?? task.jwk)
    return { keys, algorithms: [algorithm], issuer, audience }
  }

  function cached(task) {
    const given = options(task)
    try {
      return new Verifier({ ...given, tokenCache: { maxEntries: task.cacheEntries } })
    } catch (thrown) {
      if (thrown instanceof TypeError) throw new Absent(`this version has no token cache: ${thrown.message}`)
      throw thrown
    }
  }

  return {
    [`${name} verify`]: (task) => awaited(new Verifier(options(task))),
    [`${name} verifySync`]: (task) => direct(new Verifier(options(task))),
    [`${name} verify, token cache`]: (task) => awaited(cached(task)),
    [`${name} verifySync, token cache`]: (task) => direct(cached(task)),
  }
}

function awaited(verifier) {
  return async (token) => (await verifier.verify(token)).payload
}

function direct(verifier) {
  return (token) => verifier.verifySync(token).payload
}

import { KeySet, Verifier } from 'jotgate'
import { Absent } from './absent.mjs'

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

function awaited(verifier) {
  return async (token) => (await verifier.verify(token)).payload
}

function direct(verifier) {
  return (token) => verifier.verifySync(token).payload
}

export const entrants = {
  'jotgate verify': (task) => awaited(new Verifier(options(task))),
  'jotgate verifySync': (task) => direct(new Verifier(options(task))),
  'jotgate verify, token cache': (task) => awaited(cached(task)),
  'jotgate verifySync, token cache': (task) => direct(cached(task)),
}

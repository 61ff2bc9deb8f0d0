/** The options of a gate or of one issuer enter, its keys leave: those given, or a set that is fetched when it is needed. */
import { keysFrom } from './engine.js'
import type { Options } from '../base/options.js'
import { misuse } from '../base/refusal.js'
import { address, REMOTE_NAMES, RemoteKeySet } from '../remote/remote_key_set.js'

/** `keys`, the set at `jwksUri`, or the one that the metadata of the only issuer names. */
export function keysOf(given: Options, [issuer = '', ...others]: readonly string[]): ReturnType<typeof keysFrom> {
  const remote = REMOTE_NAMES.filter((name) => given.has(name))
  if (given.has('keys')) {
    if (given.has('jwksUri')) throw misuse('jwksUri', 'and `keys` exclude each other')
    const [useless] = remote
    if (useless !== undefined) throw misuse(useless, 'means nothing where `keys` are given')
    return given.require('keys', keysFrom)
  }
  const options = Object.fromEntries(remote.map((name) => [name, given.read(name, same)]))
  if (given.has('jwksUri')) return given.require('jwksUri', (name, uri) => new RemoteKeySet(address(name, uri), options))
  if (others.length === 0) return RemoteKeySet.fromIssuer(issuer, options)
  throw misuse('jwksUri', 'or `keys` is required where several issuers share them: else `issuers`')
}

function same(_: string, value: unknown): unknown {
  return value
}

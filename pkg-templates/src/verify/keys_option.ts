/** Reads the options that name keys: `keys`, `jwksUri`, or an issuer alone. */
import { handle, ImportedKey, jwkText } from '../keys/imported_key.js'
import { KeySet } from '../keys/key_set.js'
import type { JSONWebKeySet, JWK } from '../base/types.js'
import type * as bindings from '../wasm/bindings.js'
import { isBytes } from '../base/bytes.js'
import { boot } from '../wasm/instance.js'
import type { Options } from '../base/options.js'
import { isGiven, memberOf } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { REMOTE_NAMES, type RemoteKeySet, type RemoteKeySetOptions } from '../remote/remote_key_set.js'
import type { Parts } from './parts.js'

/**
 * The source of the keys: a JWK or a JWKS as an object, a {@link KeySet}, a {@link RemoteKeySet}, an imported key, the PEM
 * text of a public key (`PUBLIC KEY`, `RSA PUBLIC KEY`), the bytes of a shared secret, or a function that returns a JWKS. The function is
 * called whenever the set of an issuer would be fetched. A pair is a secret and public keys: each is used only for the algorithms of its
 * kind.
 */
export type Keys = OneKeys | readonly [OneKeys, OneKeys]

/** One source of keys. */
export type OneKeys =
  | JWK
  | JSONWebKeySet
  | KeySet
  | RemoteKeySet
  | ImportedKey
  | Uint8Array
  | string
  | (() => JSONWebKeySet | Promise<JSONWebKeySet>)

/** Keys in the form that a verifier takes. */
export type VerifierKeys = bindings.Keys | KeySet | RemoteKeySet

/**
 * Returns the keys of the option `keys`, the set at `jwksUri`, or the set that the issuer's metadata names.
 *
 * @param found - makes the set of an issuer if neither is given
 */
export function keysOf(
  given: Options,
  [issuer = '', ...others]: readonly string[],
  parts: Parts,
  found?: (options: RemoteKeySetOptions) => RemoteKeySet,
): VerifierKeys | VerifierKeys[] {
  const remote = REMOTE_NAMES.filter((name) => given.has(name))
  const options = Object.fromEntries(remote.map((name) => [name, given.read(name, same)]))
  if (given.has('keys')) {
    if (given.has('jwksUri')) throw optionError('jwksUri', 'cannot be combined with `keys`')
    return given.require('keys', (name, value) => {
      const isFunction = typeof value === 'function'
      const useless = remote.find((name) => !isFunction || name === 'headers' || name === 'fetch')
      if (useless !== undefined) throw optionError(useless, 'cannot be combined with these `keys`')
      return Array.isArray(value) ? value.map((each) => keysFrom(name, each, parts)) : keysFrom(name, value, parts, isFunction ? options : {})
    })
  }
  if (given.has('jwksUri')) {
    return given.require('jwksUri', (name, uri) => parts.remoteKeys.at(name, uri, options))
  }
  if (found !== undefined) return found(options)
  if (others.length === 0) return parts.remoteKeys.of(issuer, options)
  throw optionError('jwksUri', 'or `keys` is required if `issuer` lists several issuers; use `issuers` if each has its own keys')
}

function same(_: string, value: unknown): unknown {
  return value
}

/** Checks and prepares keys. `name` is the option. `options` apply if `value` is a function that returns a set. */
export function keysFrom(name: string, value: unknown, parts: Parts, options: RemoteKeySetOptions = {}): VerifierKeys {
  if (value instanceof KeySet) return value
  if (value instanceof ImportedKey) return handle(value)
  const remote = parts.remoteKeys.from(value, options)
  if (remote !== undefined) return remote
  if (isBytes(value)) return boot().Keys.fromSecret(value)
  if (typeof value === 'string') {
    // Text is never a secret. Otherwise the PEM text of a public key could become an HMAC secret (RFC 8725 §2.1).
    if (!value.includes('-----BEGIN ')) {
      throw optionError(name, 'is text but not PEM: give a secret as bytes, and a URL as `new RemoteKeySet(url)`')
    }
    return boot().Keys.fromText('Pem', value)
  }
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(memberOf(value as { keys?: unknown }, 'keys'))) return new KeySet(value as JSONWebKeySet)
    if (isGiven(value, 'kty')) return boot().Keys.fromText('Jwk', jwkText(value as JWK))
  }
  throw optionError(name, 'must be a JWK, a JWKS, a KeySet, a RemoteKeySet, PEM text, the bytes of a secret or a function')
}

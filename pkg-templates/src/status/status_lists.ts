/** `statusLists`: refuses revoked and suspended tokens by status lists (draft-ietf-oauth-status-list). */
import { callable, filled, flag, milliseconds, Options, size, string, timer, whole } from '../base/options.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { FetchFunction } from '../remote/fetch_text.js'
import type { JudgeContext } from '../verify/judge.js'
import { JOIN_STATUS, type TokenStatus } from '../verify/status.js'
import { canInflate } from './inflate.js'
import { allowedAddress } from './reference.js'
import { type Settings, StatusJudge } from './status_judge.js'

/** How the status of tokens is looked up. Durations are milliseconds. */
export interface StatusListOptions {
  /**
   * Where status lists may be. An address with a `/` at its end allows all addresses below it, any other one only itself. `https:`, or
   * `http:` on a loopback address. Default: below the address of the token's issuer.
   */
  uris?: readonly string[]
  /** Whether tokens without the claim `status` are refused. Default: `false`. */
  required?: boolean
  /**
   * The longest that a list is used before it is fetched again. `ttl` and `exp` of the list can shorten it; without them,
   * `Cache-Control` can, to no less than a second. Default: 600,000.
   */
  cacheMaxAge?: number
  /** How long a list stays in use after that, while its host fails. Never beyond its `exp`. Default: 300,000. */
  maxStale?: number
  /** How long a response may take, to its last byte. Default: 5,000. */
  timeoutDuration?: number
  /** The most bytes of one list, decompressed: eight million tokens with one bit each take one million. Default: 8 MiB. */
  maxBytes?: number
  /** How many lists are kept at most, in no more than four times `maxBytes`. Default: 100. */
  maxLists?: number
  /** Fetches instead of the runtime's `fetch`. In Workers, lists are then not shared with other isolates. */
  fetch?: FetchFunction
}

/**
 * Makes a value for the option `status` of `createGate` and `Verifier`. A token with the claim `status` is then refused unless its status
 * is VALID. The status list is fetched when it is needed, and verified with the keys and algorithms of the token's issuer.
 *
 * @throws `TypeError` that names the option that is unknown or invalid, or if the runtime has no `DecompressionStream`
 *
 * @example
 * ```js
 * const gate = createGate({
 *   issuer: 'https://issuer.example',
 *   audience: 'https://api.example',
 *   algorithms: ['ES256'],
 *   status: statusLists({ uris: ['https://issuer.example/statuslists/'] }),
 * })
 * ```
 */
export function statusLists(options: StatusListOptions = {}): TokenStatus {
  const given = new Options('statusLists', options, NAMES)
  if (!canInflate()) throw new TypeError('`statusLists` needs `DecompressionStream`, which this runtime does not have')
  const uris = given.read('uris', addresses)
  const seconds = (name: string, otherwise: number) => (given.read(name, milliseconds) ?? otherwise) / 1_000
  const timeout = given.read('timeoutDuration', (name, value) => whole(name, timer(name, value), ' of milliseconds')) ?? 5_000
  const cacheMaxAge = seconds('cacheMaxAge', 600_000)
  if (cacheMaxAge < SHORTEST_LIFE) throw optionError('cacheMaxAge', 'must be at least 1000 milliseconds')
  const settings: Settings = {
    uris,
    required: given.read('required', flag) ?? false,
    bounds: { maxBytes: given.read('maxBytes', size) ?? 8 << 20, maxLists: given.read('maxLists', size) ?? 100 },
    loader: {
      headers: new Headers(record({ accept: 'application/statuslist+jwt' })),
      fetch: given.read('fetch', callable<FetchFunction>),
      settings: {
        timeoutDuration: timeout / 1_000,
        cacheMaxAge,
        cacheMinAge: SHORTEST_LIFE,
        maxStale: seconds('maxStale', 300_000),
        cooldownDuration: 30,
      },
    },
  }
  const value: TokenStatus = { uris }
  Object.defineProperty(value, JOIN_STATUS, record({ value: join }))
  Object.defineProperty(value, SETTINGS, record({ value: settings }))
  return Object.freeze(value)
}

/** How long a list is fresh at least, in seconds. */
const SHORTEST_LIFE = 1

const NAMES = ['uris', 'required', 'cacheMaxAge', 'maxStale', 'timeoutDuration', 'maxBytes', 'maxLists', 'fetch']

/** Entries are bundled separately: a value may come from another copy of this file. */
const SETTINGS: unique symbol = Symbol.for('jotgate.status.settings') as never

function join(values: readonly unknown[], context: JudgeContext): StatusJudge {
  const settings = (values[0] as { [SETTINGS]: Settings })[SETTINGS]
  if (values.length > 1) throw optionError('status', 'must be one value: `uris` takes several addresses')
  return new StatusJudge(settings, context)
}

function addresses(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw optionError(name, 'must be an array of addresses')
  return Array.from(filled<unknown[]>(name, value), (item) => {
    const address = allowedAddress(string(name, item))
    if (address === undefined) throw optionError(name, 'must contain https: addresses without credentials, fragment and query, or http: ones on loopback')
    return address
  })
}

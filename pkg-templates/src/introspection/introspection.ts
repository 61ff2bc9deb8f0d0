/** `introspection`: looks up tokens that are not JWTs at the introspection endpoint of their issuer (RFC 7662, RFC 9701). */
import { type Duration, secondsUpTo } from '../base/duration.js'
import { callable, flag, Options, size, text, timer, whole } from '../base/options.js'
import { record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import type { HeaderFields } from '../base/types.js'
import { type Introspection, JOIN_INTROSPECTIONS } from '../gate/introspection.js'
import type { MaybePromise } from '../gate/types.js'
import { issuerIdentifier } from '../remote/discovery.js'
import type { FetchFunction } from '../remote/fetch_text.js'
import { address } from '../remote/remote_key_set.js'
import type { JudgeContext } from '../verify/judge.js'
import { AUTHENTICATION_NAMES, authenticationFrom } from './client_authentication.js'
import { Endpoint } from './endpoint.js'
import { Introspections } from './introspections.js'
import { Introspector, type Settings } from './introspector.js'

/** The options of {@link introspection}. `endpoint` or `issuer` is required, and one of `clientSecret`, `clientAssertion` and `headers`. */
export type IntrospectionOptions = IntrospectionSettings & ({ endpoint: string | URL } | { issuer: string })

/** The members of {@link IntrospectionOptions}. */
export interface IntrospectionSettings {
  /** The URL of the introspection endpoint. Without it, the metadata of `issuer` names the endpoint (RFC 8414). */
  endpoint?: string | URL
  /** The issuer whose tokens the endpoint knows. Required without `endpoint`, and if the gate has `issuers`. Default: the gate's issuer. */
  issuer?: string
  /** The identifier of your API at the issuer. Required with `clientSecret`, `clientAssertion` and `signed`. */
  clientId?: string
  /** The secret of your API, sent as `client_secret_basic` (RFC 6749 §2.3.1). */
  clientSecret?: string
  /** Returns a new JWT that authenticates your API, for `private_key_jwt` (RFC 7523 §2.2). Called for each request. */
  clientAssertion?: () => MaybePromise<string>
  /** Header fields that authenticate your API, or a function that returns them. Called for each request. */
  headers?: HeaderFields | (() => MaybePromise<HeaderFields>)
  /** A function that replaces the runtime's `fetch`, also for the metadata: a service binding, or a client with a certificate. */
  fetch?: FetchFunction
  /**
   * Whether responses are signed (RFC 9701). If so, only signed ones are accepted. They are verified with the issuer's keys and the gate's
   * algorithms, their `aud` must be `clientId`, and they must be at most 5 minutes old. Default: `false`.
   */
  signed?: boolean
  /**
   * Whether valid JWTs of the issuer are also sent to the endpoint, so that revoked ones are refused. The claims of the pass are then
   * those of the JWT. Default: `false`: JWTs are verified here, and never sent.
   */
  introspectJwts?: boolean
  /**
   * Returns whether this endpoint knows a token that is not a JWT. Required if the gate has several endpoints: the first one that returns
   * `true` is used.
   */
  chooses?(token: string): boolean
  /** The time that an active token is cached: seconds, or text such as `2 minutes`, at most an hour, never beyond `exp`. Default: 60. */
  maxAge?: Duration
  /** The most active tokens that are cached, in at most 8 MiB. As many inactive tokens are cached, too. Default: 1,000. */
  maxEntries?: number
  /** The most concurrent requests to the endpoint. Further tokens are answered with 503. Default: 50. */
  maxCalls?: number
  /** The time limit for a response, in milliseconds. Default: 5,000. */
  timeoutDuration?: number
}

/**
 * Makes a value for the option `introspection` of `createGate`. Tokens that are not JWTs are then looked up at the issuer's endpoint. The
 * response must fulfil the same rules as a JWT: issuer, audience, times, `cnf`, scopes.
 *
 * @throws `TypeError` that names the option that is missing, unknown or invalid
 *
 * @example
 * ```js
 * const gate = createGate({
 *   issuer: 'https://issuer.example',
 *   audience: 'https://api.example',
 *   algorithms: ['ES256'],
 *   introspection: introspection({
 *     endpoint: 'https://issuer.example/introspect',
 *     clientId: 'my-api',
 *     clientSecret: env.CLIENT_SECRET,
 *   }),
 * })
 * ```
 */
export function introspection(options: IntrospectionOptions): Introspection {
  const given = new Options('introspection', options, NAMES)
  const url = given.read('endpoint', address)
  const issuer = given.read('issuer', url === undefined ? discoverable : text)
  const at = url !== undefined ? record({ url }) : issuer !== undefined ? record({ issuer }) : undefined
  if (at === undefined) throw optionError('endpoint', 'is required, or `issuer`, whose metadata names it')
  const authenticate = authenticationFrom(given)
  const isSigned = given.read('signed', flag) ?? false
  const clientId = given.read('clientId', text)
  if (isSigned && clientId === undefined) throw optionError('clientId', 'is required with `signed`: it is the audience of the responses')
  const chooses = given.read('chooses', callable<(token: string) => unknown>)
  const fetch = given.read('fetch', callable<FetchFunction>)
  const timeout = given.read('timeoutDuration', (name, value) => whole(name, timer(name, value), ' of milliseconds')) ?? 5_000
  const maxCalls = given.read('maxCalls', size) ?? 50
  const settings: Settings = {
    issuer,
    chooses: chooses && ((token) => chooses.call(options, token) === true),
    introspectJwts: given.read('introspectJwts', flag) ?? false,
    maxAge: given.read('maxAge', secondsUpTo(3_600)) ?? 60,
    maxEntries: given.read('maxEntries', size) ?? 1_000,
    signedFor: isSigned ? clientId : undefined,
    endpoint: () =>
      new Endpoint({ at, authenticate, fetch, timeout, maxCalls, accept: isSigned ? 'application/token-introspection+jwt' : 'application/json' }),
  }
  const value: Introspection = { issuer }
  Object.defineProperty(value, JOIN_INTROSPECTIONS, record({ value: join }))
  Object.defineProperty(value, SETTINGS, record({ value: settings }))
  return Object.freeze(value)
}

function discoverable(name: string, value: unknown): string {
  return issuerIdentifier(name, value, 'give `endpoint` instead')
}

const NAMES = [
  'endpoint',
  'issuer',
  ...AUTHENTICATION_NAMES,
  'fetch',
  'signed',
  'introspectJwts',
  'chooses',
  'maxAge',
  'maxEntries',
  'maxCalls',
  'timeoutDuration',
]

/** Entries are bundled separately: a value may come from another copy of this file. */
const SETTINGS: unique symbol = Symbol.for('jotgate.introspection.settings') as never

function join(values: readonly unknown[], context: JudgeContext): Introspections {
  const introspectors = values.map((value) => {
    const settings = (value as { [SETTINGS]?: Settings } | null | undefined)?.[SETTINGS]
    if (settings === undefined) throw optionError('introspection', 'must be made by `introspection`')
    return new Introspector(settings, context)
  })
  if (introspectors.length > 1 && !introspectors.every(({ settings }) => settings.chooses)) {
    throw optionError('chooses', 'is required for each `introspection`, if there are several')
  }
  return new Introspections(introspectors, context)
}

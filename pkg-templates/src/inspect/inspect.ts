/** `inspect`: checks the options, passes them to the inspector's module and returns its report. */
import { flag, list, Options, size, string, text, texts } from '../base/options.js'
import { jsonOf, record } from '../base/record.js'
import { optionError } from '../base/refusal.js'
import { boot, bootAside } from './instance.js'
import type { ModuleRequest } from './module.js'
import type { InspectOptions, KeyText } from './options.js'
import type { Report } from './report.js'

const NAMES = ['keys', 'policy', 'needs', 'now', 'metadata', 'request']
/** The options of a policy, each with its check. */
const POLICY = {
  algorithms: list,
  issuer: texts,
  audience: texts,
  subject: text,
  typ: texts,
  typOptional: flag,
  requiredClaims: list,
  requireExp: flag,
  clockTolerance: seconds,
  maxTokenAge: seconds,
  crit: list,
  maxTokenLength: size,
  minSecretLength: size,
  refuseBound: flag,
} as const
const NEEDS = {
  scopes: list,
  anyScope: list,
  permissions: list,
  anyPermission: list,
  roles: list,
  anyRole: list,
} as const

/**
 * Explains a pasted text: its kind, whether the token in it is accepted, and if not, why and what to do. It uses no network. With `now` it
 * does not read the clock.
 *
 * @param input - any text: a token, `Bearer …`, a `curl` command or its output, a cookie header, a token response, a URL, a
 *   `WWW-Authenticate` line, metadata, a key set, a DPoP proof beside its request
 * @throws `TypeError` that names an invalid option. It never throws because of `input`
 */
export function inspect(input: string, options: InspectOptions = {}): Report {
  const bag = new Options('inspect', options, NAMES)
  const request = record<ModuleRequest>({
    input: string('input', input),
    keys: bag.read('keys', keys) ?? [],
    now: bag.read('now', time) ?? Date.now() / 1000,
  })
  const policy = bag.read('policy', (_, value) => checked('policy', value, POLICY))
  const needs = bag.read('needs', (_, value) => checked('needs', value, NEEDS))
  const metadata = bag.read('metadata', string)
  const line = bag.read('request', (_, value) => fields('request', value, { method: string, url: string, token: string }))
  if (policy !== undefined) request.policy = policy
  if (needs !== undefined) request.needs = needs
  if (metadata !== undefined) request.metadata = metadata
  if (line !== undefined) request.request = line
  return boot().inspect(request)
}

/**
 * Starts the inspector without blocking. Without this call, it is compiled at first use, which some browsers do not allow. In other runtimes
 * this call is optional.
 */
export function ready(): Promise<void> {
  return bootAside()
}

type Check = (name: string, value: unknown) => unknown

/** Checks each member of an option that is an object. Returns the members. */
function fields(owner: string, value: unknown, checks: Readonly<Record<string, Check>>): Record<string, unknown> {
  const names = Object.keys(checks)
  const bag = new Options(owner, value, names)
  const read: Record<string, unknown> = record({})
  for (const name of names) {
    const found = bag.read(name, checks[name] as Check)
    if (found !== undefined) read[name] = found
  }
  return read
}

/** Checks each member of an option that is an object. Returns the JSON text that the core reads. */
function checked(owner: string, value: unknown, checks: Readonly<Record<string, Check>>): string {
  return jsonOf(fields(owner, value, checks))
}

function keys(name: string, value: unknown): NonNullable<ModuleRequest['keys']> {
  return (Array.isArray(value) ? value : [value]).map((given: string | KeyText) => {
    if (typeof given === 'string') return record({ text: given })
    const read = fields(name, given, { text: string, from: origin, url: string })
    if (read['text'] === undefined) throw optionError(name, 'must be text, or objects with `text`')
    return read as unknown as KeyText
  })
}

function origin(_: string, value: unknown): string {
  if (value === 'entered' || value === 'fetched' || value === 'earlier') return value
  throw optionError('from', 'must be `entered`, `fetched` or `earlier`')
}

function time(name: string, value: unknown): number {
  const seconds = value instanceof Date ? value.getTime() / 1000 : value
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return seconds
  throw optionError(name, 'must be a valid Date or a number of seconds')
}

function seconds(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw optionError(name, 'must be a number of seconds, not below 0')
}

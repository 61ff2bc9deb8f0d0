/** Looks up tokens at one endpoint, and checks the responses by the rules of its issuer. */
import { jsonOf, memberOf, record } from '../base/record.js'
import { errorFrom, optionError, type Refusal } from '../base/refusal.js'
import { requestsAreIsolated } from '../base/runtime.js'
import { sha256 } from '../base/sha256.js'
import type { WaitUntil } from '../remote/source_options.js'
import type { IssuerRules, Judge, JudgeContext, KeyedVerdict } from '../verify/judge.js'
import { decode } from '../wasm/calls.js'
import { AnswerPolicy } from './answer_policy.js'
import type { Endpoint } from './endpoint.js'
import { unavailable } from './failure.js'
import { Recent } from './recent.js'

/** The checked options of one endpoint. */
export interface Settings {
  readonly issuer: string | undefined
  readonly chooses: ((token: string) => boolean) | undefined
  readonly introspectJwts: boolean
  /** The time that an active token is cached, in seconds. */
  readonly maxAge: number
  readonly maxEntries: number
  /** The audience of signed responses; `undefined` if responses are not signed. */
  readonly signedFor: string | undefined
  /** Makes the endpoint for one gate. */
  endpoint(): Endpoint
}

/** An active token: the response as a JWT of {@link AnswerPolicy}, and the time at which the token expires, in seconds since 1970. */
interface Active {
  readonly sealed: string
  readonly exp: number
}

/** The time that an inactive token is cached, in seconds. */
const INACTIVE_AGE = 10
/** The greatest age of a signed response, in seconds. */
const SIGNED_AGE = 300

/** Looks up tokens at one endpoint. */
export class Introspector {
  readonly #context: JudgeContext
  readonly #endpoint: Endpoint
  readonly #policy: AnswerPolicy
  /** Verifies signed responses. */
  readonly #signed: Judge | undefined
  readonly #issuers: readonly string[]
  readonly #active: Recent<Active>
  readonly #inactive: Recent<true>
  /** The lookups under way, by the hash of the token. */
  readonly #pending = new Map<string, Promise<Active | undefined>>()

  constructor(
    readonly settings: Settings,
    context: JudgeContext,
  ) {
    const { fields, verifierFor } = rulesOf(settings, context.rules)
    const { algorithms, clockTolerance, maxCandidates } = fields
    this.#context = context
    this.#endpoint = settings.endpoint()
    this.#policy = new AnswerPolicy(fields)
    this.#issuers = fields.issuer ?? []
    this.#active = new Recent(settings.maxEntries)
    this.#inactive = new Recent(settings.maxEntries)
    if (settings.signedFor !== undefined) {
      this.#signed = verifierFor(
        record({
          ...(algorithms && { algorithms }),
          ...(maxCandidates !== undefined && { maxCandidates }),
          ...(clockTolerance !== undefined && { clockTolerance }),
          issuer: [...this.#issuers],
          audience: [settings.signedFor],
          typ: ['token-introspection+jwt'],
          // RFC 9701 §5: these JWTs have no `exp`, so that no API accepts them as access tokens.
          requireExp: false,
          maxTokenAge: SIGNED_AGE,
          maxTokenLength: MAX_SIGNED,
        }),
      )
    }
  }

  /** Whether the token's issuer is that of this endpoint. */
  knows(issuer: unknown): boolean {
    return typeof issuer === 'string' && this.#issuers.includes(issuer)
  }

  /**
   * Looks up the token, or uses the cached response, and checks it.
   *
   * @throws IntrospectionUnavailable if there is no usable response; with signed responses also JWKSUnavailable
   */
  async judge(token: string, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    const name = await sha256(token)
    const found = this.#cached(name) ?? (this.#inactive.find(name) ? undefined : await this.#lookUp(name, token, waitUntil))
    if (found === undefined) return refused(INACTIVE)
    const verdict = this.#policy.judge(found.sealed, this.#context.now())
    if (!verdict.ok) return { ...verdict, key: undefined, fetchable: false }
    const wrong = notAccessToken(verdict.payload)
    if (wrong !== undefined) return { ...refused(wrong), payload: verdict.payload }
    return { ...verdict, header: {} as never, key: undefined, fetchable: false }
  }

  /** Returns the cached response for an active token, until the token expires. */
  #cached(name: string): Active | undefined {
    const found = this.#active.find(name)
    if (found === undefined || this.#context.now() < found.exp) return found
    this.#active.forget(name)
    return undefined
  }

  async #lookUp(name: string, token: string, waitUntil: WaitUntil | undefined): Promise<Active | undefined> {
    // In Workers, one request must not await a promise of another.
    if (requestsAreIsolated()) return this.#ask(name, token, waitUntil)
    let pending = this.#pending.get(name)
    if (pending === undefined) {
      pending = this.#ask(name, token, waitUntil).finally(() => this.#pending.delete(name))
      this.#pending.set(name, pending)
    }
    return pending
  }

  async #ask(name: string, token: string, waitUntil: WaitUntil | undefined): Promise<Active | undefined> {
    const text = await this.#endpoint.ask(token)
    const sealed = await this.#policy.seal(this.#signed ? await introspectionOf(this.#signed, text, waitUntil) : text)
    const decoded = decode(sealed)
    const active = decoded.ok ? memberOf(decoded.payload, 'active') : undefined
    if (!decoded.ok || typeof active !== 'boolean') {
      throw unavailable('introspection_malformed', 'the introspection endpoint sent no JSON object with `active`', decoded.ok ? undefined : errorFrom(decoded.refusal))
    }
    const { maxAge } = this.settings
    if (!active) {
      this.#inactive.keep(name, true, Math.min(INACTIVE_AGE, maxAge), 0)
      return undefined
    }
    const exp = memberOf(decoded.payload, 'exp')
    const found: Active = { sealed, exp: typeof exp === 'number' ? exp : Infinity }
    this.#active.keep(name, found, maxAge, sealed.length)
    return found
  }
}

/** The longest signed response, in bytes. */
const MAX_SIGNED = 65_536

/** Returns the rules of the issuer of an endpoint. */
function rulesOf({ issuer }: Settings, rules: readonly IssuerRules[]): IssuerRules {
  if (rules.length > 1 && issuer === undefined) throw optionError('issuer', 'of `introspection` is required with `issuers`')
  const found = rules.find(({ fields }) => fields.issuer !== undefined && (issuer === undefined || fields.issuer.includes(issuer)))
  if (found === undefined) {
    throw optionError('introspection', issuer === undefined ? 'cannot be combined with a template of issuers' : 'has an `issuer` that the gate does not accept')
  }
  return found
}

/** Verifies a signed response (RFC 9701 §5). Returns the response that it contains, as JSON text. */
async function introspectionOf(signed: Judge, text: string, waitUntil: WaitUntil | undefined): Promise<string> {
  const verdict = await signed.judge(text.trim(), waitUntil)
  if (!verdict.ok) throw unavailable('introspection_signature', 'the signed answer of the introspection endpoint is not accepted', errorFrom(verdict.refusal))
  return jsonOf(memberOf(verdict.payload, 'token_introspection') ?? null)
}

/** Returns the refusal of an active token that is not an access token. Endpoints also accept refresh tokens. */
function notAccessToken(claims: object): Refusal | undefined {
  const { token_type: type, token_use: use } = record(claims as { token_type?: unknown; token_use?: unknown })
  const isOther = type !== undefined && !/^(?:bearer|dpop|access_token)$/i.test(String(type))
  return isOther || (use !== undefined && use !== 'access_token') ? OTHER : undefined
}

function refused(refusal: Refusal): KeyedVerdict & { ok: false } {
  return { ok: false, refusal, payload: undefined, key: undefined, fetchable: false }
}

const of = { class: 'ERR_JWT_CLAIM_VALIDATION_FAILED', reason: 'check_failed' }
const INACTIVE: Refusal = { ...of, code: 'token_inactive', claim: 'active', message: 'the token is not active', detail: 'the token is not active' }
const NOT_ACCESS = 'the token is not an access token'
const OTHER: Refusal = { ...of, code: 'not_access_token', claim: 'token_type', message: NOT_ACCESS, detail: NOT_ACCESS }

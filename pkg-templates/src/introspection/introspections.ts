/** Decides for each token whether it is verified here or looked up, and where. */
import { binaryOf } from '../base/bytes.js'
import { JWKSUnavailable } from '../base/errors.js'
import { memberOf } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import type { IntrospectionContext } from '../gate/introspection.js'
import type { WaitUntil } from '../remote/source_options.js'
import type { Judge, KeyedVerdict } from '../verify/judge.js'
import type { Introspector } from './introspector.js'

/** The longest token that is looked up, in bytes, if `maxTokenLength` is not set. */
const MAX_TOKEN = 16_384

/** All endpoints of a gate. */
export class Introspections implements Judge {
  readonly #introspectors: readonly Introspector[]
  readonly #local: Judge
  readonly #maxLength: number

  constructor(introspectors: readonly Introspector[], { local, rules }: IntrospectionContext) {
    this.#introspectors = introspectors
    this.#local = local
    this.#maxLength = rules[0]?.fields.maxTokenLength ?? MAX_TOKEN
  }

  judgeNow(token: unknown): KeyedVerdict {
    const verdict = this.#isOpaque(token) ? undefined : this.#local.judgeNow(token)
    if (verdict !== undefined && this.#alsoAsked(verdict) === undefined) return verdict
    throw withRefusal('keys_not_ready', new JWKSUnavailable('the token has to be introspected: await `check`'))
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    if (this.#isOpaque(token)) {
      const introspector = this.#introspectors.find(({ settings }) => settings.chooses?.(token) ?? true)
      return introspector === undefined ? this.#local.judge(token, waitUntil) : introspector.judge(token, waitUntil)
    }
    const verdict = await this.#local.judge(token, waitUntil)
    const answer = await this.#alsoAsked(verdict)?.judge(token as string, waitUntil)
    return answer === undefined || answer.ok ? verdict : answer
  }

  /** The endpoint that is asked about a valid JWT, too. */
  #alsoAsked(verdict: KeyedVerdict): Introspector | undefined {
    if (!verdict.ok) return undefined
    const issuer = memberOf(verdict.payload, 'iss')
    return this.#introspectors.find((introspector) => introspector.settings.introspectJwts && introspector.knows(issuer))
  }

  /** Whether this is a bearer token (RFC 6750 §2.1) that is no JWT. Anything else is refused here, and never sent. */
  #isOpaque(token: unknown): token is string {
    return typeof token === 'string' && token.length <= this.#maxLength && /^[\w.~+/-]+=*$/.test(token) && !isJwt(token)
  }
}

/** Whether a token has three parts and a JSON object as its header. */
function isJwt(token: string): boolean {
  const [header = '', ...others] = token.split('.')
  if (others.length !== 2) return false
  try {
    const parsed: unknown = JSON.parse(binaryOf(header))
    return typeof parsed === 'object' && parsed !== null
  } catch {
    return false
  }
}

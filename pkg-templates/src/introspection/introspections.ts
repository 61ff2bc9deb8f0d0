/** Decides for each token whether it is verified locally or looked up at an endpoint. */
import { binaryOf } from '../base/bytes.js'
import { JWKSUnavailable } from '../base/errors.js'
import { memberOf } from '../base/record.js'
import { withRefusal } from '../base/refusal.js'
import type { WaitUntil } from '../remote/source_options.js'
import type { Judge, JudgeContext, KeyedVerdict } from '../verify/judge.js'
import type { Introspector } from './introspector.js'

/** The longest token that is looked up, in bytes, if `maxTokenLength` is not set. */
const MAX_TOKEN = 16_384

/** The introspection endpoints of one gate. */
export class Introspections implements Judge {
  readonly #introspectors: readonly Introspector[]
  readonly #local: Judge
  readonly #maxLength: number

  constructor(introspectors: readonly Introspector[], { local, rules }: JudgeContext) {
    this.#introspectors = introspectors
    this.#local = local
    this.#maxLength = rules[0]?.fields.maxTokenLength ?? MAX_TOKEN
  }

  judgeNow(token: unknown): KeyedVerdict {
    const verdict = this.#isOpaque(token) ? undefined : this.#local.judgeNow(token)
    if (verdict !== undefined && this.#revocationCheck(verdict) === undefined) return verdict
    throw withRefusal('keys_not_ready', new JWKSUnavailable('the token must be introspected: await `check`'))
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    if (this.#isOpaque(token)) {
      const introspector = this.#introspectors.find(({ settings }) => settings.chooses?.(token) ?? true)
      return introspector === undefined ? this.#local.judge(token, waitUntil) : introspector.judge(token, waitUntil)
    }
    const verdict = await this.#local.judge(token, waitUntil)
    const answer = await this.#revocationCheck(verdict)?.judge(token as string, waitUntil)
    return answer === undefined || answer.ok ? verdict : answer
  }

  /** Returns the endpoint that a valid JWT is also sent to, if there is one. */
  #revocationCheck(verdict: KeyedVerdict): Introspector | undefined {
    if (!verdict.ok) return undefined
    const issuer = memberOf(verdict.payload, 'iss')
    return this.#introspectors.find((introspector) => introspector.settings.introspectJwts && introspector.knows(issuer))
  }

  /** Whether this is a bearer token (RFC 6750 §2.1) that is not a JWT. Only such tokens are sent without a local verification. */
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

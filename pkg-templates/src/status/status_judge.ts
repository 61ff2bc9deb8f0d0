/** Verifies tokens, then looks their status up (draft-ietf-oauth-status-list §8.3). */
import { JWKSUnavailable } from '../base/errors.js'
import { memberOf, record } from '../base/record.js'
import { optionError, type Refusal, withRefusal } from '../base/refusal.js'
import type { JWTPayload } from '../base/types.js'
import { invalid } from '../remote/fetch_text.js'
import type { Loader } from '../remote/loader.js'
import type { Found, LoaderOptions, WaitUntil } from '../remote/source_options.js'
import type { IssuerRules, Judge, JudgeContext, KeyedVerdict } from '../verify/judge.js'
import { listFailure } from './failure.js'
import { type Bounds, Lists } from './lists.js'
import { allowedAddress, isAllowed, MISSING, NOT_ALLOWED, referenceOf, statusRefusal } from './reference.js'
import { type StatusList, statusAt } from './status_list.js'

/** The checked options of `statusLists`. */
export interface Settings {
  /** Where lists may be. Without it, below the address of the token's issuer. */
  readonly uris: readonly string[] | undefined
  readonly required: boolean
  readonly loader: Omit<LoaderOptions, 'at'>
  readonly bounds: Bounds
}

/** The lists of one issuer. */
interface Issuer {
  readonly names: readonly string[] | undefined
  readonly uris: readonly string[]
  /** Verifies status list tokens. */
  readonly judge: Judge
  /** In seconds. */
  readonly tolerance: number
}

/** The entry of a token. */
interface Entry {
  readonly loader: Loader<StatusList>
  readonly index: number
  readonly issuer: Issuer
}

/** The longest status list token, in bytes. */
const MAX_TOKEN = 1 << 20

/** A verifier that refuses tokens whose status is not VALID. */
export class StatusJudge implements Judge {
  readonly #settings: Settings
  readonly #context: JudgeContext
  readonly #issuers: readonly Issuer[]
  readonly #lists: Lists

  constructor(settings: Settings, context: JudgeContext) {
    this.#settings = settings
    this.#context = context
    this.#issuers = context.rules.map((rules) => issuerFrom(rules, settings))
    this.#lists = new Lists(settings.loader, settings.bounds)
  }

  judgeNow(token: unknown): KeyedVerdict {
    const verdict = this.#context.local.judgeNow(token)
    const entry = this.#entryOf(verdict)
    if (entry === undefined) return verdict
    if (isRefusal(entry)) return refused(entry, verdict)
    const list = entry.loader.current()
    entry.loader.nudge()
    if (list === undefined || this.#isExpired(list, entry)) {
      throw withRefusal('keys_not_ready', new JWKSUnavailable('the status list has not been fetched yet: await `check` or `verify`'))
    }
    const status = statusAt(list, entry.index)
    const refusal = statusRefusal(status)
    if (refusal === undefined) return verdict
    return { ...refused(refusal, verdict), fetchable: status === undefined && entry.loader.asks('key') }
  }

  async judge(token: unknown, waitUntil: WaitUntil | undefined): Promise<KeyedVerdict> {
    const verdict = await this.#context.local.judge(token, waitUntil)
    const entry = this.#entryOf(verdict)
    if (entry === undefined) return verdict
    const refusal = isRefusal(entry) ? entry : statusRefusal(await this.#statusOf(entry, waitUntil))
    return refusal === undefined ? verdict : refused(refusal, verdict)
  }

  /** Returns the status; `undefined` if the list has no such entry. */
  async #statusOf(entry: Entry, waitUntil: WaitUntil | undefined): Promise<number | undefined> {
    const { loader, index } = entry
    try {
      let found: Found<StatusList> | undefined = await loader.find(waitUntil)
      for (;;) {
        // The issuer does not vouch for it any more, whatever the bounds of the cache are.
        if (this.#isExpired(found.set, entry)) throw loader.lastError ?? invalid('status_list_expired', 'the status list has expired')
        const status = statusAt(found.set, index)
        // The list may have become longer since.
        found = status === undefined ? await loader.newerThan(found, 'key', waitUntil) : undefined
        if (found === undefined) return status
      }
    } catch (thrown) {
      throw listFailure(thrown)
    }
  }

  #isExpired({ exp }: StatusList, { issuer }: Entry): boolean {
    return exp !== undefined && this.#context.now() >= exp + issuer.tolerance
  }

  /** Returns where the status of a valid token is, or why the token is refused; `undefined` if there is nothing to look up. */
  #entryOf(verdict: KeyedVerdict): Entry | Refusal | undefined {
    if (!verdict.ok) return undefined
    const claims: JWTPayload = verdict.payload
    const reference = referenceOf(claims)
    if (reference === undefined) return this.#settings.required ? MISSING : undefined
    if (isRefusal(reference)) return reference
    const name = memberOf(claims, 'iss')
    const { uri, index } = reference
    const issuer = this.#issuers.find(({ names }) => names === undefined || (name !== undefined && names.includes(name)))
    if (issuer === undefined || !isAllowed(uri, issuer.uris)) return NOT_ALLOWED
    return { loader: this.#lists.of({ uri, issuer: name, judge: issuer.judge, now: this.#context.now }), index, issuer }
  }
}

function issuerFrom({ fields, verifierFor }: IssuerRules, { uris }: Settings): Issuer {
  const { algorithms, clockTolerance = 0, issuer: names, maxCandidates, minSecretLength } = fields
  const judge = verifierFor(
    record({
      ...(algorithms && { algorithms }),
      ...(maxCandidates !== undefined && { maxCandidates }),
      ...(minSecretLength !== undefined && { minSecretLength }),
      clockTolerance,
      typ: ['statuslist+jwt'],
      requireExp: false,
      maxTokenLength: MAX_TOKEN,
    }),
  )
  return { names, uris: uris ?? belowIssuers(names), judge, tolerance: clockTolerance }
}

/** The addresses of issuers, where their lists are by default. */
function belowIssuers(names: readonly string[] = []): string[] {
  const found = names.map((name) => allowedAddress(name.endsWith('/') ? name : `${name}/`))
  const known = found.filter((address) => address !== undefined)
  if (known.length > 0 && known.length === found.length) return known
  throw optionError('uris', 'of `statusLists` is required: the issuer is no https: address')
}

function isRefusal(found: object): found is Refusal {
  return Object.hasOwn(found, 'code')
}

function refused(refusal: Refusal, verdict: KeyedVerdict): KeyedVerdict & { ok: false } {
  return { ok: false, refusal, payload: verdict.payload, key: undefined, fetchable: false }
}

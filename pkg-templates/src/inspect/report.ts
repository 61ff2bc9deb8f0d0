/**
 * The report that `inspect` returns. The Rust side is `src/inspect/report`.
 *
 * Every `start` and `end` counts UTF-16 code units of the pasted text, as `String.prototype.slice` does. Every time is in seconds since
 * 1970-01-01T00:00:00Z. A member that does not apply is absent, never `null`.
 */
import type { ClaimReport, Status } from './claims.js'
import type { ChallengeReport, DocumentReport, DpopReport } from './documents.js'

/** The kind of the pasted text. */
export type InputKind =
  | 'empty'
  | 'token'
  | 'encrypted_token'
  | 'opaque_token'
  | 'dpop_proof'
  | 'authorization'
  | 'curl'
  | 'http'
  | 'cookie'
  | 'token_response'
  | 'introspection'
  | 'error_response'
  | 'url'
  | 'challenge'
  | 'resource_metadata'
  | 'issuer_metadata'
  | 'jwks'
  | 'jwk'
  | 'pem'
  | 'json'
  | 'unknown'

/** The report on a pasted text. */
export interface Report {
  /** The kind of the pasted text, and what was found in it. */
  readonly input: InputReport
  /** The time for which the report was made. */
  readonly now: number
  /** The four verdicts; absent if the pasted text contains no token. */
  readonly verdicts?: Verdicts
  /** Whether the verifier accepts the token with these keys, this policy, these needs and at this time. Absent without a token. */
  readonly accepted?: boolean
  /** The verifier's own refusal: the first rule that fails. */
  readonly refusal?: RefusalReport
  /** The likely cause of the refusal, if it was recognised. */
  readonly cause?: Cause
  /** The token that the verdicts are about. */
  readonly token?: TokenReport
  /** The result of each rule for the claims, in the verifier's order. Rules that do not apply are absent. */
  readonly rules: readonly RuleReport[]
  /** All keys: those in the options, in the pasted text and in the token. */
  readonly keys: readonly KeyReport[]
  /** Every challenge (`WWW-Authenticate`) in the pasted text. */
  readonly challenges: readonly ChallengeReport[]
  /** The pasted JSON document, and the metadata in the options. */
  readonly documents: readonly DocumentReport[]
  /** The checks of a DPoP proof (RFC 9449 §4.3), in their order. */
  readonly dpop?: DpopReport
  /** Remarks on the pasted text that are neither a refusal nor a cause, such as on a private key in it. */
  readonly notes: readonly Note[]
}

/** The kind of the pasted text, and what was found in it. */
export interface InputReport {
  readonly kind: InputKind
  /** The length in UTF-16 code units. */
  readonly length: number
  /** The kinds of text that were removed before reading. */
  readonly cleaned: readonly Cleaning[]
  /** All credentials that were found. The first is the one that the report is about. */
  readonly found: readonly Found[]
  /** The request that the text contains, if it is one. */
  readonly request?: FoundRequest
}

/** A kind of text that was removed around or inside the pasted token. */
export type Cleaning = 'whitespace' | 'line_breaks' | 'quotes' | 'scheme' | 'percent_encoding' | 'escapes' | 'invisible_characters'

/** A credential in the pasted text. */
export interface Found {
  readonly kind: 'token' | 'encrypted_token' | 'opaque_token' | 'dpop_proof' | 'code' | 'private_key'
  /** The location, such as `Authorization`, `access_token`, `Cookie session` or `DPoP`; empty for the text itself. */
  readonly where: string
  /** The text of a token or a proof; absent for anything else. */
  readonly text?: string
  readonly start: number
  readonly end: number
}

/** A request in the pasted text. */
export interface FoundRequest {
  readonly method: string
  readonly url?: string
  /** The status of the response, for `curl -v` output. */
  readonly status?: number
}

/** The four verdicts. They are independent: a valid signature does not make claims acceptable. */
export interface Verdicts {
  /** Format: parts, base64url, JSON, header parameters. */
  readonly format: Verdict
  /** Signature: algorithm, key, signature. */
  readonly signature: Verdict
  /** Claims and times: the policy, the needs and the time. Checked even if the signature is invalid. */
  readonly claims: Verdict
  /** The source of the key. */
  readonly keyOrigin: Verdict
}

/** One verdict. */
export interface Verdict {
  readonly status: Status
  /** The verifier's code, if it refuses the token. */
  readonly code?: string
  /** The reason, in one sentence. */
  readonly why: string
  /** The remedy, in one sentence. Absent if nothing has to be done. */
  readonly action?: string
  /** The section of `docs/refusals.md` on the code. */
  readonly link?: string
}

/** A refusal of the verifier. */
export interface RefusalReport {
  /** The stable code, such as `expired`. */
  readonly code: string
  /** The class: jose's code where jose has one, such as `ERR_JWT_EXPIRED`. */
  readonly class: string
  /** The verifier's message, with the compared values. */
  readonly message: string
  /** The verdict that it belongs to. */
  readonly verdict: keyof Verdicts
  readonly why: string
  readonly action: string
  readonly link: string
  /** The scopes that would be enough. */
  readonly scope?: string
  /** The claim that was checked, such as `aud`. */
  readonly claim?: string
  /** How the claim failed, as in jose: `check_failed`, `invalid` or `missing`. */
  readonly reason?: string
}

/** A likely cause. The code is stable. */
export interface Cause {
  readonly code: CauseCode
  /** The probable cause, in one sentence. */
  readonly why: string
  /** The remedy, in one sentence. */
  readonly action: string
  /** The value in the token, if the cause compares two values. */
  readonly found?: string
  /** The expected value. */
  readonly expected?: string
}

/** The causes that can be recognised. */
export type CauseCode =
  | 'audience_trailing_slash'
  | 'audience_case'
  | 'audience_is_client_id'
  | 'audience_missing'
  | 'issuer_trailing_slash'
  | 'issuer_case'
  | 'issuer_scheme'
  | 'metadata_issuer'
  | 'metadata_keys_url'
  | 'id_token'
  | 'refresh_token'
  | 'dpop_proof'
  | 'clock_behind'
  | 'clock_ahead'
  | 'milliseconds'
  | 'duration'
  | 'key_algorithm'
  | 'kid_in_earlier_set'
  | 'key_in_earlier_set'
  | 'kid_differs'
  | 'key_in_token'
  | 'secret_is_base64'
  | 'secret_is_base64url'
  | 'secret_is_text'
  | 'secret_line_break'
  | 'secret_too_short'
  | 'signature_der'
  | 'signature_missing'
  | 'signature_changed'
  | 'private_key'
  | 'not_a_public_key'
  | 'encrypted'
  | 'opaque'
  | 'cut_off'
  | 'joined'
  | 'padding'
  | 'standard_base64'
  | 'scope_wildcard'
  | 'scope_in_other_claim'
  | 'nonce_header'

/** The decoded token. */
export interface TokenReport {
  /** The token's text as it was verified, without the text around it. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** The parts between the dots: three of a signed token, five of an encrypted one. */
  readonly parts: readonly PartReport[]
  /** The first invalid byte. */
  readonly firstBad?: FirstBad
  /** The header's parameters in their order; absent if they cannot be read. */
  readonly header?: readonly ClaimReport[]
  /** The claims in their order; absent if they cannot be read. */
  readonly claims?: readonly ClaimReport[]
  /** The probable type of the token. */
  readonly type: 'access_token' | 'id_token' | 'refresh_token' | 'logout_token' | 'dpop_proof' | 'status_list' | 'unknown'
  /** The identity provider, if the claims identify it. */
  readonly provider?: string
  /** The size, compared with limits of servers. */
  readonly size: SizeReport
}

/** One part of a token. */
export interface PartReport {
  readonly name: 'header' | 'payload' | 'signature' | 'encrypted_key' | 'iv' | 'ciphertext' | 'tag' | 'extra'
  readonly start: number
  readonly end: number
  /** The number of decoded bytes; absent if the part is not base64url. */
  readonly bytes?: number
  /** The decoded text of the header or payload, unchanged; absent if it is not UTF-8. */
  readonly text?: string
}

/** The first invalid byte. */
export interface FirstBad {
  /** The offset in the pasted text. */
  readonly at: number
  /** The part that contains it. */
  readonly part: PartReport['name']
  /** The character in a visible form, such as `=` or `U+200B`. */
  readonly character: string
  /** The offset in the decoded text, if the JSON is invalid. */
  readonly decodedAt?: number
  /** The reason, in one sentence. */
  readonly why: string
}

/** One rule for the claims. */
export interface RuleReport {
  /** The name of the option that sets the rule. `nbf`, `exp` and `form` apply to every token. */
  readonly rule:
    | 'form'
    | 'typ'
    | 'requiredClaims'
    | 'issuer'
    | 'subject'
    | 'audience'
    | 'nbf'
    | 'exp'
    | 'maxTokenAge'
    | 'refuseBound'
    | 'scopes'
    | 'permissions'
    | 'roles'
  readonly status: 'holds' | 'fails'
  readonly code?: string
  /** The verifier's message, with the compared values. */
  readonly message?: string
  readonly why: string
  readonly action?: string
  readonly link?: string
}

/** One key. It never contains key material. */
export interface KeyReport {
  /** `entered`, `fetched` and `earlier` as given; `pasted` is in the inspected text; `token` is in the token. */
  readonly from: 'entered' | 'fetched' | 'earlier' | 'pasted' | 'token'
  /** The index in `keys` of the options, for keys that were given. */
  readonly index?: number
  /** The URL that it was fetched from. */
  readonly url?: string
  readonly form: 'jwk' | 'jwks' | 'pem' | 'certificate' | 'base64' | 'secret' | 'unknown'
  /** The index in the set's `keys`. */
  readonly member?: number
  readonly usable: boolean
  /** Whether the token's signature matches this key. */
  readonly matches: boolean
  /** The encoding of a secret's text with which it matched. */
  readonly secretAs?: 'utf8' | 'base64' | 'base64url'
  readonly kid?: string
  readonly kty?: string
  readonly crv?: string
  readonly alg?: string
  readonly use?: string
  readonly bits?: number
  /** The algorithms that it may verify. */
  readonly algorithms: readonly string[]
  /** The thumbprint (RFC 7638, SHA-256) of a public key. */
  readonly thumbprint?: string
  /** The names of private members that were ignored. */
  readonly privateMembers?: readonly string[]
  /** The code of the reason why the key cannot be used. */
  readonly code?: string
  readonly why?: string
  readonly action?: string
  readonly link?: string
}

/** A remark. The code is stable. */
export interface Note {
  readonly code:
    | 'private_key_pasted'
    | 'authorization_code'
    | 'refresh_token'
    | 'key_url_in_token'
    | 'duplicate_names'
    | 'exp_in_milliseconds'
    | 'large_header'
    | 'sent_in_url'
  readonly why: string
  readonly action?: string
}

/** The token's size, in bytes. */
export interface SizeReport {
  readonly token: number
  /** The size of the whole line `Authorization: Bearer …`. */
  readonly header: number
  readonly limits: readonly SizeLimit[]
}

/** A limit of a server or a browser. */
export interface SizeLimit {
  readonly name: string
  readonly bytes: number
  readonly fits: boolean
}
